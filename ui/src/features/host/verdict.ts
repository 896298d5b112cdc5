import type { Status } from "../../design/Glyph.svelte";
import type { CheckState, Verdict } from "../../platform/generated/api";

export function verdictStatus(verdict: Verdict): Status {
  return verdict === "ready" ? "good" : verdict === "slow" ? "warn" : "bad";
}

export function checkStatus(state: CheckState): Status {
  return state === "ok" ? "good" : state === "limited" ? "warn" : "bad";
}
