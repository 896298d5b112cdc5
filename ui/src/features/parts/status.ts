/** How things that happen look: which shape and colour stands for which state. */
import type { Status } from "../../design/Glyph.svelte";
import type { Piece } from "../../design/StageBar.svelte";
import { en } from "../../messages";
import { stageShare } from "../../model/jobs";
import type {
  CheckState,
  Job,
  JobState,
  MachineView,
  Stage,
  Verdict,
} from "../../platform/generated/api";

export const verdictStatus = (verdict: Verdict): Status =>
  ({ ready: "good", slow: "warn", blocked: "bad" })[verdict] as Status;

export const checkStatus = (state: CheckState): Status =>
  ({ ok: "good", limited: "warn", failed: "bad" })[state] as Status;

const JOBS: Record<JobState, Status> = {
  queued: "unknown",
  running: "work",
  done: "good",
  failed: "bad",
  cancelled: "off",
  paused: "paused",
  interrupted: "warn",
};

export const jobStatus = (state: JobState): Status => JOBS[state];

export function machineStatus(machine: MachineView): Status {
  if (machine.state === "running" && machine.halted) return "warn";
  if (machine.state === "running") return machine.boot?.stage === "panic" ? "bad" : "good";
  if (machine.state !== "stopped") return "work";
  const bad = machine.exit.reason === "start_failed" || machine.exit.reason === "qemu_exited";
  return bad ? "bad" : "off";
}

/** The word that goes with the shape. */
export function machineWord(machine: MachineView): string {
  if (machine.state === "stopped" && machine.exit.reason === "start_failed")
    return en.machineWord.failed;
  if (machine.state === "running" && machine.boot?.stage === "panic") return en.machineWord.panic;
  if (machine.halted) return en.machineWord.halted;
  return en.state[machine.state];
}

function pieceState(stage: Stage): Piece["state"] {
  switch (stage.state) {
    case "done":
      return "done";
    case "running":
      return stage.blocker?.code === "retry" ? "stuck" : "now";
    case "failed":
    case "interrupted":
      return "failed";
    case "cancelled":
    case "paused":
      return "paused";
    case "queued":
      return "rest";
  }
}

export const piecesOf = (job: Job): Piece[] =>
  job.stages.map((stage) => ({
    name: en.stage[stage.code].name,
    state: pieceState(stage),
    share: stageShare(stage),
  }));
