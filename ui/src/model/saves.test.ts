import { expect, it } from "vitest";
import * as sample from "../platform/fake/samples";
import type { Job, JobState } from "../platform/generated/api";
import { lastFolder, saveOf, setView } from "./saves";

const FILE = {
  asset: "kernel-amd64",
  version: "v1.13.9",
  schematic: "ab",
  kind: "kernel",
} as const;

const save = (id: string, file_name: string, state: JobState, folder = "/files"): Job =>
  sample.job({
    id,
    state,
    subject: file_name,
    request: {
      kind: "save",
      order: {
        folder,
        file_name,
        output: "kernel",
        asset: file_name,
        version: FILE.version,
        recipe: null,
        schematic_id: FILE.schematic,
        set: { id: "s", count: 3 },
      },
    },
  });

it("remembers the folder of the newest file", () => {
  const other = sample.job({});
  expect(lastFolder([other])).toBe("");
  const jobs = [other, save("2", "a", "failed", "/new"), save("1", "a", "done", "/old")];
  expect(lastFolder(jobs)).toBe("/new");
});

it("finds the newest job of a file, of this schematic and version alone", () => {
  const jobs = [save("2", FILE.asset, "running"), save("1", FILE.asset, "done")];
  expect(saveOf(jobs, FILE)?.id).toBe("2");
  expect(saveOf(jobs, { ...FILE, schematic: "cd" })).toBeUndefined();
  expect(saveOf(jobs, { ...FILE, version: "v1.12.0" })).toBeUndefined();
});

it("tells of a set what is there and what can be gone on with", () => {
  const first = [save("3", "tool", "running"), save("2", "b", "failed"), save("1", "a", "done")];
  expect(setView(first)).toEqual({
    count: 3,
    done: 1,
    missing: [{ name: "b", job: "2" }],
    state: "running",
  });
  const again = [save("4", "b", "done"), ...first.slice(1)];
  expect(setView(again)).toEqual({ count: 3, done: 2, missing: [], state: "done" });
});
