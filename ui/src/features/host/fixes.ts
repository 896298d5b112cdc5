/** What of a check's remedies is offered at the check itself. */
import type { Check, Remedy } from "../../platform/generated/api";

/**
 * Checking again is offered for the whole page and happens by itself on coming back; practice is
 * offered only to those who are not in it.
 */
export const fixesOf = (check: Check, practice: boolean): Remedy[] =>
  check.remedies.filter(({ kind }) => kind !== "retry" && !(practice && kind === "enter_practice"));
