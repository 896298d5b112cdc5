/** Live sets: what a page sees of a topic, however its frames arrive. */
import fc from "fast-check";
import { flushSync } from "svelte";
import { describe, expect, it } from "vitest";
import type { Change, EventFrame } from "../platform/generated/api";
import { LiveSet, stable } from "./live.svelte";

const frame = (generation: number, change: Change): EventFrame => ({
  topic: "jobs",
  generation,
  change,
});
const init: Change = { kind: "init" };
const done: Change = { kind: "init_done" };
const item = (key: string, value: number): Change => ({ kind: "item", key, value });
const upsert = (key: string, value: number): Change => ({ kind: "upsert", key, value });
const remove = (key: string): Change => ({ kind: "remove", key });

function fed(...changes: [number, Change][]): LiveSet<number> {
  const set = new LiveSet<number>();
  for (const [generation, change] of changes) set.apply(frame(generation, change));
  return set;
}

const shown = (set: LiveSet<number>) => Object.fromEntries(set.items);

describe("a live set", () => {
  it("knows nothing until its first snapshot is whole", () => {
    const set = fed([1, init], [1, item("a", 1)]);
    expect(set.known).toBe(false);
    expect(shown(set)).toEqual({});
    set.apply(frame(1, done));
    expect(set.known).toBe(true);
    expect(shown(set)).toEqual({ a: 1 });
  });

  it("takes changes and removals", () => {
    const set = fed([1, init], [1, item("a", 1)], [1, done]);
    set.apply(frame(2, upsert("b", 2)));
    set.apply(frame(3, upsert("a", 3)));
    set.apply(frame(4, remove("b")));
    expect(shown(set)).toEqual({ a: 3 });
    expect(set.keys).toEqual(["a"]);
  });

  it("ignores what is older than what it knows", () => {
    const set = fed([5, init], [5, item("a", 1)], [5, done]);
    set.apply(frame(4, upsert("a", 9)));
    set.apply(frame(4, remove("a")));
    expect(shown(set)).toEqual({ a: 1 });
  });

  it("starts over with a program whose generations begin anew", () => {
    const set = fed([90, init], [90, item("a", 1)], [90, done]);
    for (const change of [init, item("b", 2), done]) set.apply(frame(1, change));
    set.apply(frame(2, upsert("c", 3)));
    expect(shown(set)).toEqual({ b: 2, c: 3 });
  });

  it("keeps the old items on the page while a new snapshot arrives", () => {
    const set = fed([1, init], [1, item("a", 1)], [1, done], [2, init], [2, item("b", 2)]);
    expect(shown(set)).toEqual({ a: 1 });
    set.apply(frame(2, done));
    expect(shown(set)).toEqual({ b: 2 });
  });

  it("takes a change that overtakes the end of its snapshot", () => {
    const set = fed([1, init], [1, item("a", 1)], [2, upsert("b", 2)], [3, remove("a")]);
    set.apply(frame(3, done));
    expect(shown(set)).toEqual({ b: 2 });
  });

  it("tells of changes, not of its first snapshot", () => {
    const heard: [number | undefined, number | undefined][] = [];
    const set = new LiveSet<number>();
    set.listen((before, after) => heard.push([before, after]));
    for (const change of [init, item("a", 1), done]) set.apply(frame(1, change));
    set.apply(frame(2, upsert("a", 2)));
    set.apply(frame(3, remove("a")));
    expect(heard).toEqual([
      [1, 2],
      [2, undefined],
    ]);
  });

  it("shows after any life what a plain map of that life holds", () => {
    const key = fc.constantFrom("a", "b", "c");
    const change = fc.oneof(
      fc.record({ kind: fc.constant("upsert" as const), key, value: fc.nat(9) }),
      fc.record({ kind: fc.constant("remove" as const), key }),
      fc.constant({ kind: "reconnect" as const }),
    );
    fc.assert(
      fc.property(fc.array(change), (life) => {
        const truth = new Map<string, number>();
        const set = fed([0, init], [0, done]);
        let generation = 0;
        for (const step of life) {
          generation += 1;
          if (step.kind === "reconnect") {
            set.apply(frame(generation, init));
            for (const [key, value] of truth) set.apply(frame(generation, item(key, value)));
            set.apply(frame(generation, done));
          } else {
            if (step.kind === "upsert") truth.set(step.key, step.value);
            else truth.delete(step.key);
            set.apply(frame(generation, step as Change));
          }
        }
        expect(shown(set)).toEqual(Object.fromEntries(truth));
        expect([...set.keys].sort()).toEqual([...truth.keys()].sort());
      }),
    );
  });
});

describe("drawing", () => {
  /** Counts how often something is computed again. */
  function counted(read: () => unknown): { times: () => number; stop: () => void } {
    let times = 0;
    const stop = $effect.root(() => {
      $effect(() => {
        read();
        times += 1;
      });
    });
    flushSync();
    return { times: () => times, stop };
  }

  it("of one row happens again when that row changes, and of the list when items come or go", () => {
    const set = fed([1, init], [1, item("a", 1)], [1, item("b", 2)], [1, done]);
    const a = counted(() => set.get("a"));
    const b = counted(() => set.get("b"));
    const list = counted(() => set.keys);
    set.apply(frame(2, upsert("a", 5)));
    flushSync();
    expect([a.times(), b.times(), list.times()]).toEqual([2, 1, 1]);
    set.apply(frame(3, upsert("c", 5)));
    flushSync();
    expect([a.times(), b.times(), list.times()]).toEqual([2, 1, 2]);
    for (const each of [a, b, list]) each.stop();
  });

  it("does not happen again for a snapshot that repeats what is known", () => {
    const set = fed([1, init], [1, item("a", 1)], [1, done]);
    const a = counted(() => set.get("a"));
    for (const change of [init, item("a", 1), done]) set.apply(frame(2, change));
    flushSync();
    expect(a.times()).toBe(1);
    a.stop();
  });

  it("of what depends on a list waits until the list's elements change", () => {
    const set = fed([1, init], [1, item("a", 1)], [1, item("b", 12)], [1, done]);
    let large = (): readonly string[] => [];
    const stop = $effect.root(() => {
      const derived = $derived.by(stable(() => set.keys.filter((key) => (set.get(key) ?? 0) > 9)));
      large = () => derived;
    });
    const drawn = counted(() => large());
    set.apply(frame(2, upsert("b", 13)));
    flushSync();
    expect(drawn.times()).toBe(1);
    set.apply(frame(3, upsert("a", 10)));
    flushSync();
    expect(drawn.times()).toBe(2);
    expect(large()).toEqual(["a", "b"]);
    drawn.stop();
    stop();
  });
});
