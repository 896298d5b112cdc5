/** The jobs in order, each list keeping its identity while only progress changes. */
import { isFailed, isOpen } from "./jobs";
import { stable } from "./live.svelte";
import type { Job } from "../platform/generated/api";
import { orderOf } from "./saves";
import { topics } from "./session.svelte";

class Work {
  /** Job ids, newest first. They are ordered by time themselves. */
  readonly ids = $derived([...topics.jobs.keys].sort().reverse());
  readonly running = $derived.by(
    stable(() => this.ids.filter((id) => isOpen(topics.jobs.get(id)))),
  );
  readonly ended = $derived.by(stable(() => this.ids.filter((id) => !isOpen(topics.jobs.get(id)))));
  /** Failed since the page was opened, and not looked at. */
  unseen = $state.raw<readonly string[]>([]);

  /** The jobs themselves, newest first. */
  all(): Job[] {
    return this.ids.map((id) => topics.jobs.get(id)).filter((job) => job !== undefined);
  }

  /** The jobs of files that were asked for together, newest first. */
  ofSet(id: string): Job[] {
    return this.all().filter((job) => orderOf(job)?.set?.id === id);
  }

  failed(id: string): void {
    if (isFailed(topics.jobs.get(id)) && !this.unseen.includes(id))
      this.unseen = [id, ...this.unseen];
  }

  seen(id: string): void {
    if (this.unseen.includes(id)) this.unseen = this.unseen.filter((known) => known !== id);
  }
}

export const work = new Work();
