/** Jobs as values: how far, what is awaited, what needs a person. */
import type { Job, Stage } from "../platform/generated/api";

export const isOpen = (job: Job | undefined): boolean =>
  job?.state === "running" || job?.state === "queued";

export const isFailed = (job: Job | undefined): boolean =>
  job?.state === "failed" || job?.state === "interrupted";

export const currentStage = (job: Job): Stage | undefined =>
  job.stages.find((stage) => stage.state === "running");

/** The stage a person wants to see first: the one that failed, or the one in progress. */
export function tellingStage(job: Job): Stage | undefined {
  const by = (state: Job["state"]) => job.stages.find((stage) => stage.state === state);
  return by("failed") ?? by("interrupted") ?? by("cancelled") ?? by("paused") ?? by("running");
}

/** 0 to 1 of one stage; undefined where nothing is counted. */
export function stageShare(stage: Stage): number | undefined {
  if (stage.state === "done") return 1;
  const { progress } = stage;
  if (!progress || progress.total === 0) return undefined;
  return Math.min(1, progress.done / progress.total);
}

/** The same, where bytes are what is awaited: another blocker says more than a figure that stands still. */
export function movingShare(stage: Stage): number | undefined {
  const { blocker } = stage;
  return blocker && blocker.code !== "image_check" ? undefined : stageShare(stage);
}

/** 0 to 1 of the whole plan, by the weights of its stages. */
export function jobShare(job: Job): number {
  const whole = job.stages.reduce((sum, stage) => sum + stage.weight, 0);
  if (whole === 0) return 0;
  const done = job.stages.reduce((sum, stage) => {
    if (stage.state === "done") return sum + stage.weight;
    return stage.state === "running" ? sum + stage.weight * (stageShare(stage) ?? 0) : sum;
  }, 0);
  return done / whole;
}

/** True where a person may want to look: the job waits to try again. */
export const isStuck = (job: Job): boolean => currentStage(job)?.blocker?.code === "retry";
