// @vitest-environment node
/** Whether a machine fits. */
import { expect, it } from "vitest";
import { usage } from "../platform/fake/samples";
import { bounds, fit, keptLine } from "./memory";

const GIB = 2 ** 30;

it("six GiB or a tenth are kept for the person, but never more than half", () => {
  expect(keptLine(32 * GIB)).toBe(6 * GIB);
  expect(keptLine(100 * GIB)).toBe(10 * GIB);
  expect(keptLine(4 * GIB)).toBe(2 * GIB);
});

it.each([
  [2, "fits", 22],
  [20, "tight", 4],
  [26, "short", 2],
] as const)("%d GiB: %s by %d", (own, verdict, left) => {
  const result = fit(usage(), own * GIB);
  expect(result.verdict).toBe(verdict);
  expect(result.left).toBe(left * GIB);
});

it("what machines hold is told apart from other programs", () => {
  const { machines, others } = fit(usage({ memory_used: 8 * GIB, memory_machines: 2 * GIB }), 0);
  expect([machines, others]).toEqual([2 * GIB, 6 * GIB]);
});

it("a line ends at what this computer has, also when the offer was made before it was known", () => {
  const early = { max_memory_mib: 4 * 2 ** 20, max_vcpus: 256 };
  expect(bounds(early, undefined)).toEqual({ memory: 4096, vcpus: 256 });
  expect(bounds(early, usage())).toEqual({ memory: 32, vcpus: 8 });
  expect(bounds({ max_memory_mib: 2048, max_vcpus: 2 }, usage())).toEqual({ memory: 2, vcpus: 2 });
});
