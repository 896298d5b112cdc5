/** Changes of this computer that were begun on this page, and how they stand. */
import { problemOf, rpc, topics } from "../../model/session.svelte";
import type { FixCode, Job, Problem } from "../../platform/generated/api";

const ended = (job: Job): boolean => job.state !== "queued" && job.state !== "running";

class Fixes {
  /** Why a change was not even begun. */
  #refused = $state<Partial<Record<FixCode, Problem>>>({});
  #begun = $state<Partial<Record<FixCode, string>>>({});

  /** The newest change of this kind that runs, or that was begun here. */
  job(fix: FixCode): Job | undefined {
    const begun = this.#begun[fix];
    if (begun) return topics.jobs.get(begun);
    return topics.jobs
      .all()
      .find((job) => job.request.kind === "fix_host" && job.request.fix === fix && !ended(job));
  }

  running(fix: FixCode): boolean {
    const job = this.job(fix);
    return job !== undefined && !ended(job);
  }

  /** Why it did not work; nothing where the person cancelled it. */
  problem(fix: FixCode): Problem | undefined {
    const job = this.job(fix);
    return this.#refused[fix] ?? (job?.state === "failed" ? (job.problem ?? undefined) : undefined);
  }

  /** True when it ended well. */
  done(fix: FixCode): boolean {
    return this.job(fix)?.state === "done";
  }

  async begin(fix: FixCode): Promise<void> {
    delete this.#refused[fix];
    delete this.#begun[fix];
    try {
      const { job } = await rpc("host.fix", { fix });
      if (job) this.#begun[fix] = job;
    } catch (error) {
      this.#refused[fix] = problemOf(error);
    }
  }

  async cancel(fix: FixCode): Promise<void> {
    const job = this.job(fix);
    if (job) await rpc("job.cancel", { job: job.id }).catch(() => undefined);
  }

  /** Kinds of change begun here that ended well. */
  get ended(): FixCode[] {
    return (Object.keys(this.#begun) as FixCode[]).filter((fix) => this.done(fix));
  }
}

export const fixes = new Fixes();
