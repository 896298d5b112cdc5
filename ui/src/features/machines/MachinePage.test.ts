/** One machine: why it is as it is, and what can be done about it. */
import { render, screen, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { en, fill } from "../../messages";
import { router } from "../../model/router.svelte";
import { start } from "../../model/session.svelte";
import { toasts } from "../../model/toasts.svelte";
import { FakePlatform, problemWith } from "../../platform/fake";
import { words } from "../../messages/clusters";
import * as clusters from "../../platform/fake/clusters";
import * as sample from "../../platform/fake/samples";
import type { ActionView, MachineView } from "../../platform/generated/api";
import Empty from "../../design/Skeleton.svelte";
import MachineRow from "../parts/MachineRow.svelte";
import MachinePage from "./MachinePage.svelte";

const fake = new FakePlatform();
fake
  .answer("settings.get", () => sample.settings())
  .answer("app.info", () => sample.info())
  .answer("app.visible", () => ({}))
  .answer("machine.force_off", () => ({}))
  .answer("machine.stop", () => ({ job: sample.JOB_ID }))
  .answer("cluster.consequence", () => ({
    code: "quorum_lost",
    params: { left: "1", members: "3", needed: "2" },
    confirm: true,
  }))
  .answer("machine.loss", () => ({ bytes: 2 ** 30, machines: [] }))
  .answer("machine.delete", () => ({ trash_id: "t1", name: "knossos" }))
  .answer("trash.restore", () => ({}));
await start(fake);

const id = sample.MACHINE_ID;
const Console = Empty as never;
const show = (machine: MachineView) => {
  fake.snapshot("machines", { [id]: machine });
  return render(MachinePage, { id, tab: "console", Console, Node: Console });
};
const running: ActionView[] = [
  { action: "start", denied: "still_running" },
  { action: "stop", denied: null },
  { action: "force_off", denied: null },
  { action: "delete", denied: "still_running" },
];
function stopping(seconds: number): MachineView {
  const {
    state: _,
    exit: __,
    ...rest
  } = sample.machine() as Extract<MachineView, { state: "stopped" }>;
  return {
    ...rest,
    actions: running.map((view) =>
      view.action === "stop" ? { ...view, denied: "stopping" } : view,
    ),
    state: "stopping",
    rung: "acpi",
    since: new Date(Date.now() - 1000 * (30 - seconds)).toISOString(),
    deadline_s: 30,
  };
}

beforeEach(() => {
  fake.calls.length = 0;
  fake.snapshot("images", { [sample.IMAGE_ID]: sample.image() });
  fake.snapshot("clusters", {});
  for (const toast of [...toasts.list]) toasts.dismiss(toast.id);
});

it("a machine that did not start says why, object first, and can be tried again", async () => {
  const problem = problemWith({
    code: "qemu_missing",
    params: { arch: "amd64" },
    remedies: [{ kind: "open_host_check" }],
  });
  show(sample.machine({ exit: { reason: "start_failed", problem } }));
  const panel = screen.getByRole("alert");
  within(panel).getByRole("heading", { name: "knossos could not start: QEMU is missing" });
  within(panel).getByText(en.problem.qemu_missing.safe);
  fake.answer("machine.start", () => ({ job: null }));
  await userEvent.click(within(panel).getByRole("button", { name: en.machines.start }));
  expect(fake.requests("machine.start")).toEqual([{ machine: id }]);
});

it("QEMU's last words are shown where it ended by itself", () => {
  show(
    sample.machine({
      exit: { reason: "qemu_exited", status: 1, signal: null, words: "no such device" },
    }),
  );
  screen.getByText("no such device");
  screen.getByText("QEMU ended by itself (status 1)");
});

it("while it stops, what comes next is counted down, and the plug is in reach", async () => {
  show(stopping(20));
  screen.getByText(/asked harder in 0:(19|20)/);
  await userEvent.click(screen.getByRole("button", { name: en.machines.force }));
  const dialog = screen.getByRole("dialog");
  expect(document.activeElement?.textContent).toContain(en.machines.wait);
  await userEvent.click(within(dialog).getByRole("button", { name: en.machines.force }));
  expect(fake.requests("machine.force_off")).toEqual([{ machine: id }]);
});

it("deleting counts what goes, and can be undone", async () => {
  router.go({ page: "home" });
  show(sample.machine());
  await userEvent.click(screen.getByRole("button", { name: "More actions for knossos" }));
  await userEvent.click(screen.getByRole("menuitem", { name: en.common.delete }));
  const dialog = await screen.findByRole("dialog");
  within(dialog).getByText(fill(en.machines.deleteGoes, { bytes: "1.0 GiB" }));
  await userEvent.click(within(dialog).getByRole("button", { name: "Delete knossos" }));
  await vi.waitFor(() => expect(router.route.page).toBe("machines"));
  const [toast] = toasts.list;
  expect(toast).toMatchObject({ undo: true, title: "knossos is in the trash" });
  await toast?.action?.run();
  expect(fake.requests("trash.restore")).toEqual([{ trash_id: "t1" }]);
});

/** The card that tells where a machine is plugged in. */
const plug = (member: Parameters<typeof sample.member>[0] = {}) => {
  const network = sample.network({
    machines: [sample.member(member)],
    spec: sample.networkSpec({ forwards: [sample.forward()] }),
    forwards: [sample.forwardView()],
  });
  fake.snapshot("networks", { [sample.NETWORK_ID]: network });
  show(sample.machine());
  return within(screen.getByRole("region", { name: en.networks.network }));
};

it("tells where it is plugged in, its addresses, and the ports that lead to it", () => {
  const card = plug();
  const link = card.getByRole("link", { name: "default" });
  expect(link.getAttribute("href")).toBe(`#/networks/${sample.NETWORK_ID}?machine=${id}`);
  card.getByText("10.88.1.21");
  card.getByRole("button", { name: "Copy 127.88.1.21" });
  card.getByText("127.88.1.21:6443");
  expect(card.queryByText(en.networks.cutHere)).toBeNull();
});

it("a link that is cut is said, and mended from here", async () => {
  fake.answer("machine.cut", () => ({}));
  const card = plug({ cut: true });
  card.getByText(en.networks.cutHere);
  await userEvent.click(card.getByRole("button", { name: en.networks.mend }));
  expect(fake.requests("machine.cut")).toEqual([{ machine: id, cut: false }]);
});

it("a port that leads to it is opened from here", async () => {
  fake
    .answer("forward.check", () => ({ fields: [] }))
    .answer("forward.offer", ({ port }) => ({
      listen: "127.88.1.21",
      listen_port: port,
      taken_by: null,
      privileged: false,
    }))
    .answer("forward.open", () => ({ forward: "new" }));
  const card = plug();
  await userEvent.click(card.getByRole("button", { name: en.networks.openPort }));
  const dialog = within(screen.getByRole("dialog", { name: en.networks.portTitle }));
  const open = dialog.getByRole<HTMLButtonElement>("button", { name: en.networks.openDo });
  await vi.waitFor(() => expect(open.disabled).toBe(false));
  await userEvent.click(open);
  expect(fake.requests("forward.open")).toMatchObject([{ machine: id, port: 6443 }]);
});

it("a machine whose network is gone says so, and can be moved", async () => {
  fake.answer("machine.connect", () => ({}));
  fake.snapshot("networks", { [sample.NETWORK_ID]: sample.networkOff({ machines: [] }) });
  show(sample.machine());
  screen.getByText(en.networks.unplugged);
  await userEvent.click(screen.getByRole("button", { name: en.networks.move }));
  await userEvent.click(screen.getByRole("button", { name: "Move knossos" }));
  expect(fake.requests("machine.connect")).toEqual([{ machine: id, network: sample.NETWORK_ID }]);
});

it("what cannot be done now says why", async () => {
  show(sample.machine({ actions: [{ action: "start", denied: "arch_not_runnable" }] }));
  expect(screen.getByRole<HTMLButtonElement>("button", { name: en.machines.start }).disabled).toBe(
    true,
  );
  screen.getByText(en.deny.arch_not_runnable);
});

it("a machine that is gone is said so, and one that is not known yet is waited for", () => {
  fake.snapshot("machines", {});
  render(MachinePage, { id: "other", tab: "console", Console, Node: Console });
  screen.getByRole("heading", { level: 1, name: en.machines.gone });
});

/** A machine that is on, alone. */
const on = (): MachineView => {
  const { state: _, exit: __, ...rest } = stopped();
  return {
    ...rest,
    actions: running,
    state: "running",
    since: new Date().toISOString(),
    adopted: false,
  } as MachineView;
};
const stopped = () => sample.machine() as Extract<MachineView, { state: "stopped" }>;
const quorum = /would leave 1 of 3 control planes, and 2 are needed: the cluster stops/;
const asked = { cluster: clusters.CLUSTER_ID, machine: id, deed: "stop" };

it("a machine alone is stopped without a question", async () => {
  show(on());
  await userEvent.click(screen.getByRole("button", { name: en.machines.stop }));
  expect(fake.requests("machine.stop")).toEqual([{ machine: id }]);
  expect(fake.requests("cluster.consequence")).toEqual([]);
});

it("a machine of a cluster is stopped only after the arithmetic was said", async () => {
  fake.snapshot("clusters", { [clusters.CLUSTER_ID]: clusters.cluster() });
  show(on());
  await userEvent.click(screen.getByRole("button", { name: en.machines.stop }));
  const dialog = within(await screen.findByRole("dialog"));
  dialog.getByText(quorum);
  expect(fake.requests("cluster.consequence")).toEqual([asked]);
  expect(fake.requests("machine.stop")).toEqual([]);
  const stop = fill(words.machines.stopName, { name: "knossos" });
  await userEvent.click(dialog.getByRole("button", { name: stop }));
  expect(fake.requests("machine.stop")).toEqual([{ machine: id }]);
});

it("so is its plug pulled", async () => {
  fake.snapshot("clusters", { [clusters.CLUSTER_ID]: clusters.cluster() });
  show(stopping(5));
  await userEvent.click(screen.getByRole("button", { name: en.machines.force }));
  const dialog = within(await screen.findByRole("dialog"));
  dialog.getByText(quorum);
  dialog.getByText(en.machines.forceGoes);
  await userEvent.click(dialog.getByRole("button", { name: en.machines.force }));
  expect(fake.requests("machine.force_off")).toEqual([{ machine: id }]);
});

it("so is one in a list, and what cannot be told is said where it was asked", async () => {
  fake.snapshot("clusters", { [clusters.CLUSTER_ID]: clusters.cluster() });
  render(MachineRow, { machine: on() });
  const label = fill(en.palette.stop, { name: "knossos" });
  await userEvent.click(screen.getByRole("button", { name: label }));
  const dialog = within(await screen.findByRole("dialog"));
  dialog.getByText(quorum);
  await userEvent.click(dialog.getByRole("button", { name: en.common.cancel }));
  expect(fake.requests("machine.stop")).toEqual([]);
  await vi.waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  fake.refuse("cluster.consequence", { code: "not_found" });
  await userEvent.click(screen.getByRole("button", { name: label }));
  await screen.findByRole("alert");
  expect(fake.requests("machine.stop")).toEqual([]);
});
