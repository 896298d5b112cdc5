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

type Get = (id: string) => Job | undefined;

const setOf = (job: Job | undefined): string | undefined => job && orderOf(job)?.set?.id;

/** Running work first, then days, newest first; the ids come newest first. A set stays whole. */
export function group(ids: readonly string[], get: Get): Group[] {
  const groups: Group[] = [];
  const into = (key: string, id: string): void => {
    const known = groups.find((group) => group.key === key);
    if (known) known.ids.push(id);
    else groups.push({ key, ids: [id] });
  };
  const running = new Set(ids.filter((id) => isOpen(get(id))).map((id) => setOf(get(id)) ?? id));
  const now = (id: string): boolean => running.has(setOf(get(id)) ?? id);
  for (const id of ids) if (now(id)) into("now", id);
  for (const id of ids) {
    const job = get(id);
    if (job && !now(id)) into(dayKey(job.created_at), id);
  }
  return groups;
}

export interface Line {
  id: string;
  /** Told before the first job of a set. */
  set?: string;
}

/** Brings the jobs of a set together, at the place of its newest one. */
export function together(ids: readonly string[], get: Get): Line[] {
  const lines: Line[] = [];
  const told = new Set<string>();
  for (const id of ids) {
    const set = setOf(get(id));
    if (!set) {
      lines.push({ id });
    } else if (!told.has(set)) {
      told.add(set);
      const [first, ...others] = ids.filter((other) => setOf(get(other)) === set);
      lines.push({ id: first ?? id, set }, ...others.map((other) => ({ id: other })));
    }
  }
  return lines;
}
