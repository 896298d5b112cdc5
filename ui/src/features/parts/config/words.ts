/** The own one-line words for keys. */
import { keyLines } from "../../../messages/en/keys";
import { written, type Step } from "./place";

/** The name under which a key is described: `machine.type`, `HostnameConfig.auto`. */
export function keyName(kind: string, path: readonly Step[]): string {
  const name = written(path);
  if (kind === "") return name;
  return name === "" ? kind : `${kind}.${name}`;
}

/** What a key is for; empty where Crete has no words of its own for it. */
export const keyWords = (kind: string, path: readonly Step[]): string =>
  keyLines[keyName(kind, path)] ?? "";
