/** Jobs in the list: what fits the filter, grouped by when. */
import { dayKey } from "../../model/format";
import { isFailed, isOpen } from "../../model/jobs";
import { orderOf } from "../../model/saves";
import type { JobFilter } from "../../model/router.svelte";
import type { Job } from "../../platform/generated/api";

export interface Group {
  /** `now`, or the day as `2026-11-25`. */
  key: string;
  ids: string[];
}

export function shows(job: Job, filter: JobFilter): boolean {
  if (filter === "running") return isOpen(job);
  return filter === "all" || isFailed(job);
}

/** Running work first, then days, newest first; the ids come newest first. */
export function group(ids: readonly string[], get: (id: string) => Job | undefined): Group[] {
  const groups: Group[] = [];
  const into = (key: string, id: string): void => {
    const known = groups.find((group) => group.key === key);
    if (known) known.ids.push(id);
    else groups.push({ key, ids: [id] });
  };
  for (const id of ids) if (isOpen(get(id))) into("now", id);
  for (const id of ids) {
    const job = get(id);
    if (job && !isOpen(job)) into(dayKey(job.created_at), id);
  }
  return groups;
}

export interface Line {
  id: string;
  /** At the first job of a set: all of them, newest first. */
  set?: Job[];
}

/** Brings the jobs of a set together, at the place of its newest one. */
export function together(ids: readonly string[], get: (id: string) => Job | undefined): Line[] {
  const setOf = (id: string): string | undefined => {
    const job = get(id);
    return job && orderOf(job)?.set?.id;
  };
  const lines: Line[] = [];
  const told = new Set<string>();
  for (const id of ids) {
    const set = setOf(id);
    if (!set) {
      lines.push({ id });
    } else if (!told.has(set)) {
      told.add(set);
      const members = ids.filter((other) => setOf(other) === set);
      const jobs = members.map(get).filter((job) => job !== undefined);
      lines.push(
        ...members.map((member, at) => (at === 0 ? { id: member, set: jobs } : { id: member })),
      );
    }
  }
  return lines;
}
