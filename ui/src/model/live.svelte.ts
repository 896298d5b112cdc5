/** A live set, fed by frames: Init, items, InitDone, then changes with growing generations. */
import { SvelteMap } from "svelte/reactivity";
import type { EventFrame } from "../platform/generated/api";

export type Listener<T> = (before: T | undefined, after: T | undefined) => void;

/**
 * One topic's items. Reading an item depends on that item alone, and `keys` changes only when
 * items come or go, so that progress redraws one row. While a new snapshot arrives, the old items
 * stay on the page.
 */
export class LiveSet<T> {
  readonly items = new SvelteMap<string, T>();
  /** Keys in the order of arrival. */
  keys = $state.raw<readonly string[]>([]);
  /** True once the first snapshot is complete. */
  known = $state(false);
  #generation = -1;
  #arriving: Map<string, T> | undefined;
  #listener: Listener<T> | undefined;
  #begun: (() => void) | undefined;

  /** Tells of every change of a known item; not of those in the first snapshot. */
  listen(listener: Listener<T>): void {
    this.#listener = listener;
  }

  /** Tells when everything is told anew: the connection to the program was made again. */
  begin(begun: () => void): void {
    this.#begun = begun;
  }

  get(key: string): T | undefined {
    return this.items.get(key);
  }

  /** All items; depends on every one of them. */
  all(): T[] {
    return [...this.items.values()];
  }

  apply({ generation, change }: EventFrame): void {
    if (change.kind === "init") {
      // Nobody draws from a snapshot that still arrives.
      // eslint-disable-next-line svelte/prefer-svelte-reactivity
      this.#arriving = new Map();
      this.#generation = generation;
      this.#begun?.();
      return;
    }
    if (generation < this.#generation) return;
    switch (change.kind) {
      case "item":
        this.#arriving?.set(change.key, change.value as T);
        return;
      case "init_done":
        this.#settle();
        return;
      case "upsert":
        this.#generation = generation;
        // A change that overtakes the end of its snapshot belongs into the snapshot.
        if (this.#arriving) this.#arriving.set(change.key, change.value as T);
        else this.#put(change.key, change.value as T);
        return;
      case "remove":
        this.#generation = generation;
        if (this.#arriving) this.#arriving.delete(change.key);
        else this.#drop(change.key);
    }
  }

  #settle(): void {
    const fresh = this.#arriving;
    if (!fresh) return;
    this.#arriving = undefined;
    for (const key of [...this.items.keys()]) if (!fresh.has(key)) this.#drop(key);
    for (const [key, value] of fresh) {
      // A snapshot repeats what is known already: what has not changed must not be drawn again.
      if (!same(this.items.get(key), value)) this.#put(key, value);
    }
    this.known = true;
  }

  #put(key: string, value: T): void {
    const before = this.items.get(key);
    this.items.set(key, value);
    if (before === undefined) this.keys = [...this.keys, key];
    if (this.known) this.#listener?.(before, value);
  }

  #drop(key: string): void {
    const before = this.items.get(key);
    if (!this.items.delete(key)) return;
    this.keys = this.keys.filter((known) => known !== key);
    if (this.known) this.#listener?.(before, undefined);
  }
}

/** Items are plain data from one serializer, so equal values are written alike. */
function same(a: unknown, b: unknown): boolean {
  return a !== undefined && JSON.stringify(a) === JSON.stringify(b);
}

/**
 * A list that keeps its identity while its elements stay the same, so that what depends on the
 * list is not computed again for a change inside one element.
 */
export function stable<T>(read: () => readonly T[]): () => readonly T[] {
  let last: readonly T[] = [];
  return () => {
    const next = read();
    const same = next.length === last.length && next.every((item, at) => item === last[at]);
    if (!same) last = next;
    return last;
  };
}
