/** The one catalogue of what people read. Codes and parameters come in, English goes out. */
import type {
  BootView,
  Check,
  DenyReason,
  ExitReason,
  FieldProblem,
  Job,
  MachineView,
  Problem,
  Remedy,
  Stage,
  StartNotice,
  Strain,
} from "../platform/generated/api";
import { bytes } from "../model/format";
import { en } from "./en";
import { fill, fillOpen, type Value } from "./fill";

export { en };
export { count, fill, fillOpen } from "./fill";

type Params = Partial<Record<string, Value>>;

/** Parameters named so are bytes. */
const SIZES = new Set([
  "needed",
  "free",
  "total",
  "received",
  "expected",
  "promised",
  "over",
  "size",
]);

/** Parameters as people read them. */
export function readable(params: Partial<Record<string, string>>): Params {
  const shown: Params = {};
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined) continue;
    if (SIZES.has(name) && /^\d+$/.test(value)) shown[name] = bytes(Number(value));
    else if (name === "fault" && isFault(value)) shown[name] = en.fault[value];
    else if (name === "fault" && isImportFault(value)) shown[name] = en.importFault[value];
    else if (name === "field" && isDraftField(value)) shown[name] = en.studio.field[value];
    else shown[name] = value;
  }
  return shown;
}

function isFault(text: string): text is keyof typeof en.fault {
  return text in en.fault;
}

function isImportFault(text: string): text is keyof typeof en.importFault {
  return text in en.importFault;
}

function isDraftField(text: string): text is keyof typeof en.studio.field {
  return text in en.studio.field;
}

function isDenyReason(text: string | undefined): text is DenyReason {
  return text !== undefined && text in en.deny;
}

export const problemTitle = ({ code, params }: Problem): string =>
  fillOpen(en.problem[code].title, readable(params));

export const problemCause = ({ code, params }: Problem): string =>
  fillOpen(en.problem[code].cause, readable(params));

export const problemSafe = ({ code, params }: Problem): string =>
  fillOpen(en.problem[code].safe, readable(params));

export function problemWhy({ code, params }: Problem): string {
  if (code === "denied" && isDenyReason(params.reason)) return en.deny[params.reason];
  return fillOpen(en.problem[code].why, readable(params));
}

export const fieldText = (problem: FieldProblem): string =>
  fillOpen(en.field[problem.code], problem.params);

export const strainText = ({ code, params }: Strain): string =>
  fillOpen(en.strain[code], readable(params));

export function remedyText(remedy: Remedy): string {
  const { kind, ...params } = remedy;
  return fillOpen(en.remedy[kind], params as Params);
}

export const checkTitle = ({ code, state }: Check): string =>
  state === "ok" ? en.check[code].ok : en.check[code].not;

export const jobTitle = ({ request, subject }: Job): string =>
  fill(en.job[request.kind], { name: subject });

/** What went wrong with what, for a job that failed. */
export const failedTitle = ({ request, subject }: Job, problem: Problem): string =>
  fill(en.jobFailed[request.kind], { name: subject, cause: problemCause(problem) });

export const jobDone = ({ request, subject }: Job): string =>
  fill(en.jobDone[request.kind], { name: subject });

export function blockerText(stage: Stage): string {
  if (!stage.blocker) return en.stage[stage.code].now;
  const { code, problem } = stage.blocker;
  if (code === "retry" && problem) return problemTitle(problem);
  return fillOpen(en.blocker[stage.blocker.code], readable(stage.blocker.params));
}

export function exitText(exit: ExitReason): string {
  switch (exit.reason) {
    case "stopped":
      return en.rungDone[exit.rung];
    case "start_failed":
      return fill(en.exit.start_failed, { cause: problemCause(exit.problem) });
    case "qemu_exited": {
      const how =
        exit.signal !== null
          ? fill(en.exitHow.signal, { n: exit.signal })
          : fill(en.exitHow.status, { n: exit.status ?? "?" });
      return fill(en.exit.qemu_exited, { how });
    }
    default:
      return en.exit[exit.reason];
  }
}

export const bootText = (boot: BootView): string => fillOpen(en.boot[boot.stage], boot.params);

/** What a machine does, or why it is off. */
export function machineText(machine: MachineView): string {
  if (machine.state === "stopped") return exitText(machine.exit);
  if (machine.state === "stopping") return en.rung[machine.rung];
  return machine.boot ? bootText(machine.boot) : en.state[machine.state];
}

export function noticeText(notice: StartNotice): string {
  const names = notice.kind === "adopted" ? notice.names.join(", ") : "";
  return fillOpen(en.notice[notice.kind], { names });
}
