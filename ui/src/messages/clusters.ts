/** Words of the pages of clusters, apart from the others: they are fetched with those pages. */
import type {
  ClusterEvent,
  Consequence,
  FieldProblem,
  HaltReason,
  HealthCheck,
  HealthCode,
  Stuck,
} from "../platform/generated/api";
import { bytes, duration, mib, rough } from "../model/format";
import * as codes from "./en/clusterCodes";
import * as pages from "./en/clusterPages";
import { fillOpen, type Value } from "./fill";
import { en, fieldText } from ".";

export const words = { ...codes, ...pages } as const;

type Params = Partial<Record<string, string>>;

const TIMES = new Set(["seconds", "usual"]);
/** Sizes of disks, images and memory. `needed` is one of a disk only: elsewhere it counts members. */
const SIZES = new Set(["done", "total", "size", "least"]);

/** A reference to an image without its registry and digest: `kubelet:v1.36.3`. */
export const shortImage = (reference: string): string =>
  (reference.split("/").at(-1) ?? reference).replace(/@sha256:.*$/, "");

function readable(params: Params, disk: boolean): Partial<Record<string, Value>> {
  const shown: Partial<Record<string, Value>> = {};
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined) continue;
    const whole = /^\d+$/.test(value);
    if (whole && TIMES.has(name)) shown[name] = duration(Number(value));
    else if (whole && name === "amount") shown[name] = rough(Number(value));
    else if (whole && (SIZES.has(name) || (disk && name === "needed")))
      shown[name] = bytes(Number(value));
    else if (name === "image") shown[name] = shortImage(value);
    else if (name === "reason") shown[name] = en.halted[value as HaltReason] ?? value;
    else shown[name] = value;
  }
  return shown;
}

export const stuckTitle = ({ code, params }: Stuck): string =>
  fillOpen(codes.stuck[code].title, readable(params, code === "disk_too_small"));

export const stuckText = ({ code, params }: Stuck): string =>
  fillOpen(codes.stuck[code].text, readable(params, code === "disk_too_small"));

const isHealthCode = (text: string | undefined): text is HealthCode =>
  text !== undefined && text in codes.health;

export function eventText({ code, params }: ClusterEvent): string {
  const shown = readable(params, false);
  if (isHealthCode(params["check"])) shown["check"] = codes.health[params["check"]].name;
  return fillOpen(codes.event[code], shown);
}

/** A check as one sentence: its name while it is as wanted, its figures where it is not. */
export function healthText({ code, state, params }: HealthCheck): string {
  if (state !== "fail") return codes.health[code].name;
  return fillOpen(codes.healthFails[code], readable(params, false));
}

export const consequenceText = ({ code, params }: Consequence): string =>
  fillOpen(codes.consequence[code], readable(params, false));

/** The sentence at a field; memory is typed in GiB. */
export function clusterFieldText(fault: FieldProblem): string {
  if (!fault.field.endsWith("memory_mib")) return fieldText(fault);
  const params = Object.fromEntries(
    Object.entries(fault.params).map(([name, value]) => [name, mib(Number(value))]),
  );
  return fieldText({ ...fault, params });
}
