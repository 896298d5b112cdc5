/** One cluster: the work on it, why it does not get on, its health, its machines, and the way in. */
import { fireEvent, screen, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { en, fill } from "../../messages";
import { stuckTitle, words } from "../../messages/clusters";
import { bytes } from "../../model/format";
import { recipe } from "../../model/recipe.svelte";
import { href, router, toCluster, toNewCluster } from "../../model/router.svelte";
import { session } from "../../model/session.svelte";
import { toasts } from "../../model/toasts.svelte";
import { problemWith } from "../../platform/fake";
import * as sample from "../../platform/fake/clusters";
import * as samples from "../../platform/fake/samples";
import type { ClusterView, HealthCode, StageCode } from "../../platform/generated/api";
import {
  allowed,
  button,
  fake,
  id,
  name,
  press,
  show,
  showPage,
  two,
  W,
  worker,
} from "../../../test/clusterPage";

const AT = "2026-03-20T09:00:00Z";
const after = (seconds: number) => new Date(Date.parse(AT) + seconds * 1000).toISOString();
const step = (code: StageCode, from: number | null, to: number | null, done = 1, of = 1) => ({
  code,
  started_at: from === null ? null : after(from),
  ended_at: to === null ? null : after(to),
  usual_s: 20,
  done,
  of,
});
// As the engine words it.
const LINK = "link of 52:54:00:00:00:02: down";
const cut = sample.stuck({
  machine: W,
  params: { node: "knossos-w-1" },
  evidence: [{ source: "network", node: "knossos-w-1", text: LINK }],
  remedies: [
    { kind: "mend_link", machine: W },
    { kind: "open_console", machine: W },
    { kind: "wait" },
  ],
});
const creating = (change: Partial<ClusterView> = {}): ClusterView => {
  const whole = two({
    phase: "creating",
    stuck: [cut],
    members: [
      sample.memberView({
        spans: [
          { stage: "boot", started_at: AT, ended_at: after(20) },
          { stage: "ready", started_at: after(20), ended_at: null },
        ],
      }),
      worker({
        stage: "boot",
        stuck: [cut],
        spans: [{ stage: "boot", started_at: AT, ended_at: null }],
      }),
    ],
    job: samples.JOB_ID,
    timeline: {
      started_at: AT,
      ended_at: null,
      usual_s: 162,
      steps: [
        step("cluster_image", 0, 5),
        step("switch_on", 5, 6),
        step("addresses", 6, null, 1, 2),
        step("health_checks", null, null),
      ],
    },
    actions: allowed("cancel"),
    ...change,
  });
  return { ...whole, spec: { ...whole.spec, formed_at: null } };
};

describe("while it is made", () => {
  it("names the blocker with its machine, and mends it", async () => {
    show(creating());
    screen.getByRole("heading", { level: 1, name: fill(words.page.creatingName, { name }) });
    const banner = screen.getByRole("alert");
    within(banner).getByText("knossos-w-1 is cut off: its link is unplugged");
    within(banner).getByText(words.remedy.wait);
    screen.getByText(LINK);
    await press(words.remedy.mend_link);
    expect(fake.requests("machine.cut")).toEqual([{ machine: W, cut: false }]);
  });

  it("starts a machine that is switched off and on only once it is off", async () => {
    const spec = { ...samples.machine().spec, id: W };
    const on = { state: "running", since: AT, adopted: false } as const;
    fake.upsert("machines", W, { ...samples.machine(), spec, ...on } as never);
    const remedies = [{ kind: "restart_machine" as const, machine: W }];
    const paused = sample.stuck({
      code: "machine_paused",
      params: { node: "knossos-w-1", reason: "io_error" },
      machine: W,
      remedies,
    });
    show(creating({ stuck: [paused] }));
    screen.getAllByText(`knossos-w-1 stands still: ${en.halted.io_error}`);
    await press(words.remedy.restart_machine);
    const dialog = within(await screen.findByRole("dialog"));
    dialog.getByText(/would leave 1 of 3 control planes/);
    expect(fake.requests("machine.force_off")).toEqual([]);
    const verb = fill(words.life.restartVerb, { name: "knossos-w-1" });
    await userEvent.click(dialog.getByRole("button", { name: verb }));
    await vi.waitFor(() => expect(fake.requests("machine.force_off")).toEqual([{ machine: W }]));
    expect(fake.requests("machine.start")).toEqual([]);
    fake.upsert("machines", W, { ...samples.machine(), spec } as never);
    await vi.waitFor(() => expect(fake.requests("machine.start")).toEqual([{ machine: W }]));
  });

  it.each([
    [
      sample.stuck({
        code: "leave_silent",
        params: { node: "knossos-w-1", seconds: "72" },
        machine: W,
        remedies: [{ kind: "take_out", machine: W }],
      }),
      "knossos-w-1 does not answer, so it cannot leave, 1:12 so far",
      words.remedy.take_out,
      "cluster.remove_worker" as const,
      { cluster: id, machine: W, dead: true },
    ],
    [
      sample.stuck({
        code: "image_not_fetched",
        params: { image: "v1.13.9" },
        machine: null,
        remedies: [{ kind: "fetch_image" }],
      }),
      "Nobody fetches the Talos image v1.13.9",
      words.remedy.fetch_image,
      "cluster.start" as const,
      { cluster: id },
    ],
  ])("does what helps: %#", async (stuck, title, remedy, command, request) => {
    show(creating({ stuck: [stuck] }));
    screen.getAllByText(title);
    await press(remedy);
    expect(fake.requests(command)).toEqual([request]);
  });

  it("takes the sentence away when the cause goes", async () => {
    show(creating());
    expect(screen.getAllByText(stuckTitle(cut))).toHaveLength(2);
    const members = [sample.memberView(), worker({ stage: "join" })];
    fake.upsert("clusters", id, creating({ stuck: [], members }));
    await vi.waitFor(() => expect(screen.queryByText(stuckTitle(cut))).toBeNull());
  });

  it("has a lane for each machine with its stages, and the stuck one by its cause", () => {
    show(creating());
    const lanes = within(screen.getByRole("region", { name: words.page.timeline }));
    lanes.getByRole("img", { name: /^knossos-cp-1, Ready: Boot 0:20, Ready/ });
    lanes.getByRole("img", { name: /^knossos-w-1, Boot: knossos-w-1 is cut off/ });
    lanes.getByText(/^Stuck /);
  });

  it("shows what is done, what goes on and how far it is", () => {
    show(creating());
    const steps = within(screen.getByRole("list", { name: words.page.steps }));
    const [prepare, boot, check] = steps.getAllByRole("listitem");
    expect(prepare?.textContent).toContain("5.0 s");
    expect(boot?.getAttribute("aria-current")).toBe("step");
    expect(boot?.textContent).toContain(`${en.stage.addresses.name}, 1 of 2`);
    expect(check?.textContent).toContain(fill(words.page.stepUsual, { time: "20 s" }));
    expect(screen.getByRole("progressbar").getAttribute("aria-valuetext")).toBe(
      en.stage.addresses.now,
    );
  });

  it("is given up only after saying what goes and what stays", async () => {
    show(creating());
    await press(words.life.cancelVerb);
    const dialog = within(screen.getByRole("dialog"));
    dialog.getByText(fill(words.life.cancelGoes, { machines: "knossos-cp-1, knossos-w-1" }));
    dialog.getByText(words.life.cancelStays);
    expect(fake.requests("cluster.cancel")).toEqual([]);
    await userEvent.click(dialog.getByRole("button", { name: words.life.cancelVerb }));
    expect(fake.requests("cluster.cancel")).toEqual([{ cluster: id }]);
  });
});

describe("what it keeps when it is given up", () => {
  it("a network that was there, and a download that goes on", async () => {
    fake.snapshot("networks", { [samples.NETWORK_ID]: samples.network() });
    const whole = creating({
      timeline: {
        started_at: AT,
        ended_at: null,
        usual_s: null,
        steps: [step("cluster_image", 0, null)],
      },
    });
    show({ ...whole, spec: { ...whole.spec, own_network: false } });
    await press(words.life.cancelVerb);
    const dialog = within(screen.getByRole("dialog"));
    dialog.getByText(words.life.cancelFetches);
    expect(dialog.queryByText(words.life.cancelStays)).toBeNull();
    const network = { name: samples.network().spec.name };
    dialog.getByText(fill(words.life.cancelNetworkStays, network));
    expect(dialog.queryByText(fill(words.life.cancelNetwork, network))).toBeNull();
  });
});

describe("a cause that lies in what was chosen", () => {
  const refused = (kind: "correct_patch" | "larger_disk" | "more_memory" | "use_mirror") =>
    sample.stuck({ machine: W, remedies: [{ kind }] });

  it.each(["correct_patch", "larger_disk", "more_memory", "use_mirror"] as const)(
    "%s opens the form of a new one, filled as this one was",
    async (kind) => {
      fake.answer("cluster.recipe", () => ({ yaml: "crete_cluster: 1", file_name: "x.yaml" }));
      show(creating({ stuck: [refused(kind)], members: [] }));
      await press(words.remedy[kind]);
      await vi.waitFor(() => expect(router.route).toEqual(toNewCluster));
      expect(fake.requests("cluster.recipe")).toEqual([{ cluster: id }]);
      expect(recipe.take()).toBe("crete_cluster: 1");
    },
  );

  it("a patch of a cluster that lives is corrected where its patches are", () => {
    show(two({ phase: "degraded", stuck: [refused("correct_patch")] }));
    const links = screen.getAllByRole("link", { name: words.remedy.correct_patch });
    expect(links[0]?.getAttribute("href")).toBe(href(toCluster(id, "config")));
  });
});

describe("as it is", () => {
  it("healthy: says who it is, where the API is, and who leads etcd", () => {
    show(two());
    screen.getByText(en.clusters.phase.healthy);
    screen.getByText("https://127.88.1.1:6443");
    screen.getByText(/^1 control plane and 1 worker\..*knossos-cp-1 leads etcd\. All are ready\./);
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("a machine's memory has its unit with each figure", () => {
    fake.snapshot("machines", {
      [samples.MACHINE_ID]: samples.machine({ memory_used: 262 * 2 ** 20 }),
    });
    show(two());
    const [node] = two().spec.nodes;
    screen.getByText(`262 MiB of ${bytes(node!.sizes.memory_mib * 2 ** 20)}`);
  });

  it("degraded: has a reason and a next step", () => {
    show(
      two({
        phase: "degraded",
        stuck: [cut],
        members: [sample.memberView(), worker({ stage: "lost", stuck: [cut] })],
      }),
    );
    screen.getByText(fill(en.clusters.readyOf, { ready: 1, all: 2 }));
    within(screen.getByRole("alert")).getByRole("button", { name: words.remedy.mend_link });
  });

  it("quorum lost: the sentence has its figures, and one button starts what is off", async () => {
    const quorum = sample.stuck({
      code: "etcd_no_quorum",
      weight: "dead",
      machine: null,
      params: { healthy: "1", members: "3", needed: "2" },
      remedies: [{ kind: "start_control_planes" }],
    });
    show(two({ phase: "degraded", stuck: [quorum] }));
    screen.getByText(/1 of 3 etcd members are well, 2 are needed/);
    await press(words.remedy.start_control_planes);
    expect(fake.requests("cluster.start")).toEqual([{ cluster: id }]);
  });

  it("nothing answers: said as such", () => {
    show(two({ phase: "unreachable" }));
    within(screen.getByRole("alert")).getByText(fill(words.page.unreachable, { name }));
  });

  it("off: says so, offers to start, and why other things wait", async () => {
    show(two({ phase: "stopped", health: [], actions: allowed("start", "delete") }));
    screen.getByText(words.page.stopped);
    await press(words.page.start);
    expect(fake.requests("cluster.start")).toEqual([{ cluster: id }]);
  });

  it("left in maintenance: where Talos waits", () => {
    show(two({ phase: "maintenance" }));
    screen.getByText(fill(words.page.maintenanceText, { addresses: "10.88.1.20, 10.88.1.21" }));
  });

  it("in the hands of other tools: said calmly, with everything that can be done", async () => {
    const members = [sample.memberView({ stage: "handed_over" }), worker({ stage: "handed_over" })];
    const whole = two({ phase: "handed_over", health: [], members });
    show({ ...whole, spec: { ...whole.spec, leave_in_maintenance: true } });
    screen.getByText(words.page.handedOver);
    screen.getByText(words.healthPage.theirs);
    expect(screen.queryByRole("alert")).toBeNull();
    expect(screen.queryByRole("button", { name: words.life.cancelVerb })).toBeNull();
    await press(words.page.stop);
    screen.getByRole("dialog", { name: fill(words.life.stopTitle, { name }) });
  });

  it("its creation failed: why, and a way on and a way out", async () => {
    const problem = problemWith({ code: "disk_full", params: { free: "0", needed: "1" } });
    const request = { kind: "cluster" as const, cluster: id, work: "create" as const };
    fake.snapshot("jobs", { [samples.JOB_ID]: samples.job({ request, state: "failed", problem }) });
    const members: ClusterView["members"] = [];
    const actions = allowed("start", "cancel");
    show({ ...two({ phase: "unfinished", failed: samples.JOB_ID, actions }), members });
    const cause = en.problem.disk_full.cause;
    const panel = within(screen.getByRole("alert"));
    panel.getByText(fill(words.page.couldNot, { name, cause }));
    screen.getByText(fill(words.page.unfinished, { name }));
    expect(screen.queryByText(words.page.stopped)).toBeNull();
    await userEvent.click(panel.getByRole("button", { name: en.common.retry }));
    expect(fake.requests("cluster.start")).toEqual([{ cluster: id }]);
    await press(words.life.cancelVerb);
    screen.getByRole("dialog", { name: fill(words.life.cancelTitle, { name }) });
  });

  it("its creation failed long ago: it is tried again without its job", async () => {
    show(two({ phase: "unfinished", actions: allowed("start", "cancel") }));
    await press(en.common.retry);
    expect(fake.requests("cluster.start")).toEqual([{ cluster: id }]);
  });

  it("other work on it failed: the cause is told with its name, and the same is done again", async () => {
    const problem = problemWith({ code: "disk_full", params: { free: "0", needed: "1" } });
    const request = { kind: "cluster" as const, cluster: id, work: "stop" as const };
    fake.snapshot("jobs", { [samples.JOB_ID]: samples.job({ request, state: "failed", problem }) });
    show(two({ phase: "degraded", failed: samples.JOB_ID }));
    screen.getByText(fill(words.page.couldNot, { name, cause: en.problem.disk_full.cause }));
    await press(en.common.retry);
    expect(fake.requests("cluster.stop")).toEqual([{ cluster: id }]);
  });

  it("offline: how old what is shown is", () => {
    show(two());
    session.lostAt = Date.now() - 5000;
    session.connection = "lost";
    return vi.waitFor(() => screen.getByText(/What you see is from 0:0\d ago/));
  });

  it("loading and gone", () => {
    fake.tell("clusters", { kind: "init" });
    showPage("other");
    fake.snapshot("clusters", {});
    return vi.waitFor(() => screen.getByRole("heading", { level: 1, name: words.page.gone }));
  });
});

describe("its health", () => {
  const params = { met: "1", of: "2", nodes: "knossos-w-1" };
  const failing = (code: HealthCode) =>
    sample.healthCheck({
      code,
      state: "fail",
      params,
      words: [{ source: "kubernetes", node: "knossos-w-1", text: "cni plugin not initialized" }],
    });
  const checks = [sample.healthCheck(), failing("nodes_ready"), failing("kube_proxy")];
  const sick = () => two({ phase: "degraded", health: checks, stuck: [cut] });

  it("opens at the first that is not as wanted, with evidence, cause and remedy", () => {
    show(sick(), "health");
    const panel = within(screen.getByRole("complementary"));
    panel.getByText("1 of 2 machines are Ready: not knossos-w-1");
    panel.getByText("cni plugin not initialized");
    panel.getByText(stuckTitle(cut));
    panel.getByRole("button", { name: words.remedy.mend_link });
  });

  it("tells a check that only waits for an earlier one from one that fails by itself", () => {
    show(sick(), "health");
    screen.getByText(fill(words.healthPage.waitsFor, { figures: "1 of 2", n: 2 }));
  });

  it("looks again when asked, and follows the keyboard", async () => {
    show(sick(), "health");
    await press(words.healthPage.checkNow);
    expect(fake.requests("cluster.health")).toEqual([{ cluster: id }]);
    button(new RegExp(words.health.etcd.name)).focus();
    await userEvent.keyboard("{Enter}");
    expect(router.route).toEqual(toCluster(id, "health", "etcd"));
  });

  it("off: nothing is checked, and why", () => {
    show(two({ phase: "stopped", health: [] }), "health");
    screen.getByText(words.healthPage.off);
  });
});

describe("its machines", () => {
  it("before one is stopped, the arithmetic is said", async () => {
    fake.snapshot("machines", {
      [samples.MACHINE_ID]: {
        ...samples.machine(),
        actions: [{ action: "stop", denied: null }],
      } as never,
    });
    show(two(), "machines");
    await press(fill(en.common.more, { name: "knossos-cp-1" }));
    const stop = fill(words.machines.stopName, { name: "knossos-cp-1" });
    await userEvent.click(screen.getByRole("menuitem", { name: stop }));
    const dialog = within(await screen.findByRole("dialog"));
    dialog.getByText(/would leave 1 of 3 control planes, and 2 are needed: the cluster stops/);
    expect(fake.requests("machine.stop")).toEqual([]);
    await userEvent.click(dialog.getByRole("button", { name: stop }));
    expect(fake.requests("machine.stop")).toEqual([{ machine: samples.MACHINE_ID }]);
  });

  it("only workers are taken out, and a dead one is said to be dead", async () => {
    const members = [sample.memberView(), worker({ stage: "lost" })];
    show(two({ members, actions: allowed("remove_worker") }), "machines");
    await press(fill(en.common.more, { name: "knossos-cp-1" }));
    expect(screen.queryByRole("menuitem", { name: words.machines.remove })).toBeNull();
    await userEvent.keyboard("{Escape}");
    await press(fill(en.common.more, { name: "knossos-w-1" }));
    await userEvent.click(screen.getByRole("menuitem", { name: words.machines.remove }));
    const dialog = within(await screen.findByRole("dialog"));
    dialog.getByText(words.machines.removeDead);
    dialog.getByText(fill(words.machines.removeDeadTrash, { name: "knossos-w-1" }));
    expect(dialog.queryByText(words.machines.removeGoes)).toBeNull();
    const verb = fill(words.machines.removeName, { name: "knossos-w-1" });
    await userEvent.click(dialog.getByRole("button", { name: verb }));
    const request = { cluster: id, machine: W, dead: true };
    expect(fake.requests("cluster.remove_worker")).toEqual([request]);
  });

  it("workers are added with the sizes of the others; a refusal stands at its field", async () => {
    show(two(), "machines");
    fake.snapshot("usage", { usage: samples.usage() });
    fake.answer("cluster.offer", () => sample.clusterOffer());
    await press(words.machines.add);
    // The bounds are those of a new cluster on this computer.
    const memory = await screen.findByLabelText(/^Memory/, { selector: "input[type=number]" });
    expect(memory.getAttribute("min")).toBe("1");
    expect(memory.getAttribute("max")).toBe("32");
    const count = screen.getByLabelText(words.machines.addCount, {
      selector: "input[type=number]",
    });
    const add = () => button(/^Add \d+ workers?$/);
    await fireEvent.input(count, { target: { value: "7" } });
    expect(add().hasAttribute("disabled")).toBe(true);
    const note = document.getElementById(count.getAttribute("aria-describedby")!);
    expect(note?.textContent).toContain("4.0 GiB are missing");
    await fireEvent.input(count, { target: { value: "1" } });
    fake.refuse("cluster.add_workers", {
      code: "invalid",
      fields: [{ field: "count", code: "too_many_nodes", params: { max: "64" } }],
    });
    await press(/^Add 1 worker$/);
    await screen.findByText(fill(en.field.too_many_nodes, { max: 64 }));
    fake.answer("cluster.add_workers", () => ({ job: samples.JOB_ID }));
    await press(/^Add 1 worker$/);
    const sizes = { vcpus: 2, memory_mib: 4096, disk_gib: 20 };
    expect(fake.requests("cluster.add_workers").at(-1)).toEqual({ cluster: id, count: 1, sizes });
    await vi.waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });
});

describe("its life", () => {
  it("is stopped only after saying what is away and what stays", async () => {
    show(two({ quorum: { members: 3, healthy: 3, needed: 2 } }));
    await press(words.page.stop);
    const dialog = within(screen.getByRole("dialog"));
    dialog.getByText(words.life.stopText);
    dialog.getByText(fill(words.life.quorum, { needed: 2, members: 3 }));
    await userEvent.click(
      dialog.getByRole("button", { name: fill(words.life.stopVerb, { name }) }),
    );
    expect(fake.requests("cluster.stop")).toEqual([{ cluster: id }]);
  });

  it("goes to the trash with its losses counted, and comes back by undo", async () => {
    show(two({ phase: "stopped", actions: allowed("delete", "start") }));
    await press(fill(en.common.more, { name }));
    await userEvent.click(screen.getByRole("menuitem", { name: en.common.delete }));
    const dialog = within(await screen.findByRole("dialog"));
    dialog.getByText(
      fill(words.life.deleteGoes, { machines: "knossos-cp-1, knossos-w-1", bytes: "3.0 GiB" }),
    );
    dialog.getByText(fill(words.life.deleteNetwork, { network: "knossos" }));
    dialog.getByText(fill(words.life.deleteImage, { image: "Talos v1.13.9" }));
    const verb = fill(words.life.deleteVerb, { name });
    await userEvent.click(dialog.getByRole("button", { name: verb }));
    await vi.waitFor(() => expect(toasts.list[0]?.undo).toBe(true));
    toasts.list[0]?.action?.run();
    await vi.waitFor(() => expect(fake.requests("trash.restore")).toEqual([{ trash_id: "t1" }]));
  });

  it("a deed that cannot be done says why", async () => {
    show(two());
    await press(fill(en.common.more, { name }));
    const item = screen.getByRole("menuitem", { name: new RegExp(`^${en.common.delete}`) });
    expect(item.getAttribute("aria-disabled")).toBe("true");
    within(item).getByText(en.clusters.denied.still_running);
  });
});

describe("certificates", () => {
  it("their end is told, and what ended or ends soon stands out", () => {
    const at = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
    const certificates = [
      { of: "talos_authority" as const, not_after: at(3000) },
      { of: "kubeconfig" as const, not_after: at(10) },
      { of: "etcd_authority" as const, not_after: at(-1) },
    ];
    show(two({ certificates }));
    const card = within(screen.getByRole("region", { name: words.overview.versions }));
    const end = (label: string) => card.getByText(label).nextElementSibling;
    const date = (days: number) =>
      new Date(at(days)).toLocaleDateString(undefined, { dateStyle: "medium" });
    expect(end(words.certificate.talos_authority)?.textContent).toBe(
      fill(words.overview.until, { date: date(3000) }),
    );
    expect(end(words.certificate.talos_authority)?.className).toBe("");
    expect(end(words.certificate.kubeconfig)?.className).toContain("is-warn");
    expect(end(words.certificate.etcd_authority)?.className).toContain("is-bad");
    expect(end(words.certificate.etcd_authority)?.textContent).toBe(
      fill(words.overview.ended, { date: date(-1) }),
    );
  });
});

it("tabs move by arrow keys and keep their page", async () => {
  show(two());
  screen.getByRole("tab", { name: words.page.tabs.overview }).focus();
  await userEvent.keyboard("{ArrowRight}");
  await vi.waitFor(() => expect(router.route).toEqual(toCluster(id, "machines")));
});
