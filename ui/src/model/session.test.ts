/** Coming back to the window: a computer with something wrong is checked again, and not too often. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FakePlatform } from "../platform/fake";
import * as sample from "../platform/fake/samples";
import type { CheckState, HostReport } from "../platform/generated/api";
import { start } from "./session.svelte";

const report = (state: CheckState): HostReport => ({
  verdict: state === "failed" ? "blocked" : "ready",
  accelerator: "kvm",
  arch: "amd64",
  checks: [{ code: "qemu", state, cause: "fine", params: {}, evidence: [], remedies: [] }],
  qemu: [],
  qemu_img: null,
  pkexec: null,
  firmware: [],
  checked_at: "2026-03-20T09:00:00Z",
});

vi.useFakeTimers({ toFake: ["performance"] });
const fake = new FakePlatform();
fake
  .answer("settings.get", () => sample.settings())
  .answer("app.info", () => sample.info())
  .answer("app.visible", () => ({}))
  .answer("host.check", () => report("failed"));
await start(fake);

const comeBack = (): boolean => window.dispatchEvent(new Event("focus"));
const checked = (): number => fake.requests("host.check").length;

beforeEach(() => {
  fake.calls.length = 0;
});

afterEach(() => {
  vi.advanceTimersByTime(60_000);
});

it("a computer with something wrong is checked again, once in a few seconds", () => {
  fake.snapshot("host", { host: report("failed") });
  comeBack();
  expect(checked()).toBe(1);
  vi.advanceTimersByTime(4000);
  comeBack();
  expect(checked()).toBe(1);
  vi.advanceTimersByTime(2000);
  comeBack();
  expect(checked()).toBe(2);
});

it("what is only slower than it could be is wrong enough", () => {
  fake.snapshot("host", { host: report("limited") });
  comeBack();
  expect(checked()).toBe(1);
});

it("a computer that is as it should be, or was not checked yet, is left alone", () => {
  fake.snapshot("host", { host: report("ok") });
  comeBack();
  fake.snapshot("host", {});
  comeBack();
  expect(checked()).toBe(0);
});
