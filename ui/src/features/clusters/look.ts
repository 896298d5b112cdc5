/** How the parts of a cluster look: which shape stands for which state. Pure. */
import type { Status } from "../../design/Glyph.svelte";
import type {
  HealthCheck,
  HealthState,
  MemberStage,
  MemberView,
  Stuck,
  StuckWeight,
} from "../../platform/generated/api";

const WEIGHTS: Record<StuckWeight, Status> = { normal: "work", warning: "warn", dead: "bad" };
export const weightStatus = (weight: StuckWeight): Status => WEIGHTS[weight];

const STAGES: Record<MemberStage, Status> = {
  planned: "unknown",
  off: "off",
  boot: "work",
  maintenance: "work",
  handed_over: "good",
  install: "work",
  join: "work",
  etcd: "work",
  kubernetes: "work",
  ready: "good",
  lost: "bad",
  leaving: "work",
};

/** The cause of a machine that must be told before its stage: whatever is no ordinary waiting. */
export const troubleOf = ({ stuck }: MemberView): Stuck | undefined =>
  stuck.find(({ weight }) => weight !== "normal");

export function memberStatus(member: MemberView): Status {
  const trouble = troubleOf(member);
  return trouble ? weightStatus(trouble.weight) : STAGES[member.stage];
}

const HEALTH: Record<HealthState, Status> = {
  unknown: "unknown",
  pass: "good",
  fail: "bad",
  skipped: "off",
};

/** The first check that is not as wanted: those after it may only wait for it. */
export const firstFault = (checks: readonly HealthCheck[]): HealthCheck | undefined =>
  checks.find(({ state }) => state === "fail");

/** A check after the first fault that names no other machine only waits: yellow, not red. */
export function waitsFor(
  check: HealthCheck,
  checks: readonly HealthCheck[],
): HealthCheck | undefined {
  const first = firstFault(checks);
  if (!first || check === first || check.state !== "fail") return undefined;
  const named = new Set(namesIn(first));
  const own = namesIn(check);
  return own.length > 0 && own.every((name) => named.has(name)) ? first : undefined;
}

const namesIn = ({ params }: HealthCheck): string[] =>
  (params["nodes"] ?? "").split(", ").filter(Boolean);

export const healthStatus = (check: HealthCheck, checks: readonly HealthCheck[]): Status =>
  waitsFor(check, checks) ? "warn" : HEALTH[check.state];

export const passed = (checks: readonly HealthCheck[]): number =>
  checks.filter(({ state }) => state === "pass" || state === "skipped").length;
