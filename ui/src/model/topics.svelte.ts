/** Live sets of the page, fed by frames: Init, items, InitDone, then changes. */
import { SvelteMap } from "svelte/reactivity";
import type { EventFrame, TopicItems } from "../platform/generated/api";

/** One topic's items. While a new snapshot arrives, the old items stay on the page. */
class LiveSet<T> {
  readonly items = new SvelteMap<string, T>();
  /** True once the first snapshot is complete. */
  known = $state(false);
  #generation = -1;
  #arriving: Map<string, T> | undefined;

  apply({ generation, change }: EventFrame): void {
    if (change.kind === "init") {
      this.#arriving = new Map();
      this.#generation = generation;
    } else if (generation < this.#generation) {
      return;
    } else if (change.kind === "item") {
      this.#arriving?.set(change.key, change.value as T);
    } else if (change.kind === "init_done") {
      this.#replace();
    } else {
      this.#generation = generation;
      if (change.kind === "upsert") this.items.set(change.key, change.value as T);
      else this.items.delete(change.key);
    }
  }

  #replace(): void {
    const fresh = this.#arriving ?? new Map<string, T>();
    this.#arriving = undefined;
    for (const key of [...this.items.keys()]) if (!fresh.has(key)) this.items.delete(key);
    for (const [key, value] of fresh) this.items.set(key, value);
    this.known = true;
  }
}

export class Topics {
  readonly machines = new LiveSet<TopicItems["machines"]>();
  readonly images = new LiveSet<TopicItems["images"]>();
  readonly drafts = new LiveSet<TopicItems["drafts"]>();
  readonly jobs = new LiveSet<TopicItems["jobs"]>();
  readonly broken = new LiveSet<TopicItems["broken"]>();
  readonly host = new LiveSet<TopicItems["host"]>();
  readonly usage = new LiveSet<TopicItems["usage"]>();

  feed(batch: EventFrame[]): void {
    for (const frame of batch) this[frame.topic].apply(frame);
  }
}
