import { expect, it } from "vitest";
import * as sample from "../../platform/fake/samples";
import type { Job } from "../../platform/generated/api";
import { together } from "./groups";

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
  expect(lines.map(({ id, set }) => [id, set?.length ?? 0])).toEqual([
    ["5", 2],
    ["3", 0],
    ["4", 0],
    ["2", 2],
    ["1", 0],
  ]);
});
