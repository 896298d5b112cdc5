/** Remarks as people read them, and the step of the page that each belongs to. */
import { en, fillOpen } from "../../messages";
import type { Remark, RemarkWeight } from "../../platform/generated/api";
import type { Step } from "./studio.svelte";

export const remarkText = ({ code, params }: Remark): string =>
  fillOpen(en.studio.remark[code], params);

export const remarkSub = ({ weight }: Remark): string =>
  weight === "blocks" ? en.studio.blocks : weight === "left_out" ? en.studio.leftOut : "";

/** The page asks hardware, version and architecture together. */
export function stepOf({ step }: Remark): Step {
  return step === "extensions" || step === "customization" ? step : "basics";
}

const HEAVY: readonly RemarkWeight[] = ["blocks", "left_out", "note"];

/** The heaviest remark on a step. */
export function remarkWeight(remarks: readonly Remark[], step: Step): RemarkWeight | undefined {
  const here = remarks.filter((remark) => stepOf(remark) === step);
  return HEAVY.find((weight) => here.some((remark) => remark.weight === weight));
}

/** What a console remark says to add, so that nothing falls silent; empty for other remarks. */
export function consolesToAdd({ code, params }: Remark): string[] {
  if (code !== "console_replaced" && code !== "serial_silent") return [];
  return (params.add ?? "").split(" ").filter(Boolean);
}

/** Adds consoles before a person's own: the last one stays the one that Linux listens to. */
export function withConsoles(args: readonly string[], consoles: readonly string[]): string[] {
  const first = args.findIndex((arg) => arg.startsWith("console="));
  const at = first < 0 ? args.length : first;
  return [...args.slice(0, at), ...consoles, ...args.slice(at)];
}
