/** A new cluster: can be sent as it opens, says at each field why not, and shows what it comes to. */
import { fireEvent, render, screen, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { en, fill } from "../../messages";
import { words } from "../../messages/clusters";
import { recipe } from "../../model/recipe.svelte";
import { router } from "../../model/router.svelte";
import { start } from "../../model/session.svelte";
import { versions } from "../../model/versions.svelte";
import { FakePlatform } from "../../platform/fake";
import * as sample from "../../platform/fake/clusters";
import * as samples from "../../platform/fake/samples";
import type {
  ClusterDraft,
  ClusterPlan,
  FieldProblem,
  SecretsSeen,
} from "../../platform/generated/api";
import { flat, grouped } from "./config/patches";
import NewClusterPage from "./NewClusterPage.svelte";

const own = words.form;
const secrets: SecretsSeen = {
  source: "control_plane",
  cluster_id: "abc=",
  authorities: [{ of: "talos", expires_at: "2036-01-02T03:04:05Z", renew: false }],
  faults: [],
};
const schematic = { owner: "set" };
const OLD = "0198f2f0-0000-7000-8000-0000000000aa";

/** What the program would say of these fields, as far as the tests ask. */
function judge(draft: ClusterDraft): FieldProblem[] {
  const faults: FieldProblem[] = [];
  const say = (field: string, code: FieldProblem["code"], params = {}) =>
    faults.push({ field, code, params });
  if (!/^[a-z0-9-]+$/.test(draft.name)) say("name", "characters");
  if (draft.control_planes.count === 2)
    say("control_planes.count", "even_control_planes", { count: "2", better: "3" });
  if (draft.kubernetes.startsWith("1.20"))
    say("kubernetes", "kubernetes_not_taken", { oldest: "1.31", newest: "1.36" });
  if (draft.endpoint.kind === "virtual_ip" && draft.control_planes.count < 2)
    say("endpoint.kind", "needs_control_planes");
  if (draft.image.kind === "library" && draft.image.image === OLD)
    say("image.version", "talos_too_old", { version: "v1.9.6", needed: "v1.10" });
  if (draft.pod_subnet === "nonsense") say("pod_subnet", "not_a_cidr");
  draft.patches.cluster.forEach((text, at) => {
    if (text === "bad") say(`patches.cluster.${at}`, "not_a_patch", { reason: "no mapping" });
  });
  return faults;
}
function plan(draft: ClusterDraft): ClusterPlan {
  const of = draft.image.kind === "factory" && draft.image.version === "v1.12.7";
  const support = { default: "1.35.4", oldest: "1.30", newest: "1.35", offered: ["1.35.4"] };
  return sample.clusterPlan({ fields: judge(draft), ...(of ? { support } : {}) });
}

const fake = new FakePlatform();
fake
  .answer("settings.get", () => samples.settings())
  .answer("app.info", () => samples.info())
  .answer("app.visible", () => ({}))
  .answer("machine.strains", () => ({ strains: [] }))
  .answer("studio.presets", () => [
    { id: "qemu_guest", extensions: ["siderolabs/qemu-guest-agent"], kernel_args: [] },
  ])
  .answer("studio.compose", () => ({ schematic }) as never)
  .answer("factory.versions", () => ({
    groups: {
      recommended: "v1.13.9",
      stable: [
        { minor: "1.13", versions: ["v1.13.9"] },
        { minor: "1.12", versions: ["v1.12.7"] },
        { minor: "1.9", versions: ["v1.9.6"] },
      ],
      prerelease: [],
    },
    fetched_at: new Date().toISOString(),
    stale: null,
    host: "factory.talos.dev",
  }))
  .answer("config.keys", () => ({ minor: "1.13", main: "Main", kinds: {}, records: {} }))
  .answer("config.check", () => ({ minor: "1.13", findings: [] }))
  .answer("config.host_offers", () => ({
    proxy: null,
    roots: [],
    time: [{ server: "time.intra.example", source: "/etc/systemd/timesyncd.conf" }],
    mirrors: [],
  }))
  .answer("config.host_patch", () => ({ patch: "machine:\n  time: {}\n" }))
  .answer("dialog.file", () => ({ path: "/home/a/controlplane.yaml" }))
  .answer("access.look_into_secrets", () => secrets)
  .answer("cluster.offer", () => sample.clusterOffer())
  .answer("cluster.plan", plan)
  .answer("cluster.draft_recipe", ({ name }) => ({
    yaml: `name: ${name}`,
    file_name: `${name}.crete.yaml`,
  }))
  .answer("cluster.save_recipe", () => ({ path: "/home/a/x.yaml" }))
  .answer("cluster.commands", () => ({ steps: [{ code: "etcd", lines: ["talosctl bootstrap"] }] }))
  .answer("cluster.open_recipe", () => sample.clusterDraft({ name: "gortyn" }))
  .answer("cluster.create", () => ({ cluster: sample.CLUSTER_ID, job: samples.JOB_ID }));
await start(fake);

async function open() {
  render(NewClusterPage, {});
  await screen.findByLabelText(own.name);
  await vi.waitFor(() => expect(fake.requests("cluster.plan")).not.toEqual([]));
}
const creates = () => screen.getAllByRole<HTMLButtonElement>("button", { name: own.create });
const sent = () => fake.requests("cluster.create").at(-1);
/** A slider has the same name as the figure beside it. */
const figure = { selector: "input:not([type=range])" };
const type = (label: string, value: string) =>
  fireEvent.input(screen.getByLabelText(label, figure), { target: { value } });
const choose = (label: string, value: string) =>
  userEvent.selectOptions(screen.getByLabelText(label), value);
const unfold = (title: string) =>
  userEvent.click(screen.getByText(title, { selector: "summary b" }));
const create = () => userEvent.click(creates()[0]!);
/** Writes a patch, as its editor takes it. */
async function write(n: number, text: string): Promise<void> {
  const field = await screen.findByRole("textbox", { name: fill(own.patchOf, { n }) });
  const { EditorView } = await import("@codemirror/view");
  const view = EditorView.findFromDOM(field);
  view?.dispatch({
    changes: { from: 0, to: view.state.doc.length, insert: text },
    userEvent: "input",
  });
}
const refused = (text: string) =>
  vi.waitFor(() => {
    expect(screen.getAllByText(text).length).toBeGreaterThan(0);
    expect(creates().every(({ disabled }) => disabled)).toBe(true);
  });

beforeEach(() => {
  fake.calls.length = 0;
  versions.forget();
  fake.snapshot("usage", { usage: samples.usage() });
  fake.snapshot("networks", { [samples.NETWORK_ID]: samples.network() });
  fake.snapshot("images", { [samples.IMAGE_ID]: samples.image() });
  fake.snapshot("drafts", {});
});

describe("with nothing but defaults", () => {
  it("one press creates it, and its page opens", async () => {
    await open();
    await create();
    expect(sent()).toEqual(sample.clusterDraft());
    await vi.waitFor(() => expect(router.route).toMatchObject({ page: "cluster" }));
  });

  it("says whether it fits, how long it takes and what will happen", async () => {
    await open();
    const fits = within(screen.getByRole("region", { name: own.fit }));
    fits.getByText(/^Yes, 20\.0 GiB stay free$/);
    screen.getByText(own.takesFirst);
    await unfold(own.plan);
    screen.getByText(en.stage.health_checks.name);
    screen.getByRole("img", { name: "1 control plane and 0 workers, on network knossos." });
  });

  it("an estimate comes from this computer's own runs", async () => {
    fake.answer("cluster.plan", () => sample.clusterPlan({ usual_s: 150 }));
    await open();
    await screen.findByText(fill(own.takesAbout, { time: "2:30" }));
    fake.answer("cluster.plan", plan);
  });
});

describe("its shape", () => {
  it.each([
    ["1 + 2, Small", 1, 2, false],
    ["3 + 0, Control plane", 3, 0, true],
    ["3 + 2, High availability", 3, 2, false],
  ])("%s", async (name, control, workers, scheduled) => {
    await open();
    await userEvent.click(screen.getByRole("radio", { name }));
    await create();
    expect(sent()?.control_planes.count).toBe(control);
    expect(sent()?.workers.count).toBe(workers);
    expect(sent()?.schedule_on_control_planes).toBe(scheduled);
  });

  it("free counts; an even one says why not, at its field", async () => {
    await open();
    await unfold(own.freeCounts);
    await type(own.controlPlanes, "2");
    await refused(fill(en.field.even_control_planes, { count: 2, better: 3 }));
    const field = screen.getByLabelText(own.controlPlanes, { selector: "input[type=number]" });
    expect(field.getAttribute("aria-invalid")).toBe("true");
    await type(own.controlPlanes, "5");
    await vi.waitFor(() => expect(creates()[0]?.disabled).toBe(false));
    await create();
    expect(sent()?.control_planes.count).toBe(5);
  });

  it("more than this computer's memory cannot be sent, and says what is missing", async () => {
    fake.snapshot("usage", { usage: samples.usage({ memory_used: 31 * 2 ** 30 }) });
    await open();
    await refused("No, 3.0 GiB are missing");
    await create();
    expect(sent()).toBeUndefined();
  });

  it("counts end at what this computer's memory holds, and say at the field what is missing", async () => {
    await open();
    await unfold(own.freeCounts);
    const workers = () => screen.getByLabelText(own.workers, figure);
    // 32 GiB less one control plane of 4, in workers of 2.
    await vi.waitFor(() => expect(workers().getAttribute("max")).toBe("14"));
    await type(own.workers, "12");
    await refused("No, 4.0 GiB are missing");
    expect(workers().getAttribute("aria-invalid")).toBe("true");
    const note = document.getElementById(workers().getAttribute("aria-describedby")!);
    expect(note?.textContent).toContain("4.0 GiB are missing");
  });

  it("one by one: each machine has sizes of its own, and a new one too", async () => {
    await open();
    await userEvent.click(screen.getByRole("radio", { name: "1 + 2, Small" }));
    await userEvent.click(screen.getByRole("radio", { name: own.single }));
    const second = within(screen.getByRole("group", { name: "w-2" }));
    const memory = second.getByLabelText(/^Memory/, { selector: "input[type=number]" });
    await fireEvent.input(memory, { target: { value: "6" } });
    await create();
    expect(sent()?.sizes.map(({ node, sizes }) => [node, sizes.memory_mib])).toEqual([
      ["cp-1", 4096],
      ["w-1", 2048],
      ["w-2", 6144],
    ]);
  });
});

describe("its versions and image", () => {
  it("an image of the library that is too old says so at its own field", async () => {
    const old = samples.image();
    fake.snapshot("images", {
      [OLD]: { ...old, spec: { ...old.spec, id: OLD, version: "v1.9.6" } },
    });
    await open();
    await choose(own.image, `image ${OLD}`);
    const text = fill(en.field.talos_too_old, { version: "v1.9.6", needed: "v1.10" });
    await refused(text);
    const field = screen.getByLabelText(own.image);
    expect(field.getAttribute("aria-invalid")).toBe("true");
    const note = document.getElementById(field.getAttribute("aria-describedby")!);
    expect(note?.textContent).toContain(text);
  });

  it("only what clusters are offered for; Kubernetes follows Talos", async () => {
    await open();
    await screen.findByRole("option", { name: "v1.12.7" });
    expect(screen.queryByRole("option", { name: "v1.9.6" })).toBeNull();
    // Whoever looks for it reads why, at the field.
    const note = screen.getByLabelText(own.talos).getAttribute("aria-describedby");
    expect(document.getElementById(note!)?.textContent).toContain(
      fill(own.clustersBegin, { first: "1.10" }),
    );
    await choose(own.talos, "v1.12.7");
    await screen.findByText(fill(own.kubernetesRange, { oldest: "1.30", newest: "1.35" }));
    await create();
    expect(sent()?.kubernetes).toBe("1.35.4");
  });

  it("a chosen Kubernetes stays; a typed one is judged, and the default is one press away", async () => {
    await open();
    await choose(own.kubernetes, "other");
    await type(own.kubernetesTyped, "1.20.1");
    await refused(fill(en.field.kubernetes_not_taken, { oldest: "1.31", newest: "1.36" }));
    await userEvent.click(screen.getByRole("button", { name: "Use 1.36.3" }));
    await vi.waitFor(() => expect(creates()[0]?.disabled).toBe(false));
  });

  it("a set becomes a schematic, as the studio makes it", async () => {
    await open();
    await screen.findByRole("option", { name: en.studio.preset.qemu_guest });
    await choose(own.image, "preset qemu_guest");
    await vi.waitFor(() => expect(fake.requests("studio.compose")).toHaveLength(1));
    expect(fake.requests("studio.compose")[0]).toMatchObject({
      extensions: ["siderolabs/qemu-guest-agent"],
      version: "v1.13.9",
    });
    await create();
    expect(sent()?.image).toMatchObject({ kind: "factory", schematic });
  });

  it("one of the library", async () => {
    await open();
    await choose(own.image, `image ${samples.IMAGE_ID}`);
    await create();
    expect(sent()?.image).toEqual({ kind: "library", image: samples.IMAGE_ID });
  });
});

describe("its network", () => {
  it("an existing one; a virtual address needs several control planes", async () => {
    await open();
    await choose(own.privateNetwork, samples.NETWORK_ID);
    await choose(own.endpoint, "virtual_ip");
    await refused(en.field.needs_control_planes);
    await userEvent.click(screen.getByRole("radio", { name: "3 + 0, Control plane" }));
    await vi.waitFor(() => expect(creates()[0]?.disabled).toBe(false));
    await type(own.vipAddress, "10.88.1.5");
    await choose(own.cni, "none");
    await create();
    expect(sent()).toMatchObject({
      network: { kind: "existing", network: samples.NETWORK_ID },
      endpoint: { kind: "virtual_ip", address: "10.88.1.5" },
      cni: "none",
    });
  });
});

describe("advanced", () => {
  it("is folded with its present values, and opens by itself at a fault", async () => {
    await open();
    screen.getByText(fill(own.subnetsNow, { pods: "10.244.0.0/16", services: "10.96.0.0/12" }));
    screen.getByText(own.mediums.disk_image, { selector: ".value" });
    await type(own.pods, "nonsense");
    await refused(en.field.not_a_cidr);
    expect(screen.getByLabelText(own.pods).closest("details")?.open).toBe(true);
  });

  it("mirrors, patches, medium, maintenance and Omni are sent as they were given", async () => {
    await open();
    await unfold(own.mirrors);
    await userEvent.click(screen.getByRole("button", { name: own.addMirror }));
    await type(own.registry, "docker.io");
    await fireEvent.change(screen.getByLabelText(own.instead), {
      target: { value: "https://a.example\n\nhttps://b.example" },
    });
    await unfold(own.patches);
    await userEvent.click(screen.getByRole("button", { name: own.addPatch }));
    await write(1, "machine: {}");
    await choose(own.patchFor, "node cp-1");
    await choose(own.medium, "iso");
    await userEvent.click(screen.getByLabelText(own.maintenanceText));
    await type(own.omniLabel, "siderolink.api=x");
    await create();
    expect(sent()).toMatchObject({
      mirrors: [{ registry: "docker.io", endpoints: ["https://a.example", "https://b.example"] }],
      patches: { cluster: [], nodes: [{ node: "cp-1", patches: ["machine: {}"] }] },
      image: { medium: "iso" },
      leave_in_maintenance: true,
      omni: "siderolink.api=x",
    });
  });

  it("a patch that is none says so at its own field", async () => {
    await open();
    await unfold(own.patches);
    await userEvent.click(screen.getByRole("button", { name: own.addPatch }));
    await write(1, "bad");
    const why = fill(en.field.not_a_patch, { reason: "no mapping" });
    await refused(why);
    expect((await screen.findByRole("alert")).textContent).toContain(why);
  });

  it("what this computer was set up with becomes a patch that is seen", async () => {
    await open();
    expect(fake.requests("config.host_offers")).toEqual([]);
    await unfold(own.host);
    await userEvent.click(await screen.findByRole("checkbox", { name: /time\.intra\.example/ }));
    await userEvent.click(screen.getByRole("button", { name: en.access.offers.take }));
    await vi.waitFor(() =>
      expect(fake.requests("config.host_patch")[0]).toMatchObject({
        version: "v1.13.9",
        choice: { proxy: false, time: ["time.intra.example"] },
      }),
    );
    await screen.findByRole("textbox", { name: fill(own.patchOf, { n: 1 }) });
    await create();
    expect(sent()).toMatchObject({ patches: { cluster: ["machine:\n  time: {}\n"] } });
  });

  it("secrets are brought from a file, said what they are, and left again", async () => {
    await open();
    await unfold(own.secrets);
    await userEvent.click(screen.getByRole("button", { name: own.secretsChoose }));
    await screen.findByText(fill(own.secretsFrom.control_plane, { id: "abc=" }));
    screen.getByText("/home/a/controlplane.yaml");
    await create();
    expect(sent()).toMatchObject({ secrets_file: "/home/a/controlplane.yaml" });
    await userEvent.click(screen.getByRole("button", { name: own.secretsForget }));
    expect(screen.queryByText("/home/a/controlplane.yaml")).toBeNull();
    await create();
    expect(sent()).toMatchObject({ secrets_file: "" });
  });

  it("a file that holds no secrets is refused before it is taken", async () => {
    await open();
    fake.refuse("access.look_into_secrets", {
      code: "secrets_unreadable",
      params: { path: "/home/a/controlplane.yaml" },
    });
    await unfold(own.secrets);
    await userEvent.click(screen.getByRole("button", { name: own.secretsChoose }));
    await screen.findByRole("alert");
    await create();
    expect(sent()).toMatchObject({ secrets_file: "" });
    fake.answer("access.look_into_secrets", () => secrets);
  });

  it("patches keep their places through the list and back", () => {
    const patches = {
      cluster: ["a"],
      control_plane: ["b"],
      worker: ["c"],
      nodes: [{ node: "w-1", patches: ["d", "e"] }],
    };
    expect(grouped(flat(patches))).toEqual(patches);
    expect(flat(patches).at(-1)?.field).toBe("patches.nodes.0.patches.1");
  });
});

describe("a name", () => {
  it("that cannot be used says why, offers one that can, and cannot be sent", async () => {
    await open();
    await type(own.name, "My Cluster");
    await refused(en.field.characters);
    await userEvent.click(screen.getByRole("button", { name: "Use my-cluster" }));
    await vi.waitFor(() => expect(creates()[0]?.disabled).toBe(false));
    await create();
    expect(sent()?.name).toBe("my-cluster");
  });

  it("a refusal at the end stands at its field and takes the focus there", async () => {
    await open();
    fake.refuse("cluster.create", {
      code: "invalid",
      fields: [{ field: "name", code: "taken", params: { name: "knossos" } }],
    });
    await create();
    await screen.findAllByText(fill(en.field.taken, { name: "knossos" } as never));
    expect(document.activeElement).toBe(screen.getByLabelText(own.name));
    fake.answer("cluster.create", () => ({ cluster: sample.CLUSTER_ID, job: samples.JOB_ID }));
  });
});

describe("recipes", () => {
  it("the form is shown as one, and as commands, and saved", async () => {
    await open();
    await userEvent.click(screen.getByRole("radio", { name: own.views.recipe }));
    await screen.findByRole("region", { name: "knossos.crete.yaml" });
    await userEvent.click(screen.getByRole("radio", { name: own.views.commands }));
    await screen.findByText("talosctl bootstrap");
    await userEvent.click(screen.getByRole("button", { name: own.saveRecipe }));
    const draft = sample.clusterDraft();
    expect(fake.requests("cluster.commands").at(-1)).toEqual({ of: "draft", draft });
    expect(fake.requests("cluster.save_recipe")).toEqual([
      { of: "draft", draft: sample.clusterDraft() },
    ]);
  });

  it("one that was dropped fills the form", async () => {
    recipe.put("crete_cluster: 1\nname: gortyn");
    await open();
    await vi.waitFor(() =>
      expect(screen.getByLabelText<HTMLInputElement>(own.name).value).toBe("gortyn"),
    );
    expect(recipe.waits).toBe(false);
  });

  it("a text that is none says so, and the form stays", async () => {
    fake.refuse("cluster.open_recipe", { code: "not_a_recipe", params: { reason: "no name" } });
    recipe.put("crete_cluster: 1");
    await open();
    await screen.findByText(fill(own.failed, { cause: en.problem.not_a_recipe.cause }));
    expect(screen.getByLabelText<HTMLInputElement>(own.name).value).toBe("knossos");
  });
});

it("an offer that cannot be had is told, and can be asked for again", async () => {
  fake.refuse("cluster.offer", { code: "internal", remedies: [{ kind: "retry" }] });
  render(NewClusterPage, {});
  const again = await screen.findByRole("button", { name: en.common.retry });
  fake.answer("cluster.offer", () => sample.clusterOffer());
  await userEvent.click(again);
  await screen.findByLabelText(own.name);
});
