/** The one catalogue of what people read. Codes and parameters come in, English goes out. */
import type {
  BootView,
  Check,
  DenyReason,
  ExitReason,
  FieldProblem,
  Problem,
  Remedy,
  Stage,
} from "../platform/generated/api";
import { bytes } from "../model/format";
import { en } from "./en";

export { en };

type Params = Record<string, string | number | undefined>;

/** Fills `{name}` in; a missing value is left out rather than shown as a hole. */
export function fill(text: string, params: Params = {}): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(params[name] ?? ""));
}

const plurals = new Intl.PluralRules("en");

/** Chooses the form for a number. */
export function count(forms: { one: string; other: string }, number: number): string {
  return fill(plurals.select(number) === "one" ? forms.one : forms.other, { n: number });
}

/** Parameters named so are bytes. */
const SIZES = new Set(["needed", "free", "total", "received", "expected"]);

/** Parameters as people read them. */
export function readable(params: Record<string, string | undefined>): Params {
  const shown: Params = {};
  for (const [name, value] of Object.entries(params)) {
    const size = SIZES.has(name) && value !== undefined && /^\d+$/.test(value);
    shown[name] = size ? bytes(Number(value)) : value;
  }
  return shown;
}

export function problemTitle(problem: Problem): string {
  return fill(en.problem[problem.code].title, readable(problem.params));
}

export function problemText(problem: Problem): string {
  return fill(en.problem[problem.code].text, readable(problem.params));
}

export function fieldText(problem: FieldProblem): string {
  return fill(en.field[problem.code], problem.params);
}

export function remedyText(remedy: Remedy): string {
  const { kind, ...params } = remedy;
  return fill(en.remedy[kind], params as Params);
}

/** The sentence of a check: its cause, or what is good about it. */
export function checkText(check: Check): string {
  const params = readable(check.params);
  return check.cause === "fine"
    ? fill(en.check[check.code].value, params)
    : fill(en.cause[check.cause], params);
}

export function blockerText(stage: Stage): string {
  if (!stage.blocker) return en.stage[stage.code].now;
  return fill(en.blocker[stage.blocker.code], stage.blocker.params);
}

export function exitText(exit: ExitReason): string {
  switch (exit.reason) {
    case "never_started":
    case "guest_shutdown":
    case "earlier":
    case "gone_while_away":
      return en.exit[exit.reason];
    case "stopped":
      return en.rungDone[exit.rung];
    case "start_failed":
      return problemTitle(exit.problem);
    case "qemu_exited":
      return fill(en.exit.qemu_exited, {
        how:
          exit.signal !== null
            ? fill(en.exit.signal, { n: exit.signal })
            : fill(en.exit.status, { n: exit.status ?? "?" }),
      });
  }
}

export function bootText(boot: BootView): string {
  return fill(en.boot[boot.stage], boot.params);
}

export function denyText(reason: DenyReason): string {
  return en.deny[reason];
}
