/** What passed through each wire in the last minutes. The page alone remembers it. */
import { SvelteMap } from "svelte/reactivity";
import type { NetworkTraffic } from "../platform/generated/api";
import { topics } from "./session.svelte";

/** One look at a wire: bits a second in both directions. */
export interface Sample {
  /** Milliseconds since 1970. */
  at: number;
  sent: number;
  received: number;
}

export const KEPT_MS = 5 * 60_000;

/** Adds a look, and forgets what is too old to be drawn. */
export function remember(samples: readonly Sample[], look: Sample): Sample[] {
  const old = samples.findIndex(({ at }) => at > look.at - KEPT_MS);
  return [...(old < 0 ? [] : samples.slice(old)), look];
}

class Rates {
  readonly #wires = new SvelteMap<string, readonly Sample[]>();

  constructor() {
    topics.traffic.listen((_, after) => this.take(after, Date.now()));
  }

  /** The last minutes of a machine's wire, oldest first. */
  of(machine: string): readonly Sample[] {
    return this.#wires.get(machine) ?? [];
  }

  take(traffic: NetworkTraffic | undefined, at: number): void {
    for (const { machine, sent_bps, received_bps } of traffic?.ports ?? []) {
      const look = { at, sent: sent_bps, received: received_bps };
      this.#wires.set(machine, remember(this.#wires.get(machine) ?? [], look));
    }
  }
}

export const rates = new Rates();
