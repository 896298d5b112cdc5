/** Pieces of the timeline and parts of the work, as figures. */
import { describe, expect, it } from "vitest";
import * as sample from "../../platform/fake/clusters";
import type { ClusterStep, StageCode } from "../../platform/generated/api";
import { waitsFor } from "./look";
import { partsOf } from "./steps";
import { scaleOf, segmentsOf } from "./timeline";

const AT = Date.parse("2026-03-20T09:00:00Z");
const at = (seconds: number) => new Date(AT + seconds * 1000).toISOString();
const timeline = (change = {}) => ({
  started_at: at(0),
  ended_at: null,
  usual_s: 162,
  steps: [],
  ...change,
});

describe("the scale", () => {
  it("reaches to the usual end, and beyond it once that is past", () => {
    expect(scaleOf(timeline(), AT + 60_000)).toMatchObject({ now: 60, step: 60 });
    expect(scaleOf(timeline(), AT + 60_000).span).toBeCloseTo(162 * 1.12);
    expect(scaleOf(timeline(), AT + 600_000).span).toBeCloseTo(600 * 1.18);
  });

  it("has never more marks than can be read", () => {
    for (const seconds of [1, 45, 300, 4000, 90_000])
      expect(scaleOf(timeline(), AT + seconds * 1000).marks.length).toBeLessThanOrEqual(8);
  });

  it("stands still once the work has ended", () => {
    const ended = timeline({ ended_at: at(100) });
    expect(scaleOf(ended, AT + 999_000)).toEqual(scaleOf(ended, AT));
  });
});

describe("segments", () => {
  const spans = [
    { stage: "boot" as const, started_at: at(-30), ended_at: at(20) },
    { stage: "etcd" as const, started_at: at(20), ended_at: null },
  ];
  const scale = { span: 100, now: 50, step: 20, marks: [] };

  it("begin with the work, follow each other, and the present one reaches to now", () => {
    const [boot, etcd] = segmentsOf(sample.memberView({ spans }), timeline(), scale);
    expect(boot).toMatchObject({ from: 0, width: 0.2, seconds: 20, stuck: false });
    expect(etcd).toMatchObject({ from: 0.2, seconds: 30, stuck: false });
    expect(etcd?.width).toBeCloseTo(0.3);
  });

  it("only the present one is stuck, and not by ordinary waiting", () => {
    const member = (weight: "normal" | "warning") =>
      sample.memberView({ spans, stuck: [sample.stuck({ weight })] });
    const stuck = (weight: "normal" | "warning") =>
      segmentsOf(member(weight), timeline(), scale).map((one) => one.stuck);
    expect(stuck("warning")).toEqual([false, true]);
    expect(stuck("normal")).toEqual([false, false]);
  });

  it("what was over before this work is left out", () => {
    const old = [{ stage: "ready" as const, started_at: at(-90), ended_at: at(-30) }];
    expect(segmentsOf(sample.memberView({ spans: old }), timeline(), scale)).toEqual([]);
  });
});

describe("parts of the work", () => {
  const step = (
    code: StageCode,
    from: number | null,
    to: number | null,
    change: Partial<ClusterStep> = {},
  ): ClusterStep => ({
    code,
    started_at: from === null ? null : at(from),
    ended_at: to === null ? null : at(to),
    usual_s: 10,
    done: 0,
    of: 0,
    ...change,
  });

  it("are done when all their steps are, and take from the first to the last", () => {
    const steps = [
      step("cluster_image", 0, 4),
      step("cluster_machines", 4, 9),
      step("etcd", 9, null, { done: 1, of: 2 }),
      step("health_checks", null, null, { usual_s: null }),
    ];
    const parts = partsOf(steps, AT + 15_000);
    expect(parts.map(({ part, state }) => [part, state])).toEqual([
      ["prepare", "done"],
      ["etcd", "now"],
      ["check", "rest"],
    ]);
    expect(parts[0]).toMatchObject({ seconds: 9, usual: 20, share: 1 });
    expect(parts[1]).toMatchObject({ seconds: 6, share: 0.5 });
    expect(parts[2]).toMatchObject({ seconds: undefined, usual: undefined });
  });

  it("the whole course of creating is told, step by step", () => {
    const codes: StageCode[] = ["workers_off", "control_planes_off", "leave"];
    expect(
      partsOf(
        codes.map((code) => step(code, 0, 1)),
        AT,
      ),
    ).toHaveLength(1);
  });
});

it("a check only waits for one whose machines it shares", () => {
  const check = (code: "nodes_ready" | "core_dns", nodes: string) =>
    sample.healthCheck({ code, state: "fail", params: { met: "1", of: "2", nodes } });
  const first = check("nodes_ready", "w-1, w-2");
  const same = check("core_dns", "w-2");
  const other = check("core_dns", "cp-1");
  expect(waitsFor(same, [first, same])).toBe(first);
  expect(waitsFor(other, [first, other])).toBeUndefined();
  expect(waitsFor(first, [first])).toBeUndefined();
});
