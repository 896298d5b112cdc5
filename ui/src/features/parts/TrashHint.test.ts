/** Where space is short, the trash is named with what it holds, and only if it holds anything. */
import { render, screen } from "@testing-library/svelte";
import { beforeEach, expect, it } from "vitest";
import { en, fill } from "../../messages";
import { start } from "../../model/session.svelte";
import { FakePlatform, problemWith } from "../../platform/fake";
import * as sample from "../../platform/fake/samples";
import type { Strain } from "../../platform/generated/api";
import ProblemPanel from "./ProblemPanel.svelte";
import Strains from "./Strains.svelte";

const fake = new FakePlatform();
fake
  .answer("settings.get", () => sample.settings())
  .answer("app.info", () => sample.info())
  .answer("app.visible", () => ({}));
await start(fake);

const full = problemWith({
  code: "disk_full",
  params: { path: "/data", needed: "2", free: "1" },
  remedies: [{ kind: "free_space", path: "/data" }],
});
const SIZES = { vcpus: 2, memory_mib: 2048, disk_gib: 10, machine: null };
const said = fill(en.trash.look, { bytes: "3.0 GiB" });
const hint = () => screen.queryByRole("link", { name: said });

function strained(code: Strain["code"], params: Strain["params"]): void {
  const strains = [{ code, params, refused: false }];
  fake.answer("machine.strains", () => ({ strains }));
  render(Strains, { sizes: SIZES });
}

beforeEach(() => fake.snapshot("trash", { t1: sample.trashed() }));

it("a full disk names the trash, with the way to it", () => {
  render(ProblemPanel, { problem: full });
  expect(hint()?.getAttribute("href")).toBe("#/trash");
});

it("an empty trash, or one that takes nothing, is not named", () => {
  fake.snapshot("trash", { t1: sample.trashed({ bytes: 0 }) });
  render(ProblemPanel, { problem: full });
  screen.getByText(fill(en.remedy.free_space, { path: "/data" }));
  expect(screen.queryByRole("link")).toBeNull();
});

it.each(["disk_short", "disk_promised"] as const)(
  "%s names it where sizes are chosen",
  async (code) => {
    strained(code, { size: "9", promised: "9", free: "1" });
    await screen.findByRole("link", { name: said });
  },
);

it("other strains have nothing to do with it", async () => {
  strained("processors", { vcpus: "8", cpus: "7" });
  await screen.findByText(fill(en.strain.processors, { vcpus: "8", cpus: "7" }));
  expect(hint()).toBeNull();
});
