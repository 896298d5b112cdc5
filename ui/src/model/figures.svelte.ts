/** Figures of nodes in the last minutes. The page alone remembers them. */
import { SvelteMap } from "svelte/reactivity";
import type { NodeFigures, NodeFiguresView } from "../platform/generated/api";
import { topics } from "./session.svelte";

export interface Look {
  /** Milliseconds since 1970. */
  at: number;
  figures: NodeFigures;
}

export const KEPT_MS = 5 * 60_000;

/** Adds a look, and forgets what is too old to be drawn. */
export function remember(looks: readonly Look[], look: Look): Look[] {
  const young = looks.findIndex(({ at }) => at > look.at - KEPT_MS);
  return [...(young < 0 ? [] : looks.slice(young)), look];
}

class Figures {
  readonly #nodes = new SvelteMap<string, readonly Look[]>();

  constructor() {
    topics.figures.listen((_, after) => this.take(after, Date.now()));
  }

  /** The last minutes of a machine's node, oldest first. */
  of(machine: string): readonly Look[] {
    return this.#nodes.get(machine) ?? [];
  }

  take(view: NodeFiguresView | undefined, at: number): void {
    if (!view?.figures) return;
    const look = { at, figures: view.figures };
    this.#nodes.set(view.machine, remember(this.#nodes.get(view.machine) ?? [], look));
  }
}

export const figures = new Figures();

/** A figure of each look as points of a line that ends at this moment. */
export const line = (
  looks: readonly Look[],
  now: number,
  most: number,
  of: (look: Look) => number,
): { x: number; y: number }[] =>
  looks.map((look) => ({
    x: Math.min(1, Math.max(0, 1 - (now - look.at) / KEPT_MS)),
    y: most > 0 ? Math.min(1, of(look) / most) : 0,
  }));

/** Bytes a second over all of them. */
export const total = (rates: NodeFigures["links"], way: "inward" | "outward"): number =>
  rates.reduce((sum, rate) => sum + rate[way], 0);
