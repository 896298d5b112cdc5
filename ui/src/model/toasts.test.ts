// @vitest-environment node
/** Toasts go by themselves, and wait while somebody looks. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { TOAST_SECONDS, Toasts } from "./toasts.svelte";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const seconds = (count: number) => vi.advanceTimersByTime(count * 1000);

it("a toast counts down and goes", () => {
  const toasts = new Toasts();
  toasts.show({ title: "Copied" });
  seconds(2);
  expect(toasts.list[0]?.left).toBe(TOAST_SECONDS - 2);
  seconds(TOAST_SECONDS - 2);
  expect(toasts.list).toEqual([]);
});

it("stands still under the pointer, and only that one", () => {
  const toasts = new Toasts();
  const held = toasts.show({ title: "Held" });
  toasts.show({ title: "Other" });
  toasts.hold(held, true);
  seconds(TOAST_SECONDS * 3);
  expect(toasts.list.map(({ title, left }) => [title, left])).toEqual([["Held", TOAST_SECONDS]]);
  toasts.hold(held, false);
  seconds(TOAST_SECONDS);
  expect(toasts.list).toEqual([]);
});

it("no clock runs when nothing is shown", () => {
  const toasts = new Toasts();
  toasts.dismiss(toasts.show({ title: "Gone" }));
  expect(vi.getTimerCount()).toBe(0);
  toasts.show({ title: "Again" });
  expect(vi.getTimerCount()).toBe(1);
  seconds(TOAST_SECONDS);
  expect(vi.getTimerCount()).toBe(0);
});
