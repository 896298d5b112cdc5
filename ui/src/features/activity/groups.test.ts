import { expect, it } from "vitest";
import * as sample from "../../platform/fake/samples";
import type { Job } from "../../platform/generated/api";
import { group, together } from "./groups";

const job = (id: string, set: string | null): Job =>
  sample.job({
    id,
    request: {
      kind: "save",
      order: {
        folder: "/files",
        file_name: id,
        output: "kernel",
        asset: id,
        version: "v1.13.9",
        recipe: null,
        schematic_id: "ab",
        set: set === null ? null : { id: set, count: 2 },
      },
    },
  });

it("brings the files of a set together, the others stay where they are", () => {
  const jobs = [job("5", "s"), job("4", null), job("3", "s"), job("2", "t"), job("1", "t")];
  const lines = together(
    jobs.map(({ id }) => id),
    (id) => jobs.find((each) => each.id === id),
  );
  expect(lines.map(({ id, set }) => [id, set ?? ""])).toEqual([
    ["5", "s"],
    ["3", ""],
    ["4", ""],
    ["2", "t"],
    ["1", ""],
  ]);
});

it("a set stays whole while one of its files is under way", () => {
  const running = job("3", "s");
  const jobs = [running, { ...job("2", null), state: "done" }, { ...job("1", "s"), state: "done" }];
  const groups = group(["3", "2", "1"], (id) => (jobs as Job[]).find((each) => each.id === id));
  expect(groups.map(({ ids }) => ids)).toEqual([["3", "1"], ["2"]]);
});
