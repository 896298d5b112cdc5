/** Patches of a cluster that lives: read, written, compared, applied in order, stopped, taken back. */
import { render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { count, en, fill } from "../../../messages";
import { words } from "../../../messages/clusters";
import { start } from "../../../model/session.svelte";
import { FakePlatform } from "../../../platform/fake";
import * as sample from "../../../platform/fake/clusters";
import * as samples from "../../../platform/fake/samples";
import type {
  ApplyTakes,
  ChangeState,
  ClusterPatches,
  ClusterView,
  MachineComparison,
  PatchesComparison,
} from "../../../platform/generated/api";
import ConfigTab from "../ConfigTab.svelte";

const own = words.config;
const id = sample.CLUSTER_ID;
const PATCHES: ClusterPatches = {
  cluster: ["machine:\n  time:\n    servers: []\n"],
  control_plane: [],
  worker: [],
  nodes: [{ node: "cp-1", patches: ["machine: {}\n"] }],
};
const machine = (hostname: string, takes: ApplyTakes, asked = true): MachineComparison => ({
  machine: hostname,
  hostname,
  role: hostname.includes("cp") ? "control_plane" : "worker",
  asked,
  comparison: {
    changes:
      takes === "nothing"
        ? []
        : [
            {
              document: "",
              path: "machine.sysctls.vm",
              way: "added",
              before: null,
              after: "7",
              secret: false,
              needs_reboot: takes === "reboot",
            },
          ],
    rows: [],
    findings: [],
    takes,
    modes: [],
  },
});

let compared: PatchesComparison;
const fake = new FakePlatform();
fake
  .answer("settings.get", () => samples.settings())
  .answer("app.info", () => samples.info())
  .answer("app.visible", () => ({}))
  .answer("config.keys", () => ({ minor: "1.13", main: "Main", kinds: {}, records: {} }))
  .answer("config.check", () => ({ minor: "1.13", findings: [] }))
  .answer("cluster.compare_patches", () => compared)
  .answer("cluster.change_patches", () => ({ job: samples.JOB_ID }))
  .answer("cluster.revert_patches", () => ({ job: samples.JOB_ID }))
  .answer("job.cancel", () => ({}));
await start(fake);

const attempt = vi.fn(async (work: () => Promise<unknown>) => {
  await work();
  return true;
});
const cluster = (change: Partial<ClusterView> = {}, spec = {}): ClusterView => {
  const whole = sample.cluster(change);
  return { ...whole, spec: { ...whole.spec, patches: PATCHES, ...spec } };
};
const changed = (state: ChangeState) => ({
  change: {
    state,
    begun_at: "2026-03-20T09:00:00Z",
    ended_at: state === "rolling" ? null : "2026-03-20T09:05:00Z",
    before: { cluster: [], control_plane: [], worker: [], nodes: [] },
  },
});
const press = async (name: string) => userEvent.click(await screen.findByRole("button", { name }));

beforeEach(() => {
  fake.calls.length = 0;
  compared = {
    fields: [],
    machines: [machine("knossos-cp-1", "reboot"), machine("knossos-w-1", "nothing", false)],
  };
});

it("shows whom each patch is for", () => {
  render(ConfigTab, { cluster: cluster(), attempt });
  screen.getByRole("region", { name: words.form.patchAll });
  screen.getByRole("region", { name: "cp-1" });
});

it("compares before it applies, in order, with what it takes", async () => {
  render(ConfigTab, { cluster: cluster(), attempt });
  await press(own.edit);
  expect(screen.queryByRole("button", { name: count(own.apply, 1) })).toBeNull();
  await press(words.form.removePatch.replace("{n}", "2"));
  await press(own.compare);
  const wanted = { ...PATCHES, nodes: [] };
  expect(fake.requests("cluster.compare_patches")).toEqual([{ cluster: id, patches: wanted }]);
  const changes = within(await screen.findByRole("region", { name: own.changes }));
  const names = changes.getAllByText(/^knossos-/, { selector: "b" }).map((one) => one.textContent);
  expect(names).toEqual(["knossos-cp-1", "knossos-w-1"]);
  changes.getByText(`${count(own.count, 1)}, ${own.takes.reboot}`);
  changes.getByText(own.takes.nothing);
  changes.getByText(count(own.restarts, 1));
  changes.getByText(own.alone);
  changes.getByText(own.asked);
  changes.getByText(own.notAsked);
  await press(count(own.apply, 1));
  expect(fake.requests("cluster.change_patches")).toEqual([{ cluster: id, patches: wanted }]);
  await screen.findByRole("button", { name: own.edit });
});

it("what Talos would refuse stands at its patch, and nothing can be applied", async () => {
  compared = {
    fields: [{ field: "patches.cluster.0", code: "not_a_patch", params: { reason: "no mapping" } }],
    machines: [],
  };
  render(ConfigTab, { cluster: cluster(), attempt });
  await press(own.edit);
  await press(own.compare);
  await screen.findByText(fill(en.field.not_a_patch, { reason: "no mapping" }));
  expect(screen.queryByRole("region", { name: own.changes })).toBeNull();
});

it("says that nothing would change", async () => {
  compared = { fields: [], machines: [machine("knossos-cp-1", "nothing")] };
  render(ConfigTab, { cluster: cluster(), attempt });
  await press(own.edit);
  await press(own.compare);
  await screen.findByText(own.nothing);
  expect(screen.queryByRole("button", { name: /^Change/ })).toBeNull();
});

it("while it goes on shows how far it is, and stops where it is", async () => {
  const timeline = {
    started_at: "2026-03-20T09:00:00Z",
    ended_at: null,
    usual_s: null,
    steps: [
      {
        code: "change_control_planes" as const,
        started_at: "2026-03-20T09:00:00Z",
        ended_at: null,
        usual_s: null,
        done: 1,
        of: 3,
      },
      {
        code: "health_checks" as const,
        started_at: null,
        ended_at: null,
        usual_s: null,
        done: 0,
        of: 16,
      },
    ],
  };
  const view = cluster({ job: samples.JOB_ID, timeline }, changed("rolling"));
  render(ConfigTab, { cluster: view, attempt });
  screen.getByText(own.state.rolling);
  const steps = within(screen.getByRole("list", { name: words.page.steps }));
  const [first, last] = steps.getAllByRole("listitem");
  expect(first?.textContent).toContain("1 of 3");
  expect(last?.textContent).toContain(words.page.parts.check);
  screen.getByText(fill(own.notNow, { why: en.clusters.denied.busy }));
  await press(own.stop);
  expect(fake.requests("job.cancel")).toEqual([{ job: samples.JOB_ID }]);
});

it("one that stopped goes on, and one that is done is taken back after a question", async () => {
  const { unmount } = render(ConfigTab, { cluster: cluster({}, changed("stopped")), attempt });
  await press(own.goOn);
  expect(fake.requests("cluster.change_patches")).toEqual([{ cluster: id, patches: PATCHES }]);
  unmount();
  render(ConfigTab, { cluster: cluster({}, changed("done")), attempt });
  await press(own.revert);
  const dialog = within(await screen.findByRole("dialog"));
  dialog.getByText(own.revertGoes);
  await userEvent.click(dialog.getByRole("button", { name: own.revertVerb }));
  await waitFor(() => expect(fake.requests("cluster.revert_patches")).toEqual([{ cluster: id }]));
});

it("says why it cannot be changed now", () => {
  const whole = cluster({ phase: "stopped" });
  const actions = whole.actions.map((one) =>
    one.action === "configure" ? { ...one, denied: "not_running" as const } : one,
  );
  render(ConfigTab, { cluster: { ...whole, actions }, attempt });
  expect(screen.getByRole<HTMLButtonElement>("button", { name: own.edit }).disabled).toBe(true);
  screen.getByText(fill(own.notNow, { why: en.clusters.denied.not_running }));
});

it("an error of comparing is told and leaves what was written", async () => {
  render(ConfigTab, { cluster: cluster(), attempt });
  fake.refuse("cluster.compare_patches", { code: "internal" });
  await press(own.edit);
  await press(own.compare);
  await screen.findByRole("alert");
  screen.getByRole("button", { name: own.discard });
  fake.answer("cluster.compare_patches", () => compared);
});
