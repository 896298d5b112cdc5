// @vitest-environment node
/** Figures as people read them. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  between,
  bits,
  bytes,
  clock,
  dayKey,
  dayName,
  duration,
  logClock,
  moment,
  rate,
  rough,
  shortId,
  space,
  took,
} from "./format";

describe("sizes", () => {
  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1 KiB"],
    [191 * 2 ** 20, "191 MiB"],
    [2 ** 30 - 1, "1.0 GiB"],
    [4 * 2 ** 30, "4.0 GiB"],
    [120 * 2 ** 30, "120 GiB"],
    [3 * 2 ** 40, "3.0 TiB"],
  ])("%d bytes are %s", (count, text) => expect(bytes(count)).toBe(text));

  it("of disks are decimal and whole", () => {
    expect(space(412e9)).toBe("412 GB");
    expect(space(28.4e9)).toBe("28 GB");
  });

  it("never show a unit that the next one would say better", () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (count) => {
        const [figure, unit] = bytes(count).split(" ");
        if (unit !== "TiB") expect(Number(figure)).toBeLessThan(1024);
      }),
    );
  });

  it("make rates", () => expect(rate(6.2 * 2 ** 20)).toBe("6 MiB/s"));
});

describe("spans", () => {
  it.each([
    [0, "0:00"],
    [48.4, "0:48"],
    [59.6, "1:00"],
    [130, "2:10"],
    [3599, "59:59"],
    [8040, "2 h 14 min"],
    [-3, "0:00"],
  ])("%d s that go on are %s", (seconds, text) => expect(duration(seconds)).toBe(text));

  it.each([
    [0.04, "0.0 s"],
    [0.8, "0.8 s"],
    [9.97, "10 s"],
    [41.3, "41 s"],
    [59.7, "1:00"],
    [158, "2:38"],
  ])("%d s that are over are %s", (seconds, text) => expect(took(seconds)).toBe(text));

  it.each([
    [44, "44 s"],
    [360, "6 min"],
    [3600, "1 hour"],
    [7300, "2 hours"],
    [86_400, "1 day"],
    [5 * 86_400, "5 days"],
  ])("%d s are roughly %s", (seconds, text) => expect(rough(seconds)).toBe(text));

  it("are reckoned between moments of any form", () => {
    const begin = "2026-03-20T09:00:00Z";
    expect(between(begin, "2026-03-20T09:00:01.5Z")).toBe(1.5);
    expect(between(begin, Date.parse(begin) + 2000)).toBe(2);
  });
});

describe("moments", () => {
  const at = new Date(2026, 10, 5, 9, 7, 3, 42);

  it("are written as the desktop writes them", () => {
    expect(clock(at.toISOString(), "de")).toBe("09:07");
    expect(clock(at.toISOString(), "en-US")).toMatch(/^9:07\sAM$/);
    expect(dayName(at.toISOString(), "en-GB")).toBe("Thursday 5 November");
  });

  it("are exact in logs and sort by day", () => {
    expect(logClock(at.toISOString())).toBe("09:07:03.042");
    expect(dayKey(at.getTime())).toBe("2026-11-05");
  });
});

it("long ids show their ends", () => {
  expect(shortId("b037bedf89969a0c7ad32de5cf5597eacb7476d92a5a5bff96bae5ed5e4d2002")).toBe(
    "b037bedf…2002",
  );
  expect(shortId("short")).toBe("short");
});

it("a moment of today is its time, an earlier one names its day", () => {
  const now = new Date(2026, 10, 25, 12, 0).getTime();
  const at = (day: number) => new Date(2026, 10, day, 9, 5).toISOString();
  expect(moment(at(25), now, "en-GB")).toBe("09:05");
  expect(moment(at(22), now, "en-GB")).toMatch(/Sun.*22 Nov.*09:05/);
});

it.each([
  [0, "0 kbit/s"],
  [999, "0 kbit/s"],
  [1000, "1 kbit/s"],
  [999_499, "999 kbit/s"],
  [999_500, "1.0 Mbit/s"],
  [9_940_000, "9.9 Mbit/s"],
  [9_960_000, "10 Mbit/s"],
  [434_000_000, "434 Mbit/s"],
  [999_600_000, "1.0 Gbit/s"],
  [12_300_000_000, "12.3 Gbit/s"],
])("%i bits a second are %s", (count, text) => expect(bits(count)).toBe(text));
