// @vitest-environment node
/** How far a job is, and what of it tells most. */
import { describe, expect, it } from "vitest";
import { job, stage } from "../platform/fake/samples";
import { currentStage, isStuck, jobShare, movingShare, stageShare, tellingStage } from "./jobs";

const progress = (done: number, total: number) => ({ done, total, rate: 0, left_s: null });

describe("the share of a job", () => {
  it("weighs its stages", () => {
    const stages = [
      stage({ code: "schematic", weight: 1, state: "done" }),
      stage({ code: "transfer", weight: 8, state: "running", progress: progress(50, 100) }),
      stage({ code: "verify", weight: 1 }),
    ];
    expect(jobShare(job({ stages }))).toBeCloseTo(0.5);
    expect(jobShare(job({ stages: [] }))).toBe(0);
  });

  it("of a stage is unknown while nothing is counted, and never above the whole", () => {
    expect(stageShare(stage({ code: "transfer", state: "running" }))).toBeUndefined();
    const unknown = stage({ code: "transfer", state: "running", progress: progress(5, 0) });
    expect(stageShare(unknown)).toBeUndefined();
    const over = stage({ code: "transfer", state: "running", progress: progress(9, 4) });
    expect(stageShare(over)).toBe(1);
  });
});

it("the stage that failed is told before the one that runs", () => {
  const failed = stage({ code: "transfer", state: "failed" });
  const running = stage({ code: "verify", state: "running" });
  expect(tellingStage(job({ stages: [running, failed] }))?.code).toBe("transfer");
  expect(tellingStage(job({ stages: [running] }))?.code).toBe("verify");
  expect(currentStage(job({ stages: [failed] }))).toBeUndefined();
});

it("a job is stuck while it waits to try again", () => {
  const blocker = {
    code: "retry" as const,
    params: {},
    since: "2026-03-20T09:00:00Z",
    problem: null,
  };
  expect(isStuck(job({ stages: [stage({ code: "transfer", state: "running", blocker })] }))).toBe(
    true,
  );
  expect(isStuck(job())).toBe(false);
});

it("bytes are shown while they move, also where every byte of an image is read again", () => {
  const progress = { done: 1, total: 4, rate: 0, left_s: null };
  const share = (code?: "bytes" | "image_check") => {
    const since = "2026-03-20T09:00:00Z";
    const blocker = code ? { code, params: {}, since, problem: null } : null;
    return movingShare(stage({ code: "verify", state: "running", progress, blocker }));
  };
  expect([share(), share("image_check"), share("bytes")]).toEqual([0.25, 0.25, undefined]);
});
