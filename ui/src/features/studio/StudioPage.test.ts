/** The studio: one click for the plain image, every answer kept, the list's faults told. */
import { render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { en, fill, problemCause, problemTitle } from "../../messages";
import { start } from "../../model/session.svelte";
import { versions } from "../../model/versions.svelte";
import { FakePlatform, problemWith } from "../../platform/fake";
import * as sample from "../../platform/fake/samples";
import type { Composition, Remark, StudioDraft, Workbench } from "../../platform/generated/api";
import { studio } from "./studio.svelte";
import StudioPage from "./StudioPage.svelte";

const GONE = "siderolabs/gone";

/** What the program would say of a draft, as far as the page shows it. */
function compose(draft: StudioDraft): Composition {
  const remarks: Remark[] = draft.extensions.includes(GONE)
    ? [
        {
          step: "extensions",
          field: "extensions",
          code: "extension_not_in_version",
          params: { name: GONE },
          weight: "left_out",
        },
      ]
    : [];
  const file = { form: "file", text: "", secure_boot: false, estimated_size: 5 } as const;
  return {
    steps: [],
    remarks,
    arch: draft.arch,
    schematic: { customization: {} } as Composition["schematic"],
    yaml: `extensions: ${draft.extensions.join(" ")}\n`,
    schematic_id: "ab".repeat(32),
    cmdline: "talos.platform=metal",
    outputs: [
      { ...file, kind: "iso", name: `metal-${draft.arch ?? ""}.iso`, text: "https://f/iso" },
      {
        ...file,
        kind: "disk_image",
        name: `metal-${draft.arch ?? ""}.raw.zst`,
        text: "https://f/r",
      },
      { ...file, kind: "kernel", name: "kernel-amd64", text: "https://f/kernel" },
    ],
    link: "https://f/?arch=amd64",
  };
}

const fake = new FakePlatform();
const left: Workbench = { schema_version: 1, draft: null, kept: null };
fake
  .answer("settings.get", () => sample.settings())
  .answer("app.info", () => sample.info())
  .answer("app.visible", () => ({}))
  .answer("factory.versions", () => ({
    groups: {
      recommended: "v1.13.9",
      stable: [{ minor: "1.13", versions: ["v1.13.9"] }],
      prerelease: [],
    },
    fetched_at: "2026-11-24T10:00:00Z",
    stale: null,
    host: "factory.example",
  }))
  .answer("studio.targets", () => ({ metal: {} as never, clouds: [], boards: [] }))
  .answer("studio.presets", () => [])
  .answer("studio.left", () => left)
  .answer("studio.leave", () => ({}))
  .answer("studio.compose", compose)
  .answer("image.fetch", () => ({ image: "i", job: "j" }))
  .answer("output.save", ({ outputs }) => ({ jobs: outputs }))
  .answer("studio.open", () => ({
    draft: { ...studio.draft, extensions: [GONE] },
    schematic_id: null,
  }));
await start(fake);

beforeEach(async () => {
  fake.calls.length = 0;
  fake.refuse("studio.extensions", { code: "factory_unreachable", params: { host: "f" } });
  studio.startOver();
  await versions.load(false);
});

const step = (name: keyof typeof en.studio.step) =>
  within(screen.getByRole("navigation", { name: en.studio.steps })).getByRole("button", {
    name: new RegExp(en.studio.step[name]),
  });

it("gives the plain image at one click", async () => {
  render(StudioPage);
  const download = () =>
    screen.getAllByRole<HTMLButtonElement>("button", { name: en.newImage.download })[0]!;
  await waitFor(() => expect(download().disabled).toBe(false));
  await userEvent.click(download());
  const [sent] = fake.requests("image.fetch");
  expect(sent?.asset).toBe(`metal-${sample.info().arch}.raw.zst`);
  expect([sent?.draft.version, sent?.draft.target]).toEqual(["v1.13.9", "metal"]);
});

it("keeps what another version does not have, marked, and tells why a list is missing", async () => {
  render(StudioPage);
  await screen.findAllByRole("button", { name: en.newImage.download });
  await userEvent.click(screen.getByRole("button", { name: en.studio.open }));
  await userEvent.type(screen.getByLabelText(en.studio.openField), "https://f/?x=1");
  await userEvent.click(screen.getByRole("button", { name: en.studio.openDo }));
  await waitFor(() => expect(studio.draft.extensions).toEqual([GONE]));
  await userEvent.click(step("extensions"));
  await screen.findByText(fill(en.studio.remark.extension_not_in_version, { name: GONE }));
  await waitFor(() => expect(fake.requests("studio.extensions").length).toBeGreaterThan(0));
  await screen.findByRole("alert");
  await userEvent.click(step("result"));
  await userEvent.click(step("extensions"));
  expect(studio.draft.extensions).toEqual([GONE]);
});

it("adds and removes kernel arguments", async () => {
  render(StudioPage);
  await userEvent.click(step("customization"));
  await userEvent.type(screen.getByLabelText(en.studio.argsAdd), "quiet -selinux{Enter}");
  expect(studio.draft.kernel_args.slice(-2)).toEqual(["quiet", "-selinux"]);
  await userEvent.click(
    screen.getByRole("button", { name: fill(en.studio.remove, { name: "quiet" }) }),
  );
  expect(studio.draft.kernel_args.at(-2)).not.toBe("quiet");
});

it("saves everything for a machine into one folder, and asks before it replaces a file", async () => {
  fake.refuse("output.save", { code: "file_exists", params: { path: "/files/kernel-amd64" } });
  render(StudioPage);
  await userEvent.click(step("result"));
  await userEvent.click(await screen.findByRole("button", { name: en.saving.everything }));
  await userEvent.type(screen.getByLabelText(en.saving.folder), "/files");
  await userEvent.click(screen.getByRole("button", { name: en.saving.do }));
  await screen.findByText(en.problem.file_exists.title);
  fake.answer("output.save", ({ outputs }) => ({ jobs: outputs }));
  await userEvent.click(screen.getByRole("button", { name: en.saving.replace }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  const sent = fake.requests("output.save");
  expect(sent.map(({ replace, folder }) => [replace, folder])).toEqual([
    [false, "/files"],
    [true, "/files"],
  ]);
  expect(sent[1]?.outputs).toEqual(["https://f/r", "https://f/kernel"]);
});

it("notes the answers, so that a restart loses none", async () => {
  render(StudioPage);
  await waitFor(() => expect(fake.requests("factory.versions").length).toBeGreaterThan(0));
  await userEvent.click(step("customization"));
  await userEvent.type(screen.getByLabelText(en.studio.argsAdd), "quiet{Enter}");
  await waitFor(() => expect(fake.requests("studio.leave").length).toBeGreaterThan(0));
  expect(fake.requests("studio.leave").at(-1)?.draft?.kernel_args.at(-1)).toBe("quiet");
});

it("opens the text of a file that is dropped on the window, once", async () => {
  fake.snapshot("drops", { refused: { files: [], text: "meant for another page" } });
  render(StudioPage);
  expect(screen.queryByRole("dialog")).toBeNull();
  fake.snapshot("drops", { refused: { files: [], text: "customization: {}" } });
  await screen.findByRole("dialog");
  expect(screen.getByLabelText<HTMLTextAreaElement>(en.studio.openField).value).toBe(
    "customization: {}",
  );
});

describe("a list that is not of now", () => {
  const known = {
    groups: {
      recommended: "v1.13.9",
      stable: [{ minor: "1.13", versions: ["v1.13.9"] }],
      prerelease: [],
    },
    fetched_at: "2026-11-24T10:00:00Z",
    host: "factory.example",
  };
  const stale = problemWith({ code: "offline", params: { host: "factory.example" } });
  const age = (sentence: string) => new RegExp(`^${sentence.replace("{time}", ".*24.*")}$`);

  afterEach(() => {
    fake.answer("factory.versions", () => ({ ...known, stale: null }));
  });

  it("tells its age and why no newer one is there, until one is", async () => {
    fake.answer("factory.versions", () => ({ ...known, stale }));
    await versions.load(true);
    render(StudioPage);
    const note = (await screen.findByText(age(en.newImage.stale))).closest("[role=status]");
    expect(note?.textContent).toContain(problemTitle(stale));
    // What is known can be used all the same.
    await screen.findAllByRole("button", { name: en.newImage.download });

    fake.answer("factory.versions", () => ({ ...known, stale: null }));
    await userEvent.click(await screen.findByRole("button", { name: en.newImage.refresh }));
    expect(fake.requests("factory.versions").at(-1)).toEqual({ refresh: true });
    await waitFor(() => expect(screen.queryByText(age(en.newImage.stale))).toBeNull());
  });

  it("of extensions tells its age too", async () => {
    fake.answer("studio.extensions", () => ({
      extensions: [],
      host: "factory.example",
      fetched_at: "2026-11-24T10:00:00Z",
      stale,
    }));
    render(StudioPage);
    await screen.findAllByRole("button", { name: en.newImage.download });
    await userEvent.click(step("extensions"));
    const note = (await screen.findByText(age(en.studio.age))).closest("[role=status]");
    expect(note?.textContent).toContain(problemTitle(stale));
  });

  it("without any list, offline is said with its way out, and asking again asks", async () => {
    const remedies = [{ kind: "retry" as const }, { kind: "enter_practice" as const }];
    fake.refuse("factory.versions", { code: "offline", params: { host: "f" }, remedies });
    versions.forget();
    await versions.load(true);
    render(StudioPage);
    const alarm = await screen.findByRole("alert");
    expect(alarm.textContent).toContain(problemCause(stale));
    within(alarm).getByRole("button", { name: en.practice.enter });
    fake.answer("factory.versions", () => ({ ...known, stale: null }));
    await userEvent.click(within(alarm).getByRole("button", { name: en.remedy.retry }));
    await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
  });
});
