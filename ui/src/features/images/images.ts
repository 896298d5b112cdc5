/** Images as the library shows them. */
import { isOpen } from "../../model/jobs";
import type { ImageView, Job, Problem } from "../../platform/generated/api";

export const USES = ["all", "used", "unused"] as const;
export type Use = (typeof USES)[number];

/** A ready image that fits the filter's words and its use. */
export function fits(image: ImageView, name: string, words: string, use: Use): boolean {
  if (use === "used" && image.used_by.length === 0) return false;
  if (use === "unused" && image.used_by.length > 0) return false;
  const { arch, medium, origin, version } = image.spec;
  const made = origin.kind === "factory" ? [origin.schematic_id, origin.asset] : [origin.path];
  const text = [name, version, arch, medium, ...made].join(" ").toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

export const newestFirst = (a: ImageView, b: ImageView): number =>
  b.spec.created_at.localeCompare(a.spec.created_at);

export const sizeOf = (image: ImageView): number => image.spec.file?.downloaded ?? 0;

/** How many bytes the last download of an image expected, where it got to know. */
export function expectedBytes(image: ImageView, jobs: readonly Job[]): number {
  if (image.state === "paused" && image.total !== null) return image.total;
  const own = jobs
    .filter(({ request }) => request.kind === "download" && request.image === image.spec.id)
    .sort((a, b) => b.created_at.localeCompare(a.created_at));
  for (const job of own) {
    const total = job.stages.find((stage) => stage.code === "transfer")?.progress?.total ?? 0;
    if (total > 0) return total;
  }
  return 0;
}

/** The check of an image that goes on, if one does. */
export const checkOf = (id: string, jobs: readonly Job[]): Job | undefined =>
  jobs.find((job) => isOpen(job) && job.request.kind === "verify" && job.request.image === id);

/** A problem that wants more than "go on": stopping on purpose or by closing is none. */
export function realProblem(image: ImageView): Problem | undefined {
  if (image.state !== "incomplete" || !image.problem) return undefined;
  const { code } = image.problem;
  return code === "cancelled" || code === "interrupted" ? undefined : image.problem;
}
