/** Jobs that put a file into a folder of a person's own, as values. */
import type { Job, JobState, SaveOrder } from "../platform/generated/api";

export const orderOf = ({ request }: Job): SaveOrder | undefined =>
  request.kind === "save" ? request.order : undefined;

/** The folder that was used last, among jobs newest first. */
export function lastFolder(jobs: readonly Job[]): string {
  for (const job of jobs) {
    const order = orderOf(job);
    if (order) return order.folder;
  }
  return "";
}

/** The newest job for one file of the factory, among jobs newest first. */
export function saveOf(
  jobs: readonly Job[],
  file: { asset: string; version: string; schematic: string; kind: SaveOrder["output"] },
): Job | undefined {
  return jobs.find((job) => {
    const order = orderOf(job);
    return (
      order?.asset === file.asset &&
      order.output === file.kind &&
      order.version === file.version &&
      order.schematic_id === file.schematic
    );
  });
}

export interface SetView {
  count: number;
  done: number;
  /** Files that did not arrive, with the job to go on with. */
  missing: { name: string; job: string }[];
  state: JobState;
}

/** A set as a whole: of each file only the newest job counts. Jobs come newest first. */
export function setView(jobs: readonly Job[]): SetView {
  const newest = new Map<string, Job>();
  for (const job of jobs) {
    const name = orderOf(job)?.file_name ?? job.subject;
    if (!newest.has(name)) newest.set(name, job);
  }
  const files = [...newest.values()];
  const done = files.filter(({ state }) => state === "done").length;
  const running = files.some(({ state }) => state === "running" || state === "queued");
  const missing = files
    .filter(({ state }) => !["done", "running", "queued"].includes(state))
    .map(({ id, subject }) => ({ name: subject, job: id }));
  const first = jobs[0];
  const count = (first && orderOf(first)?.set?.count) ?? files.length;
  const all = done === files.length ? "done" : "failed";
  return { count, done, missing, state: running ? "running" : all };
}
