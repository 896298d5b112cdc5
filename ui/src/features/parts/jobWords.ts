/** A job in sentences: the present, the time, and what came of it. */
import { blockerText, count, en, fill, problemTitle } from "../../messages";
import { currentStage, movingShare } from "../../model/jobs";
import { between, bytes, clock, duration, rate, rough, took } from "../../model/format";
import type { BlockerCode, Job, Stage } from "../../platform/generated/api";

function usual(code: BlockerCode): string {
  return code in en.blockerUsual ? en.blockerUsual[code as keyof typeof en.blockerUsual] : "";
}

/** What is awaited and for how long, or how far the bytes are. */
function stageSentence(stage: Stage, now: number): string {
  const { blocker, progress } = stage;
  if (blocker?.code === "retry" && blocker.problem) {
    const left = Math.max(0, between(now, blocker.params["at"] ?? now));
    const failures = Number(blocker.params["failures"] ?? 1);
    const text = fill(en.library.retryIn, {
      problem: problemTitle(blocker.problem),
      time: duration(left),
    });
    return failures > 1 ? `${text} · ${count(en.library.failures, failures)}` : text;
  }
  if (blocker && movingShare(stage) === undefined) {
    const parts = [`${blockerText(stage)}, ${duration(between(blocker.since, now))}`];
    const most = usual(blocker.code);
    if (most) parts.push(most);
    return parts.join(" · ");
  }
  const doing = blockerText(stage);
  if (!progress || progress.total === 0) return doing;
  const parts = [fill(en.common.of, { done: bytes(progress.done), total: bytes(progress.total) })];
  if (progress.rate > 0) parts.push(rate(progress.rate));
  return `${doing}, ${parts.join(" · ")}`;
}

/** The present sentence of a job, or how it ended. */
export function sentence(job: Job, now: number): string {
  if (job.problem && job.state !== "cancelled") return problemTitle(job.problem);
  const stage = currentStage(job);
  return stage ? stageSentence(stage, now) : en.jobState[job.state];
}

/** How long it took, or how much is left, or how long it has been going on. */
export function timing(job: Job, now: number): string {
  if (job.ended_at !== null) return took(between(job.created_at, job.ended_at));
  if (job.paused_at !== null) return fill(en.common.since, { time: clock(job.paused_at) });
  const left = currentStage(job)?.progress?.left_s;
  if (left !== null && left !== undefined) return fill(en.common.left, { time: rough(left) });
  return fill(en.common.soFar, { time: duration(between(job.created_at, now)) });
}

/** How long a stage took or takes; empty for one that was not tried. */
export function stageTime(stage: Stage, now: number): string {
  if (stage.started_at === null) return "";
  return stage.ended_at === null
    ? duration(between(stage.started_at, now))
    : took(between(stage.started_at, stage.ended_at));
}
