/** What is said of work as it goes on: to those who listen, and in toasts at its end. */
import { blockerText, en, failedTitle, jobDone, jobTitle } from "../messages";
import { currentStage, isOpen } from "../model/jobs";
import type { Job, Problem } from "../platform/generated/api";

export interface News {
  text: string;
  /** Said at once and once: a new blocker or a failure. */
  urgent: boolean;
  end?: "done" | "failed";
}

const NO_PROBLEM: Problem = {
  code: "interrupted",
  params: {},
  detail: null,
  fields: [],
  remedies: [],
  id: "",
};

/** What is new about a job, if anything is. */
export function news(before: Job | undefined, after: Job | undefined): News | undefined {
  if (!after) return undefined;
  if (isOpen(before) && !isOpen(after)) {
    if (after.state === "done") return { text: jobDone(after), urgent: false, end: "done" };
    if (after.state === "cancelled") return undefined;
    if (after.state === "paused")
      return { text: `${jobTitle(after)}: ${en.jobState.paused}`, urgent: false };
    const text = failedTitle(after, after.problem ?? NO_PROBLEM);
    return { text, urgent: true, end: "failed" };
  }
  if (!isOpen(after)) return undefined;
  const stage = currentStage(after);
  const old = before && currentStage(before);
  if (!stage) return undefined;
  const text = `${jobTitle(after)}: ${blockerText(stage)}`;
  if (stage.blocker?.code === "retry" && old?.blocker?.code !== "retry")
    return { text, urgent: true };
  const moved = stage.code !== old?.code || stage.blocker?.code !== old.blocker?.code;
  return moved ? { text, urgent: false } : undefined;
}
