/** What may be written where, by the keys of a version. */
import type { Suggestion, Suggestions } from "../../../design/editor/types";
import type { ConfigKeys, ConfigShape } from "../../../platform/generated/api";
import { placeAt, type Place, type Step } from "./place";

/** Words for a key, by its kind and path; empty where there are none. */
export type KeyWords = (kind: string, path: readonly Step[]) => string;

const BOOLEANS = ["true", "false"];

/** The shape at the end of a way; nothing where the keys do not lead there. */
export function shapeAt(
  keys: ConfigKeys,
  kind: string,
  path: readonly Step[],
): ConfigShape | undefined {
  const name = kind === "" ? keys.main : keys.kinds[kind];
  let shape: ConfigShape | undefined = name ? { kind: "record", name } : undefined;
  for (const step of path) {
    if (step === "[]") shape = shape?.kind === "list" ? shape.of : undefined;
    else if (shape?.kind === "map") shape = shape.of;
    else shape = shape?.kind === "record" ? keys.records[shape.name]?.[step] : undefined;
  }
  return shape;
}

/** What a key of this shape is followed by. */
function opening(shape: ConfigShape, column: number): string {
  const deeper = `\n${" ".repeat(column + 2)}`;
  switch (shape.kind) {
    case "record":
    case "map":
      return `:${deeper}`;
    case "list":
      return `:${deeper}- `;
    default:
      return ": ";
  }
}

function keysHere(keys: ConfigKeys, place: Place, words: KeyWords): Suggestion[] {
  const container = shapeAt(keys, place.kind, place.path);
  const record = container?.kind === "record" ? keys.records[container.name] : undefined;
  const own = Object.entries(record ?? {})
    .filter(([key]) => !place.siblings.includes(key))
    .map(([key, shape]): Suggestion => ({
      label: key,
      apply: key + opening(shape, place.column),
      detail: words(place.kind, [...place.path, key]),
      kind: "key",
    }));
  return place.path.length === 0 && place.empty ? [...own, ...documents(keys, words)] : own;
}

/** Whole documents, where a new one begins. */
function documents(keys: ConfigKeys, words: KeyWords): Suggestion[] {
  return Object.keys(keys.kinds).map((kind) => ({
    label: kind,
    apply: `apiVersion: v1alpha1\nkind: ${kind}\n`,
    detail: words(kind, []),
    kind: "document",
  }));
}

function valuesOf(shape: ConfigShape | undefined): readonly string[] {
  if (shape?.kind === "truth") return BOOLEANS;
  return shape?.kind === "text" ? shape.options : [];
}

function valuesHere(keys: ConfigKeys, { kind, path, key }: Place): readonly string[] {
  if (path.length === 0 && key === "kind") return Object.keys(keys.kinds);
  if (path.length === 0 && key === "apiVersion") return ["v1alpha1"];
  return valuesOf(shapeAt(keys, kind, [...path, key]));
}

const asValue = (label: string): Suggestion => ({ label, kind: "value" });

/** What may stand at an offset of the text. */
export function suggestions(
  keys: ConfigKeys,
  words: KeyWords,
  text: string,
  at: number,
): Suggestions | undefined {
  const place = placeAt(text, at);
  if (place.on === "none") return undefined;
  if (place.on === "value")
    return { from: place.from, options: valuesHere(keys, place).map(asValue) };
  const here = shapeAt(keys, place.kind, place.path);
  const values = place.path.at(-1) === "[]" ? valuesOf(here).map(asValue) : [];
  return { from: place.from, options: [...values, ...keysHere(keys, place, words)] };
}

/** The key that was meant by one that is not known; nothing when none is near. */
export function meant(keys: ConfigKeys, kind: string, path: string): string | undefined {
  const steps = path.split(/[.]/).flatMap((step) => {
    const [name = "", ...rest] = step.split("[");
    return [name, ...rest.map(() => "[]")];
  });
  const wrong = steps.pop() ?? "";
  const container = shapeAt(keys, kind, steps);
  const known = container?.kind === "record" ? Object.keys(keys.records[container.name] ?? {}) : [];
  const near = known
    .map((key) => [key, distance(wrong.toLowerCase(), key.toLowerCase())] as const)
    .sort(([, a], [, b]) => a - b)[0];
  return near && near[1] <= Math.max(1, Math.floor(wrong.length / 4)) ? near[0] : undefined;
}

/** How many letters have to be changed; two that changed places are one. */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= a.length; i += 1) {
    const [above, row] = [rows[i - 1]!, [i]];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + same);
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(row[j]!, (rows[i - 2]?.[j - 2] ?? Infinity) + 1);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
