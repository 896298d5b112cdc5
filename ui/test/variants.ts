/** What the program's own source says of its codes, and all sentences of a catalogue. */
/// <reference types="node" />
import { readFileSync } from "node:fs";

/** A Rust enum: its variants as they travel, with the parameters that its comments name. */
export function variants(file: string, name: string): Map<string, Set<string>> {
  const source = readFileSync(`../crates/crete-model/src/${file}.rs`, "utf8");
  const body = new RegExp(`pub enum ${name} \\{\n([\\s\\S]*?)\n\\}`).exec(source)?.[1];
  if (body === undefined) throw new Error(`${file}.rs has no enum ${name}`);
  const found = new Map<string, Set<string>>();
  let words = "";
  for (const line of body.split("\n").map((line) => line.trim())) {
    if (line.startsWith("///")) {
      words += line;
      continue;
    }
    const variant = /^([A-Z]\w*),$/.exec(line)?.[1];
    if (variant) {
      const code = variant.replace(/(?<!^)(?=[A-Z])/g, "_").toLowerCase();
      found.set(code, new Set([...words.matchAll(/`(\w+)`/g)].map(([, place]) => place ?? "")));
    }
    words = "";
  }
  return found;
}

/** Every sentence below a value of the catalogue, with its path. */
export function sentences(value: unknown, path: string): [string, string][] {
  if (typeof value === "string") return [[path, value]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => sentences(inner, `${path}.${key}`));
}
