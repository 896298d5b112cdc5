/** What is said of a check: from codes and parameters to sentences, and nothing else. */
import { count, en, fill, fillOpen, readable, remedyText } from "../../messages";
import type { Check, HostReport, Remedy } from "../../platform/generated/api";

export type Fix = Extract<Remedy, { kind: "fix" }>;

/** A check in words. */
export interface Told {
  title: string;
  /** Beside the title: what was measured, or what kind of good it is. */
  value: string;
  /** What it means; empty where nothing needs to be said. */
  means: string;
  /** What it costs to leave it so; empty where it is good. */
  without: string;
}

export function tell(check: Check): Told {
  const words = en.check[check.code];
  const params = readable(check.params);
  const good = check.state === "ok";
  if (good && check.cause === "fine")
    return { title: words.ok, value: fillOpen(words.value, params), means: "", without: "" };
  const cause = fillOpen(en.causeTitle[check.cause], params);
  const means = fillOpen(en.cause[check.cause], params);
  if (good) return { title: words.ok, value: cause, means, without: "" };
  // A title of its own where the cause is one; else the check's, with the cause beside it.
  const unknown = check.cause === "cut_off" || check.cause === "cannot_tell";
  const general = unknown || check.cause === "short";
  return {
    title: unknown ? words.name : general ? words.not : cause,
    value: general ? cause : "",
    means,
    without: price(check),
  };
}

/** What it costs to leave it so: of QEMU and KVM together depends whether machines are emulated. */
function price({ code, state }: Check): string {
  if (code === "qemu" && state === "limited") return en.check.kvm.without;
  if ((code === "kvm" || code === "cpu_level") && state === "failed") return en.host.noEmulation;
  return en.check[code].without;
}

/** One remedy as a sentence; a change's commands stand beside it. */
export function remedyWords(remedy: Remedy, check: Check): string {
  switch (remedy.kind) {
    case "fix":
      return fillOpen(en.fix[remedy.fix], check.params);
    case "enable_nested":
      return en.nested[remedy.hypervisor];
    default:
      return remedyText(remedy);
  }
}

/** Commands as they are typed. The engine sends only arguments that need no quoting. */
export const lines = (commands: string[][]): string[] => commands.map((line) => line.join(" "));

export const passwordWords = (fix: Fix): string => count(en.host.asked, fix.commands.length);

/** How many checks are good. */
export function passed(report: HostReport): string {
  const good = report.checks.filter((check) => check.state === "ok").length;
  return fill(en.host.passed, { n: good, total: report.checks.length });
}

/** The first check that offers a change tells it; the others that it mends refer to it. */
export function tellsFix(report: HostReport, check: Check, fix: Fix): boolean {
  const offers = ({ remedies }: Check): boolean =>
    remedies.some((remedy) => remedy.kind === "fix" && remedy.fix === fix.fix);
  return report.checks.find(offers)?.code === check.code;
}
