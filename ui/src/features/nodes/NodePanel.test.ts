/** A machine's node: every state it can be met in, and what can be asked of it. */
import { render, screen, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import type { EditorView } from "@codemirror/view";
import { tick } from "svelte";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { en, fill } from "../../messages";
import type { NodeTab } from "../../model/router.svelte";
import { router } from "../../model/router.svelte";
import { start } from "../../model/session.svelte";
import { FakePlatform, problemWith } from "../../platform/fake";
import * as nodes from "../../platform/fake/nodes";
import * as sample from "../../platform/fake/samples";
import type { MachineView, NodeConfig, NodeFacts, NodeView } from "../../platform/generated/api";
import NodePanel from "./NodePanel.svelte";

const words = en.node;
const id = sample.MACHINE_ID;
const config: NodeConfig = {
  text: "machine:\n  token: s3cret\n  type: worker\n",
  secrets: [2],
  origins: [],
  version: "v1.13.9",
  maintenance: false,
  staged: false,
};
const fake = new FakePlatform();
fake
  .answer("settings.get", () => sample.settings())
  .answer("app.info", () => sample.info())
  .answer("app.visible", () => ({}))
  .answer("node.look", () => ({}))
  .answer("node.unlook", () => ({}))
  .answer("node.logs", () => ({ services: ["kubelet", "machined"], containers: [] }))
  .answer("node.config", () => config)
  .answer("config.keys", () => ({ minor: "1.13", main: "", kinds: {}, records: {} }))
  .answer("config.check", () => ({ minor: "1.13", findings: [] }));
await start(fake);

/** The editor of the configuration; it comes when it is first needed. */
async function editor(): Promise<EditorView> {
  const field = await screen.findByRole("textbox", { name: "Configuration of knossos" });
  const { EditorView } = await import("@codemirror/view");
  const view = EditorView.findFromDOM(field);
  if (!view) throw new Error("there is no editor");
  return view;
}

const {
  state: _,
  exit: __,
  ...rest
} = sample.machine() as Extract<MachineView, { state: "stopped" }>;
const running: MachineView = {
  ...rest,
  pid: 7,
  state: "running",
  since: "2026-03-20T09:00:00Z",
  adopted: false,
};

function show(node: NodeView | undefined, tab: NodeTab = "talos", facts: NodeFacts[] = []) {
  fake.snapshot("nodes", node ? { [id]: node } : {});
  fake.snapshot(
    "facts",
    Object.fromEntries(facts.map((fact) => [`${fact.machine}/${fact.kind}`, fact])),
  );
  return render(NodePanel, { machine: running, tab });
}

beforeEach(() => {
  fake.calls.length = 0;
  fake.streams.length = 0;
  fake.snapshot("figures", {});
});

describe("it is looked at only while it is shown", () => {
  it("and again when the connection was made anew", async () => {
    const { unmount } = show(nodes.node());
    await vi.waitFor(() => expect(fake.requests("node.look")).toHaveLength(1));
    const [look] = fake.requests("node.look");
    expect(look).toMatchObject({ machine: id, full: true });
    fake.snapshot("nodes", { [id]: nodes.node() });
    await vi.waitFor(() => expect(fake.requests("node.look")).toHaveLength(2));
    expect(fake.requests("node.look")[1]).toEqual(look);
    unmount();
    await vi.waitFor(() =>
      expect(fake.requests("node.unlook")).toEqual([{ look: look?.look ?? 0 }]),
    );
    fake.snapshot("nodes", { [id]: nodes.node() });
    expect(fake.requests("node.look")).toHaveLength(2);
  });
});

describe("every state is said", () => {
  it("off", () => {
    fake.snapshot("nodes", {});
    render(NodePanel, { machine: sample.machine(), tab: "talos" });
    screen.getByRole("heading", { name: words.presence.off });
  });
  it("not looked at yet", () => {
    show(undefined);
    screen.getByRole("status", { name: words.absent.looking });
  });
  it.each(["starting", "silent"] as const)("%s, and nothing is known", (presence) => {
    show(nodes.node({ presence, says: null }));
    screen.getByRole("heading", { name: words.presence[presence] });
    screen.getByText(words.absent[presence]);
  });
  it("old, with its age, while what was known stays", () => {
    const stale_since = new Date(Date.now() - 40_000).toISOString();
    show(nodes.node({ presence: "silent", stale_since }));
    screen.getByText(/Last heard (39|4\d) s ago/);
    screen.getByText("knossos-cp-1");
  });
  it("without credentials, which can be given from here", async () => {
    const problem = problemWith({
      code: "talos_client_required",
      params: { name: "knossos" },
      remedies: [{ kind: "treat_as_configured" }],
    });
    fake
      .answer("dialog.file", () => ({ path: "/home/a/talosconfig" }))
      .answer("node.credentials", () => ({}));
    show(nodes.node({ presence: "no_credentials", says: null, problem }));
    screen.getByRole("heading", { name: "Crete has no credentials for knossos" });
    await userEvent.click(screen.getByRole("button", { name: words.give }));
    expect(fake.requests("node.credentials")).toEqual([
      { machine: id, path: "/home/a/talosconfig", context: null },
    ]);
    // Where there are no dialogs, the path is written by hand.
    fake.calls.length = 0;
    const path = screen.getByLabelText(words.givePath);
    await userEvent.clear(path);
    await userEvent.type(path, "/home/b/talosconfig");
    await userEvent.click(screen.getByRole("button", { name: words.giveDo }));
    expect(fake.requests("node.credentials")).toEqual([
      { machine: id, path: "/home/b/talosconfig", context: null },
    ]);
  });
  it("of another cluster", () => {
    const problem = problemWith({
      code: "talos_another_authority",
      params: { name: "knossos" },
      remedies: [{ kind: "use_its_secrets" }],
    });
    show(nodes.node({ presence: "another_cluster", says: null, problem }));
    screen.getByRole("heading", { name: "knossos belongs to another cluster" });
    screen.getByText(en.remedy.use_its_secrets);
  });
  it("with another certificate than expected, which a person may accept", async () => {
    const problem = problemWith({
      code: "talos_pin_changed",
      params: { name: "knossos", expected: "AAA=", seen: "BBB=" },
      remedies: [{ kind: "compare_fingerprint" }],
    });
    fake.answer("node.accept", () => ({}));
    show(nodes.node({ presence: "maintenance", says: null, problem }));
    screen.getByText(/Expected was the fingerprint AAA=, and it shows BBB=/);
    await userEvent.click(screen.getByRole("button", { name: words.accept }));
    expect(fake.requests("node.accept")).toEqual([{ machine: id, fingerprint: "BBB=" }]);
  });
});

describe("the overview", () => {
  it("tells the stage and what is waited for", () => {
    const unmet = [{ name: "services", reason: "etcd not running" }];
    show(nodes.node({ says: nodes.says({ ready: false, unmet }) }));
    const state = within(screen.getByRole("region", { name: words.state }));
    state.getByText(words.stage.running);
    state.getByText("etcd not running");
    expect(state.queryByText(words.ready)).toBeNull();
  });
  it("tells how a fingerprint is known", () => {
    const maintenance = nodes.says({ stage: "maintenance", role: null });
    show(nodes.node({ presence: "maintenance", fingerprint: "AAA=", says: maintenance }));
    screen.getByText("AAA=");
    screen.getByText(words.fingerprintFirst);
  });
  it("shows live figures with their present values", async () => {
    show(nodes.node());
    fake.upsert("figures", id, nodes.figures(22));
    const live = within(screen.getByRole("region", { name: words.live }));
    await live.findByText("22 %");
    live.getByText("1.0 GiB of 4.0 GiB");
    live.getByText("2 KiB/s in, 1 KiB/s out");
    live.getByRole("img", { name: "CPU, the last five minutes; now 22 %" });
  });
  it("says where this Talos tells no figures", async () => {
    const problem = problemWith({
      code: "talos_not_offered",
      params: { name: "knossos", call: "SystemStat" },
    });
    show(nodes.node());
    fake.snapshot("figures", { [id]: { machine: id, figures: null, problem } });
    await screen.findByText(/The Talos on knossos has no SystemStat/);
  });
  it("names what Talos finds wrong, etcd's alarms and pods that crash", () => {
    show(nodes.node(), "talos", [
      nodes.facts({
        kind: "diagnostics",
        list: [{ id: "kubelet-csr", message: "kubelet CSR is pending", details: ["not approved"] }],
      }),
      nodes.facts({
        kind: "etcd",
        list: [
          {
            id: "1",
            hostname: "knossos-cp-1",
            learner: false,
            own: true,
            leads: true,
            size: 20,
            alarms: ["nospace"],
          },
        ],
      }),
      nodes.facts({
        kind: "static_pods",
        list: [
          {
            id: "kube-system/kube-apiserver",
            phase: "Running",
            ready: false,
            restarts: 3,
            waiting: "CrashLoopBackOff",
          },
        ],
      }),
    ]);
    screen.getByText("kubelet CSR is pending");
    screen.getByText("alarms: nospace");
    screen.getByText("CrashLoopBackOff, started again 3 times");
  });
  it("counts what a reset takes before it happens", async () => {
    const volume = { phase: "ready", location: "", filesystem: "xfs", encrypted: false, error: "" };
    fake
      .answer("node.reset_loss", () => ({
        role: "control_plane" as const,
        disk: "vda",
        volumes: [{ id: "EPHEMERAL", size: 2 ** 30, ...volume }],
        etcd_members: 1,
        last_member: true,
        unbootable: false,
      }))
      .answer("node.reset", () => ({}));
    show(nodes.node());
    await userEvent.click(screen.getByRole("button", { name: "Restart and more for knossos" }));
    await userEvent.click(screen.getByRole("menuitem", { name: words.reset }));
    const dialog = within(await screen.findByRole("dialog"));
    dialog.getByText(words.resetLast);
    dialog.getByText("EPHEMERAL, 1.0 GiB");
    await userEvent.click(dialog.getByRole("button", { name: "Wipe knossos" }));
    expect(fake.requests("node.reset")).toEqual([
      { machine: id, plan: { wipe: "back_to_maintenance", graceful: false, reboot: true } },
    ]);
  });
});

describe("services", () => {
  const service = {
    state: "Running",
    running: true,
    healthy: true,
    message: "Health check successful",
    since: null,
    events: [],
  };
  it("are restarted where Talos lets them be, and their logs are one step away", async () => {
    fake.answer("node.service", () => ({}));
    show(nodes.node(), "services", [
      nodes.facts({
        kind: "services",
        list: [
          { ...service, id: "etcd", actions: [] },
          { ...service, id: "kubelet", actions: ["start", "restart"] },
        ],
      }),
    ]);
    expect(screen.queryByRole("button", { name: "Restart etcd" })).toBeNull();
    expect(screen.queryByRole("button", { name: "Start kubelet" })).toBeNull();
    await userEvent.click(screen.getByRole("button", { name: "Restart kubelet" }));
    expect(fake.requests("node.service")).toEqual([
      { machine: id, service: "kubelet", action: "restart" },
    ]);
    await userEvent.click(screen.getByRole("button", { name: "Log of kubelet" }));
    expect(router.route).toMatchObject({ page: "machine", tab: "logs" });
  });
  it("say why they were not restarted", async () => {
    fake.refuse("node.service", { code: "talos_busy", params: { name: "knossos" } });
    show(nodes.node(), "services", [
      nodes.facts({
        kind: "services",
        list: [{ ...service, id: "kubelet", actions: ["restart"] }],
      }),
    ]);
    await userEvent.click(screen.getByRole("button", { name: "Restart kubelet" }));
    await screen.findByRole("heading", { name: "knossos is busy" });
  });
});

describe("logs", () => {
  it("tell lines, gaps, and that the node is not heard", async () => {
    show(nodes.node(), "logs");
    await vi.waitFor(() => expect(fake.streams.length).toBeGreaterThan(0));
    const stream = fake.streams.at(-1);
    await stream?.send(0, '{"kind":"lines","lines":["one","two"]}\n{"kind":"ga');
    await screen.findByText("two");
    await stream?.send(46, 'p"}\n{"kind":"waiting"}\n');
    await screen.findByText(words.gap);
    screen.getByText(words.logWaiting);
  });
  it("of a source that is refused say why", async () => {
    show(nodes.node(), "logs");
    await screen.findByRole("option", { name: "machined" });
    await userEvent.selectOptions(screen.getByRole("combobox"), "events");
    await vi.waitFor(() =>
      expect(fake.streams.at(-1)?.request).toEqual({
        kind: "node",
        machine: id,
        source: { of: "events" },
      }),
    );
    expect(fake.streams.at(-2)?.closed).toBe(true);
    const problem = problemWith({
      code: "talos_not_offered",
      params: { name: "a", call: "Events" },
    });
    await fake.streams.at(-1)?.send(0, `${JSON.stringify({ kind: "refused", problem })}\n`);
    await screen.findByRole("heading", { name: en.problem.talos_not_offered.title });
  });
});

describe("the configuration", () => {
  it("hides its secrets until they are asked for", async () => {
    show(nodes.node(), "config");
    const text = () => screen.getByRole("region", { name: words.configShown }).textContent;
    await screen.findByRole("button", { name: words.reveal });
    expect(text()).toContain(`token: ${words.secretHidden}`);
    expect(text()).not.toContain("s3cret");
    await userEvent.click(screen.getByRole("button", { name: words.reveal }));
    expect(text()).toContain("s3cret");
  });
  it("tells where its values come from, and does not copy that", async () => {
    fake.answer("node.config", () => ({
      ...config,
      origins: [
        { line: 2, origin: "cluster", name: "lab" },
        { line: 3, origin: "patch", name: "patches.control_plane.1" },
      ],
    }));
    show(nodes.node(), "config");
    await screen.findByText(words.configOrigins);
    const notes = [...document.querySelectorAll(".note")].map((note) => note.textContent.trim());
    expect(notes).toEqual(["", "cluster", "patch 2, control planes", ""]);
    fake.answer("node.config", () => config);
  });
  it("is written with the keys and the findings of the node's own version", async () => {
    fake.calls.length = 0;
    show(nodes.node(), "config");
    await userEvent.click(await screen.findByRole("button", { name: words.configEdit }));
    await editor();
    await vi.waitFor(() =>
      expect(fake.requests("config.check")).toMatchObject([
        { text: config.text, version: "v1.13.9", form: "whole" },
      ]),
    );
  });
  it("that cannot be read is not said to need no restart", async () => {
    fake.answer("node.compare", () =>
      nodes.comparison({
        takes: "refused",
        changes: [],
        modes: [{ mode: "no_reboot", denied: "unreadable" }],
      }),
    );
    show(nodes.node(), "config");
    await userEvent.click(await screen.findByRole("button", { name: words.configEdit }));
    await userEvent.click(screen.getByRole("button", { name: words.compare }));
    await screen.findByText(words.takes.refused);
    expect(screen.queryByText(words.takes.no_reboot)).toBeNull();
    const apply = screen.getByRole<HTMLButtonElement>("button", { name: "Apply to knossos" });
    expect(apply.disabled).toBe(true);
  });
  it("is compared, tried and applied in the way that was chosen", async () => {
    fake
      .answer("node.compare", () => nodes.comparison())
      .answer("node.try", ({ mode }) => ({ mode, words: "Dry run summary", warnings: [] }))
      .answer("node.apply", ({ mode }) => ({ mode, words: "Applied", warnings: ["old key"] }));
    show(nodes.node(), "config");
    await userEvent.click(await screen.findByRole("button", { name: words.configEdit }));
    expect(screen.queryByRole("button", { name: "Apply to knossos" })).toBeNull();
    await userEvent.click(screen.getByRole("button", { name: words.compare }));
    await screen.findByText(words.takes.no_reboot);
    screen.getByText("machine.sysctls.vm.swappiness in the main document");
    screen.getByText("“1” becomes “2”");
    const rows = screen.getByRole("region", { name: words.rows });
    expect(rows.textContent).not.toContain("s3cret");
    const reboot = screen.getByRole<HTMLInputElement>("radio", { name: /Now, with a restart/ });
    expect(reboot.disabled).toBe(true);
    await userEvent.click(screen.getByRole("radio", { name: /Try for 1 minute/ }));
    await userEvent.click(screen.getByRole("button", { name: words.dryRun }));
    await screen.findByText("It would: try for 1 minute");
    await userEvent.click(screen.getByRole("button", { name: "Apply to knossos" }));
    await screen.findByText("old key");
    expect(fake.requests("node.apply")).toMatchObject([{ machine: id, mode: "try" }]);
  });
  it("is not applied while something has to be mended first", async () => {
    const finding = {
      severity: "error" as const,
      code: "disk_missing" as const,
      document: "",
      path: "machine.install.disk",
      line: 6,
      words: "there is no disk /dev/sdz",
    };
    fake.answer("node.compare", () => nodes.comparison({ findings: [finding] }));
    show(nodes.node(), "config");
    await userEvent.click(await screen.findByRole("button", { name: words.configEdit }));
    await userEvent.click(screen.getByRole("button", { name: words.compare }));
    // Where it cannot be pressed, and in the list of everything that was found.
    const beside = await screen.findByRole("region", { name: words.whenApply });
    within(beside).getByText("there is no disk /dev/sdz");
    within(screen.getByRole("region", { name: words.findings })).getByText(finding.words);
    const apply = screen.getByRole<HTMLButtonElement>("button", { name: "Apply to knossos" });
    expect(apply.disabled).toBe(true);
    // Another text has to be compared again.
    (await editor()).dispatch({ changes: { from: 0, insert: "# a\n" }, userEvent: "input.type" });
    await tick();
    expect(screen.queryByText("there is no disk /dev/sdz")).toBeNull();
  });
  it("that is refused says why, and the text stays", async () => {
    fake
      .answer("node.compare", () => nodes.comparison())
      .refuse("node.apply", { code: "talos_configuration_refused", params: { name: "knossos" } });
    show(nodes.node(), "config");
    await userEvent.click(await screen.findByRole("button", { name: words.configEdit }));
    await userEvent.click(screen.getByRole("button", { name: words.compare }));
    await userEvent.click(await screen.findByRole("button", { name: "Apply to knossos" }));
    await screen.findByRole("heading", { name: "knossos refuses the configuration" });
    expect((await editor()).state.doc.toString()).toContain("type: worker");
  });
});

it("what keeps the whole node from answering is said once", async () => {
  const problem = problemWith({ code: "talos_client_required", params: { name: "knossos" } });
  const stale_since = "2026-03-20T09:00:00Z";
  fake.refuse("node.config", problem);
  show(nodes.node({ presence: "no_credentials", problem, stale_since }), "config");
  await vi.waitFor(() => expect(fake.requests("node.config")).toHaveLength(1));
  await tick();
  screen.getByRole("heading", { name: "Crete has no credentials for knossos" });
  expect(screen.getAllByRole("alert")).toHaveLength(1);
  fake.answer("node.config", () => config);
});

describe("everything else", () => {
  it("is browsed by kind, and what holds secrets only when asked for", async () => {
    const kind = (title: string, sensitive: boolean) => ({
      name: `${title}s.talos.dev`,
      title,
      namespace: "runtime",
      aliases: [],
      sensitive,
    });
    fake
      .answer("node.kinds", () => [kind("Disk", false), kind("Secret", true)])
      .answer("node.resources", ({ kind }) => [
        { id: "a", version: "1", owner: "", ends: false, yaml: `of: ${kind}` },
      ]);
    show(nodes.node(), "resources");
    await userEvent.click(await screen.findByRole("button", { name: "Disk" }));
    await screen.findByRole("region", { name: "a" });
    await userEvent.click(screen.getByRole("button", { name: /Secret/ }));
    await userEvent.click(await screen.findByRole("button", { name: words.resourceReveal }));
    await screen.findByRole("region", { name: "a" });
    await userEvent.type(screen.getByRole("searchbox"), "dis");
    expect(screen.queryByRole("button", { name: /Secret/ })).toBeNull();
  });
  it("disks tell which one Talos is on", () => {
    show(nodes.node(), "disks", [
      nodes.facts({ kind: "system_disk", list: ["vda"] }),
      nodes.facts({
        kind: "disks",
        list: [
          {
            id: "vda",
            path: "/dev/vda",
            size: 12e9,
            model: "",
            serial: "",
            transport: "virtio",
            rotational: false,
            readonly: false,
            cdrom: false,
          },
        ],
      }),
    ]);
    const table = within(screen.getByRole("region", { name: words.disksTitle }));
    table.getByRole("rowheader", { name: "/dev/vda" });
    table.getByText(`virtio, ${words.diskSystem}`);
    expect(fill(words.logText, { source: "a", name: "b" })).toBe("a of b");
  });
});
