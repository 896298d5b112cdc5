/** The page's clock: it goes while somebody sees it, and wakes nobody else. */
import { flushSync } from "svelte";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { now } from "./now.svelte";

let visible: DocumentVisibilityState;
let seen: number[];
let stop: () => void;

function show(state: DocumentVisibilityState): void {
  visible = state;
  document.dispatchEvent(new Event("visibilitychange"));
  flushSync();
}

function pass(ms: number): void {
  vi.advanceTimersByTime(ms);
  flushSync();
}

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  visible = "visible";
  vi.spyOn(document, "visibilityState", "get").mockImplementation(() => visible);
  seen = [];
  stop = $effect.root(() => {
    $effect(() => {
      seen.push(now.ms);
    });
  });
  flushSync();
});

afterEach(() => {
  stop();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

it("tells each second", () => {
  pass(1000);
  pass(1000);
  expect(seen).toEqual([0, 1000, 2000]);
});

it("has no timer while the page is hidden, and is right when it is seen again", () => {
  show("hidden");
  expect(vi.getTimerCount()).toBe(0);
  pass(60_000);
  show("visible");
  expect(seen.at(-1)).toBe(60_000);
  pass(1000);
  expect(seen.at(-1)).toBe(61_000);
});
