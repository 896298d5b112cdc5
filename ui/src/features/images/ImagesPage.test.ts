/** The library: what arrives can be paused, what failed is told, own files are looked at first. */
import { render, screen, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { en, count, fill } from "../../messages";
import { session, start, topics } from "../../model/session.svelte";
import { FakePlatform, problemWith } from "../../platform/fake";
import * as sample from "../../platform/fake/samples";
import type { ImageView, ImportPlan } from "../../platform/generated/api";
import DropZone from "./DropZone.svelte";
import ImagesPage from "./ImagesPage.svelte";

const PLAN: ImportPlan = {
  path: "/home/ariadne/own.qcow2",
  file_name: "own.qcow2",
  bytes: 2 ** 20,
  found: {
    packing: "none",
    format: "qcow2",
    medium: "disk_image",
    arch: "amd64",
    version: "v1.13.9",
  },
  problem: null,
};
const REFUSED: ImportPlan = {
  ...PLAN,
  path: "/etc/hostname",
  file_name: "hostname",
  found: null,
  problem: problemWith({
    code: "import_refused",
    params: { path: "/etc/hostname", fault: "unknown" },
  }),
};

const fake = new FakePlatform();
fake
  .answer("settings.get", () => sample.settings())
  .answer("app.info", () => sample.info())
  .answer("app.visible", () => ({}))
  .answer("image.pause", () => ({}))
  .answer("image.resume", ({ image }) => ({ image, job: null }))
  .answer("image.start_over", ({ image }) => ({ image, job: sample.JOB_ID }))
  .answer("image.discard", () => ({}))
  .answer("image.verify", () => ({ job: sample.JOB_ID }))
  .answer("image.examine", ({ path }) => (path === PLAN.path ? PLAN : REFUSED))
  .answer("image.import", () => ({ image: sample.IMAGE_ID, job: sample.JOB_ID }));
await start(fake);

function show(image: ImageView | undefined, ...jobs: ReturnType<typeof sample.job>[]): void {
  fake.snapshot("images", image ? { [sample.IMAGE_ID]: image } : {});
  fake.snapshot("jobs", Object.fromEntries(jobs.map((job) => [job.id, job])));
  fake.snapshot("broken", {});
}

beforeEach(() => {
  fake.calls.length = 0;
});

const name = fill(en.images.name, { version: "v1.13.9" });
const transfer = (blocker: ReturnType<typeof sample.stage>["blocker"] = null) =>
  sample.job({
    request: { kind: "download", image: sample.IMAGE_ID },
    subject: name,
    pausable: true,
    stages: [
      sample.stage({
        code: "transfer",
        state: "running",
        progress: blocker ? null : { done: 50, total: 100, rate: 10, left_s: 5 },
        blocker,
      }),
    ],
  });
const working = (): ImageView => ({ ...sample.image(), state: "working", job: sample.JOB_ID });

it("a download can be paused, and one that is paused goes on", async () => {
  show(working(), transfer());
  render(ImagesPage);
  await userEvent.click(screen.getByRole("button", { name: en.library.pause }));
  expect(fake.requests("image.pause")).toEqual([{ image: sample.IMAGE_ID }]);

  show({ ...sample.image(), state: "paused", job: sample.JOB_ID, received: 50, total: 100 });
  const bar = await screen.findByRole("progressbar");
  expect(bar.getAttribute("aria-valuenow")).toBe("50");
  expect(screen.queryByRole("button", { name: en.library.pause })).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: en.images.resume }));
  expect(fake.requests("image.resume")).toEqual([{ image: sample.IMAGE_ID }]);
});

it("waiting for the next try says why the last one failed, and when the next is", async () => {
  const problem = problemWith({
    code: "factory_asks_to_wait",
    params: { host: "factory.talos.dev", seconds: "30" },
  });
  const at = new Date(Date.now() + 30_000).toISOString();
  const blocker = { code: "retry" as const, params: { at, failures: "2" }, since: at, problem };
  show(working(), transfer(blocker));
  render(ImagesPage);
  const row = screen.getByRole("region", { name: en.images.coming });
  expect(row.textContent).toContain("factory.talos.dev asks to come back later. Next try in");
  expect(row.textContent).toContain(count(en.library.failures, 2));
});

it("what was checked is told layer by layer, and can be checked again", async () => {
  const at = "2026-03-20T09:00:00Z";
  const image = sample.image();
  if (image.spec.file)
    image.spec.file.layers = [
      { layer: "transport", outcome: "good", at, params: { host: "factory.talos.dev" } },
      { layer: "length", outcome: "absent", at, params: {} },
      { layer: "digest", outcome: "good", at, params: { sha256: "abcdef" } },
    ];
  show(image);
  render(ImagesPage);
  await userEvent.click(screen.getByRole("button", { name: fill(en.common.more, { name }) }));
  await userEvent.click(screen.getByRole("menuitem", { name: en.library.checked }));
  const box = within(screen.getByRole("dialog"));
  expect(
    box.getByText(fill(en.library.layerText.transport, { host: "factory.talos.dev" })),
  ).toBeTruthy();
  expect(box.getByText(en.library.absentText.length)).toBeTruthy();
  expect(box.getByText("abcdef")).toBeTruthy();
  await userEvent.click(box.getByRole("button", { name: en.library.checkNow }));
  expect(fake.requests("image.verify")).toEqual([{ image: sample.IMAGE_ID }]);
});

it("a check that goes on is told in the list and in its dialog, with how far it is", async () => {
  const since = "2026-03-20T09:00:00Z";
  const blocker = { code: "image_check" as const, params: {}, since, problem: null };
  const progress = { done: 1, total: 4, rate: 0, left_s: null };
  const reading = sample.stage({ code: "verify", state: "running", progress, blocker });
  const request = { kind: "verify", image: sample.IMAGE_ID } as const;
  show(sample.image(), sample.job({ request, subject: name, stages: [reading] }));
  render(ImagesPage);
  expect(screen.getByText(fill(en.library.checking, { percent: 25 }))).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: fill(en.common.more, { name }) }));
  await userEvent.click(screen.getByRole("menuitem", { name: en.library.checked }));
  const box = within(screen.getByRole("dialog"));
  expect(box.getByRole("progressbar").getAttribute("aria-valuenow")).toBe("25");
  expect(box.queryByRole("button", { name: en.library.checkNow })).toBeNull();
});

it("a digest says whether it was recorded or compared", async () => {
  const open = async (digestAt: string) => {
    const image = sample.image();
    if (image.spec.file)
      image.spec.file.layers = [
        { layer: "length", outcome: "good", at: "2026-03-20T09:00:00Z", params: { bytes: "9" } },
        { layer: "digest", outcome: "good", at: digestAt, params: { sha256: "abcdef" } },
      ];
    show(image);
    const page = render(ImagesPage);
    await userEvent.click(screen.getByRole("button", { name: fill(en.common.more, { name }) }));
    await userEvent.click(screen.getByRole("menuitem", { name: en.library.checked }));
    const text = screen.getByRole("dialog").textContent;
    page.unmount();
    return text;
  };
  expect(await open("2026-03-20T09:00:00Z")).toContain(en.library.digestFirst);
  expect(await open("2026-03-21T09:00:00Z")).toContain(en.library.digestAgain);
});

it("starting over names what is lost, and does nothing before that is confirmed", async () => {
  const partly = { state: "incomplete", received: 50 * 2 ** 20, problem: null } as const;
  show({ ...sample.image(), ...partly });
  render(ImagesPage);
  const again = `${en.library.startOver}: ${name}`;
  await userEvent.click(screen.getByRole("button", { name: again }));
  const box = within(screen.getByRole("dialog"));
  expect(box.getByText(fill(en.library.startOverGoes, { bytes: "50 MiB" }))).toBeTruthy();
  expect(fake.requests("image.start_over")).toEqual([]);
  await userEvent.click(box.getByRole("button", { name: en.library.startOver }));
  expect(fake.requests("image.start_over")).toEqual([{ image: sample.IMAGE_ID }]);

  show({ ...sample.image(), ...partly, received: 0 });
  await vi.waitFor(() => expect(screen.queryByRole("button", { name: again })).toBeNull());
});

it("the page says where the images folder is", () => {
  show(undefined);
  render(ImagesPage);
  const folder = `${sample.info().data_dir}/images`;
  expect(screen.getByText(fill(en.library.folder, { folder }))).toBeTruthy();
});

it("a file that was set aside is told with its reason", async () => {
  const problem = problemWith({ code: "image_damaged", params: { fault: "other_digest" } });
  const aside = { name: "base.1", bytes: 3 * 2 ** 20, at: "2026-03-20T09:00:00Z", problem };
  show({ ...sample.image(), state: "incomplete", received: 0, problem, set_aside: [aside] });
  render(ImagesPage);
  await userEvent.click(screen.getByRole("button", { name: count(en.library.asideText, 1) }));
  const box = within(screen.getByRole("dialog"));
  expect(box.getByText("base.1")).toBeTruthy();
  expect(box.getByText(new RegExp(en.fault.other_digest.slice(0, 20)))).toBeTruthy();

  await userEvent.click(
    box.getByRole("button", { name: fill(en.common.deleteName, { name: "base.1" }) }),
  );
  const lost = fill(en.library.asideGoes, { file: "base.1", bytes: "3 MiB" });
  const question = screen.getByText(lost).closest("dialog");
  expect(fake.requests("image.discard")).toEqual([]);
  const verb = fill(en.common.deleteName, { name: "base.1" });
  await userEvent.click(within(question!).getByRole("button", { name: verb }));
  expect(fake.requests("image.discard")).toEqual([{ image: sample.IMAGE_ID, file: "base.1" }]);
});

it("an own file is looked at before it is imported, and one that cannot be is said why", async () => {
  show(undefined);
  render(ImagesPage);
  await userEvent.click(screen.getByRole("button", { name: en.library.import }));
  const box = within(screen.getByRole("dialog"));
  const bring = box.getByRole<HTMLButtonElement>("button", { name: en.library.import });
  const field = box.getByLabelText(en.library.importPath);
  expect(bring.disabled).toBe(true);
  await userEvent.type(field, REFUSED.path);
  await userEvent.tab();
  await box.findByText(new RegExp(en.importFault.unknown.slice(0, 20)));
  expect(bring.disabled).toBe(true);
  await userEvent.clear(field);
  await userEvent.type(field, PLAN.path);
  await userEvent.tab();
  await vi.waitFor(() => expect(bring.disabled).toBe(false));
  await userEvent.click(bring);
  expect(fake.requests("image.import")).toEqual([{ path: PLAN.path }]);
});

it("what was let go and could not be taken is said until it was read", async () => {
  render(DropZone);
  const tell = (text: string | null) =>
    fake.snapshot("drops", { refused: { files: [REFUSED], text } });
  // A recipe opens a page of its own.
  tell("crete_cluster: 1\nname: gortyn\n");
  await vi.waitFor(() => expect(topics.drops.all()).toHaveLength(1));
  expect(screen.queryByRole("dialog")).toBeNull();
  tell(null);
  const dialog = await screen.findByRole("dialog", { name: en.library.notTaken });
  expect(dialog.textContent).toContain(REFUSED.file_name);
  expect(dialog.textContent).toContain(en.library.cannot);
  await userEvent.click(within(dialog).getByRole("button", { name: en.common.close }));
  await vi.waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  // The same file let go once more is said once more.
  fake.snapshot("drops", {});
  tell(null);
  await screen.findByRole("dialog", { name: en.library.notTaken });
  fake.snapshot("drops", {});
});

it("a file that the picker found is looked at and imported; a closed picker changes nothing", async () => {
  show(undefined);
  render(ImagesPage);
  await userEvent.click(screen.getByRole("button", { name: en.library.import }));
  const box = within(screen.getByRole("dialog"));
  const bring = box.getByRole<HTMLButtonElement>("button", { name: en.library.import });
  const field = box.getByLabelText<HTMLInputElement>(en.library.importPath);
  const choose = async (path: string | null): Promise<void> => {
    fake.answer("dialog.file", () => ({ path }));
    await userEvent.click(box.getByRole("button", { name: en.library.choose }));
  };
  await choose(null);
  expect(fake.requests("dialog.file")).toHaveLength(1);
  expect(fake.requests("image.examine")).toEqual([]);
  expect([field.value, bring.disabled]).toEqual(["", true]);

  await choose(PLAN.path);
  await vi.waitFor(() => expect(bring.disabled).toBe(false));
  expect(field.value).toBe(PLAN.path);
  expect(fake.requests("image.examine")).toEqual([{ path: PLAN.path }]);
  // Closing it now leaves what was chosen before.
  await choose(null);
  expect([field.value, bring.disabled]).toEqual([PLAN.path, false]);
  await userEvent.click(bring);
  expect(fake.requests("image.import")).toEqual([{ path: PLAN.path }]);
});

it("files held over the window are told before they are let go", async () => {
  render(DropZone);
  expect(screen.queryByRole("status")).toBeNull();
  fake.snapshot("drops", { drop: { files: [PLAN, REFUSED], text: null } });
  const zone = await screen.findByRole("status");
  expect(zone.textContent).toContain(en.library.dropTitle);
  expect(zone.textContent).toContain("own.qcow2");
  expect(zone.textContent).toContain(en.library.cannot);
  fake.snapshot("drops", {});
  await vi.waitFor(() => expect(screen.queryByRole("status")).toBeNull());
  expect(topics.drops.all()).toEqual([]);
  expect(session.problem).toBeUndefined();
});
