/** The cluster page with a program behind it that answers everything it asks. */
import { render, screen } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach } from "vitest";
import type { ClusterTab } from "../src/model/router.svelte";
import { session, start } from "../src/model/session.svelte";
import { toasts } from "../src/model/toasts.svelte";
import { FakePlatform } from "../src/platform/fake";
import * as sample from "../src/platform/fake/clusters";
import * as samples from "../src/platform/fake/samples";
import type { ClusterView } from "../src/platform/generated/api";
import ClusterPage from "../src/features/clusters/ClusterPage.svelte";
import FakeConsole from "./FakeConsole.svelte";

export const id = sample.CLUSTER_ID;
export const name = "knossos";
export const W = samples.MACHINE_ID.replace(/.$/, "2");
export const fake = new FakePlatform();
fake
  .answer("settings.get", () => samples.settings())
  .answer("app.info", () => samples.info())
  .answer("app.visible", () => ({}))
  .answer("cluster.start", () => ({ job: samples.JOB_ID }))
  .answer("cluster.stop", () => ({ job: samples.JOB_ID }))
  .answer("cluster.cancel", () => ({}))
  .answer("cluster.health", () => ({}))
  .answer("cluster.remove_worker", () => ({ job: samples.JOB_ID }))
  .answer("cluster.add_workers", () => ({ job: samples.JOB_ID }))
  .answer("cluster.delete", () => ({ trash_id: "t1", name }))
  .answer("cluster.loss", () => ({
    machines: ["knossos-cp-1", "knossos-w-1"],
    bytes: 3 * 2 ** 30,
    network: "knossos",
    image_kept: "Talos v1.13.9",
  }))
  .answer("cluster.tools", () => ({
    tools: [
      { tool: "headlamp", found: "/usr/bin/headlamp", missing: [], choose: false },
      { tool: "freelens", found: "/usr/bin/freelens", missing: [], choose: true },
      { tool: "terminal", found: "", missing: ["terminal", "kubectl"], choose: false },
    ],
  }))
  .answer("cluster.open_in", () => ({}))
  .answer("open", () => ({}))
  .answer("access.view", () => ({
    files: [],
    offers: [
      {
        kind: "kubeconfig",
        path: null,
        exists: false,
        leads_to: null,
        context: "admin@knossos",
        taken: null,
        replaces: false,
        becomes_current: false,
        obstacle: null,
      },
    ],
    authorities: [],
  }))
  .answer("access.save", () => ({ path: null }))
  .answer("cluster.recipe", () => ({ yaml: "crete_cluster: 1", file_name: "knossos.crete.yaml" }))
  .answer("cluster.save_recipe", () => ({ path: "/home/a/knossos.crete.yaml" }))
  .answer("cluster.commands", () => ({ steps: [{ code: "etcd", lines: ["talosctl bootstrap"] }] }))
  .answer("cluster.consequence", () => ({
    code: "quorum_lost",
    params: { left: "1", members: "3", needed: "2" },
    confirm: true,
  }))
  .answer("machine.strains", () => ({ strains: [] }))
  .answer("machine.stop", () => ({ job: samples.JOB_ID }))
  .answer("machine.force_off", () => ({}))
  .answer("machine.start", () => ({ job: samples.JOB_ID }))
  .answer("machine.cut", () => ({}))
  .answer("trash.restore", () => ({}));
await start(fake);

export const worker = (change = {}) =>
  sample.memberView({
    name: "w-1",
    hostname: "knossos-w-1",
    role: "worker",
    machine: W,
    address: "10.88.1.21",
    etcd: null,
    ...change,
  });
export const two = (change: Partial<ClusterView> = {}): ClusterView => {
  const whole = sample.cluster(change);
  const [first] = whole.spec.nodes;
  const nodes = [first!, { ...first!, name: "w-1", role: "worker" as const, machine: W }];
  return {
    ...whole,
    spec: { ...whole.spec, nodes },
    members: change.members ?? [sample.memberView(), worker()],
  };
};
export const allowed = (...wanted: string[]) =>
  sample.cluster().actions.map((view) => ({
    ...view,
    denied: wanted.includes(view.action) ? null : ("busy" as const),
  }));

/** The page of a cluster, whether there is one of this id or not. */
export const showPage = (of: string, tab: ClusterTab = "overview", chosen = "") =>
  render(ClusterPage, { id: of, tab, chosen, Console: FakeConsole });
export function show(cluster: ClusterView, tab: ClusterTab = "overview", chosen = "") {
  fake.snapshot("clusters", { [id]: cluster });
  return showPage(id, tab, chosen);
}
export const button = (label: string | RegExp) =>
  screen.getByRole<HTMLButtonElement>("button", { name: label });
export const press = (label: string | RegExp) => userEvent.click(button(label));

beforeEach(() => {
  fake.calls.length = 0;
  session.connection = "live";
  fake.snapshot("jobs", {});
  fake.snapshot("machines", {
    [samples.MACHINE_ID]: samples.machine(),
    [W]: { ...samples.machine(), spec: { ...samples.machine().spec, id: W } } as never,
  });
  fake.snapshot("networks", {
    [samples.NETWORK_ID]: samples.network({ spec: samples.networkSpec({ name }) }),
  });
  for (const toast of [...toasts.list]) toasts.dismiss(toast.id);
});
