// @vitest-environment node
/** What is told of work as it goes on. */
import { describe, expect, it } from "vitest";
import { en, fill } from "../messages";
import { problemWith } from "../platform/fake";
import { job, stage } from "../platform/fake/samples";
import type { BlockerCode, Stage } from "../platform/generated/api";
import { news } from "./herald";

const running = (code: Stage["code"], blocker?: BlockerCode) =>
  job({
    stages: [
      stage({
        code,
        state: "running",
        blocker: blocker
          ? {
              code: blocker,
              params: { host: "factory.talos.dev" },
              since: "2026-03-20T09:00:00Z",
              problem: null,
            }
          : null,
      }),
    ],
  });
const ended = (state: "done" | "failed" | "cancelled") =>
  job({ state, problem: state === "failed" ? problemWith({ code: "qemu_missing" }) : null });

describe("news of a job", () => {
  it("is a new stage, or a new thing to wait for", () => {
    expect(news(running("prepare"), running("spawn"))?.text).toContain(en.stage.spawn.now);
    const waits = news(running("transfer"), running("transfer", "factory_builds"));
    expect(waits).toMatchObject({ urgent: false });
    expect(waits?.text).toContain("factory.talos.dev is building");
  });

  it("is not that more bytes came", () => {
    expect(news(running("transfer"), running("transfer"))).toBeUndefined();
  });

  it("is urgent once when it has to try again", () => {
    expect(news(running("transfer"), running("transfer", "retry"))?.urgent).toBe(true);
    expect(news(running("transfer", "retry"), running("transfer", "retry"))).toBeUndefined();
  });

  it("is how it ended, with the cause where it failed", () => {
    expect(news(running("run"), ended("done"))).toEqual({
      text: fill(en.jobDone.start, { name: "knossos" }),
      urgent: false,
      end: "done",
    });
    expect(news(running("run"), ended("failed"))).toEqual({
      text: fill(en.jobFailed.start, { name: "knossos", cause: "QEMU is missing" }),
      urgent: true,
      end: "failed",
    });
  });

  it("is that it was paused, without alarm", () => {
    const paused = job({ state: "paused", paused_at: "2026-03-20T09:00:00Z" });
    expect(news(running("transfer"), paused)).toMatchObject({ urgent: false });
    expect(news(running("transfer"), paused)?.text).toContain(en.jobState.paused);
  });

  it("is nothing where the person cancelled, or it had ended before", () => {
    expect(news(running("run"), ended("cancelled"))).toBeUndefined();
    expect(news(ended("done"), ended("done"))).toBeUndefined();
    expect(news(undefined, undefined)).toBeUndefined();
  });
});
