/** Everything the program tells without being asked. */
import type { EventFrame, TopicItems } from "../platform/generated/api";
import { LiveSet } from "./live.svelte";

export class Topics {
  readonly machines = new LiveSet<TopicItems["machines"]>();
  readonly networks = new LiveSet<TopicItems["networks"]>();
  readonly clusters = new LiveSet<TopicItems["clusters"]>();
  /** What passes through networks; only while the page is seen. */
  readonly traffic = new LiveSet<TopicItems["traffic"]>();
  /** Nodes that were looked at. */
  readonly nodes = new LiveSet<TopicItems["nodes"]>();
  /** Facts about nodes whose pages are open, by machine and kind. */
  readonly facts = new LiveSet<TopicItems["facts"]>();
  /** Figures of nodes whose pages are open. */
  readonly figures = new LiveSet<TopicItems["figures"]>();
  readonly images = new LiveSet<TopicItems["images"]>();
  readonly trash = new LiveSet<TopicItems["trash"]>();
  readonly jobs = new LiveSet<TopicItems["jobs"]>();
  readonly broken = new LiveSet<TopicItems["broken"]>();
  readonly host = new LiveSet<TopicItems["host"]>();
  readonly usage = new LiveSet<TopicItems["usage"]>();
  readonly drops = new LiveSet<TopicItems["drops"]>();
  readonly drafts = new LiveSet<TopicItems["drafts"]>();

  /** Everything was told once. */
  get whole(): boolean {
    return Object.values(this).every((set) => !(set instanceof LiveSet) || set.known);
  }

  feed(batch: readonly EventFrame[]): void {
    for (const frame of batch) this[frame.topic].apply(frame);
  }
}
