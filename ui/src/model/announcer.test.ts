// @vitest-environment node
/** What a screen reader hears: little at a time, the latest of it, and alarms at once. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Announcer, POLITE_EVERY } from "./announcer.svelte";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("says the first thing at once, and then at most one in its time: the newest", () => {
  const announcer = new Announcer();
  announcer.say("one");
  expect(announcer.polite).toBe("one");
  announcer.say("two");
  announcer.say("three");
  vi.advanceTimersByTime(POLITE_EVERY - 1);
  expect(announcer.polite).toBe("one");
  vi.advanceTimersByTime(1);
  expect(announcer.polite).toBe("three");
  expect(vi.getTimerCount()).toBe(0);
});

it("says a failure at once", () => {
  const announcer = new Announcer();
  announcer.say("one");
  announcer.alert("failed");
  expect(announcer.assertive).toBe("failed");
});
