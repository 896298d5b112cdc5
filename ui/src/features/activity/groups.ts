/** Jobs in the list: what fits the filter, grouped by when. */
import { dayKey } from "../../model/format";
import { isFailed, isOpen } from "../../model/jobs";
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
