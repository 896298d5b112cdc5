/** What is wrong with a configuration, as people read it. */
import { en, fill } from "../../../messages";
import type { Marker } from "../../../design/editor/types";
import type { ConfigFinding, ConfigKeys, ConfigVerdict } from "../../../platform/generated/api";
import { meant } from "./complete";

/** The last key of a path, without the number of an element. */
const lastKey = (path: string): string => (path.split(".").pop() ?? "").replace(/\[\d*\]/g, "");

/** The kind that a finding's document is of. */
const kindOf = (document: string): string => document.split("/")[0] ?? "";

/** The sentence of a finding. */
export function findingText(
  finding: ConfigFinding,
  minor: string,
  keys: ConfigKeys | undefined,
): string {
  const words = en.config.finding;
  const { code, path, document } = finding;
  switch (code) {
    case "unknown_key": {
      const near = keys && meant(keys, kindOf(document), path);
      const key = lastKey(path);
      return near
        ? fill(words.unknown_key_near, { key, minor, near })
        : fill(words.unknown_key, { key, minor });
    }
    case "unknown_kind":
      return fill(words.unknown_kind, { minor, said: finding.words });
    case "syntax":
      return fill(words.syntax, { said: finding.words });
    case "wrong_value":
      return path
        ? fill(words.wrong_value, { key: lastKey(path), said: finding.words })
        : finding.words;
    default:
      return fill(words[code], { said: finding.words });
  }
}

export const markersOf = (verdict: ConfigVerdict, keys: ConfigKeys | undefined): Marker[] =>
  verdict.findings.map((finding) => ({
    line: finding.line,
    severity: finding.severity,
    text: findingText(finding, verdict.minor ?? "", keys),
  }));

export const errorsIn = (markers: readonly Marker[]): number =>
  markers.filter(({ severity }) => severity === "error").length;
