/** Where the pieces of the timeline stand: times become shares of its width. Pure. */
import { between } from "../../model/format";
import type { MemberStage, MemberView, Timeline } from "../../platform/generated/api";
import { troubleOf } from "./look";

export interface Segment {
  stage: MemberStage;
  /** Share of the width at which it begins, and which it takes: 0 to 1. */
  from: number;
  width: number;
  seconds: number;
  /** True for the one that goes on and has a cause that holds it up. */
  stuck: boolean;
}

export interface Scale {
  /** Seconds from the beginning to the right edge. */
  span: number;
  /** Seconds since the beginning. */
  now: number;
  /** Seconds between two marks. */
  step: number;
  marks: number[];
}

/** Seconds between marks that people read at a glance. */
const STEPS = [5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];
const MOST_MARKS = 6;
const LEAST_SPAN = 30;

/** The whole of the work so far, the usual time, and a little room at the right. */
export function scaleOf({ started_at, ended_at, usual_s }: Timeline, now: number): Scale {
  const elapsed = started_at === null ? 0 : Math.max(0, between(started_at, ended_at ?? now));
  const span = Math.max(LEAST_SPAN, elapsed * 1.18, (usual_s ?? 0) * 1.12);
  const step = STEPS.find((one) => span / one <= MOST_MARKS) ?? Math.ceil(span / MOST_MARKS);
  const marks = Array.from({ length: Math.floor(span / step) + 1 }, (_, at) => at * step);
  return { span, now: elapsed, step, marks };
}

export function segmentsOf(member: MemberView, timeline: Timeline, scale: Scale): Segment[] {
  if (timeline.started_at === null) return [];
  const begin = timeline.started_at;
  const trouble = troubleOf(member);
  const share = (seconds: number): number => Math.min(1, Math.max(0, seconds / scale.span));
  return member.spans.flatMap(({ stage, started_at, ended_at }) => {
    const from = Math.max(0, between(begin, started_at));
    const to = ended_at === null ? scale.now : between(begin, ended_at);
    if (to < 0) return [];
    // What began before this work shows as far as it belongs to it.
    const seconds = Math.max(0, to - from);
    const width = share(to) - share(from);
    const stuck = ended_at === null && trouble !== undefined && stage !== "ready";
    return [{ stage, from: share(from), width: Math.max(0, width), seconds, stuck }];
  });
}
