/** What the service's own wizard asks and says, asked and said by the studio. */
import { render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { en, fill } from "../../messages";
import { start } from "../../model/session.svelte";
import { versions } from "../../model/versions.svelte";
import { FakePlatform } from "../../platform/fake";
import * as sample from "../../platform/fake/samples";
import type { Composition, Output, StudioDraft } from "../../platform/generated/api";
import { studio } from "./studio.svelte";
import StudioPage from "./StudioPage.svelte";

const file = { form: "file", secure_boot: false, estimated_size: 5 } as const;
const outputs: Output[] = [
  { ...file, kind: "iso", name: "metal-amd64.iso", text: "https://f/metal-amd64.iso" },
  { ...file, kind: "installer", form: "reference", name: "", text: "f/metal-installer/ab:v1.13.9" },
  { ...file, kind: "pxe", form: "address", name: "", text: "https://f/pxe/ab/v1.13.9/metal-amd64" },
];

const compose = (draft: StudioDraft): Composition => ({
  steps: [],
  remarks: [],
  arch: draft.arch,
  schematic: { customization: {} } as Composition["schematic"],
  yaml: "customization: {}\n",
  schematic_id: "ab".repeat(32),
  cmdline: "",
  outputs,
  link: "https://f/",
});

const fake = new FakePlatform();
fake
  .answer("settings.get", () => sample.settings())
  .answer("app.info", () => sample.info())
  .answer("app.visible", () => ({}))
  .answer("factory.versions", () => ({
    groups: {
      recommended: "v1.13.9",
      stable: [
        { minor: "1.13", versions: ["v1.13.9", "v1.13.8"] },
        { minor: "1.12", versions: ["v1.12.11"] },
      ],
      prerelease: ["v1.14.0-rc.1"],
    },
    fetched_at: "2026-11-24T10:00:00Z",
    stale: null,
    host: "factory.example",
  }))
  .answer("studio.targets", () => ({ metal: {} as never, clouds: [], boards: [] }))
  .answer("studio.presets", () => [])
  .answer("studio.compose", compose)
  .answer("studio.extensions", () => ({
    version: "v1.13.9",
    extensions: [
      {
        name: "siderolabs/zfs",
        reference: "registry.example/siderolabs/zfs:2.4.1-v1.13.9",
        tag: "2.4.1-v1.13.9",
        author: "",
        description: "File system with pools",
        tier: "contrib",
        category: "storage",
      },
    ],
    fetched_at: "2026-11-24T10:00:00Z",
    host: "factory.example",
    stale: null,
    host: "factory.example",
  }));
await start(fake);

beforeEach(async () => {
  fake.calls.length = 0;
  studio.startOver();
  await versions.load(false);
  render(StudioPage);
  await waitFor(() => expect(studio.draft.version).toBe("v1.13.9"));
});

const steps = () => screen.getByRole("navigation", { name: en.studio.steps });
const open = (name: keyof typeof en.studio.step) =>
  userEvent.click(
    within(steps()).getByRole("button", { name: new RegExp(`${en.studio.step[name]}`) }),
  );
const texts = (items: Iterable<Element>) => [...items].map((item) => item.textContent?.trim());

it("begins with bare metal for this computer and nothing added", () => {
  const { target, version, arch, secure_boot, extensions, bootloader } = studio.draft;
  expect([target, version, arch]).toEqual(["metal", "v1.13.9", sample.info().arch]);
  expect([secure_boot, extensions, bootloader]).toEqual([false, [], null]);
  const radio = screen.getByRole<HTMLInputElement>("radio", {
    name: new RegExp(en.studio.targetTitle.metal),
  });
  expect(radio.checked).toBe(true);
});

it("says of every kind of target what it is", () => {
  const group = screen.getByRole("radiogroup", { name: en.newImage.where });
  const cards = within(group).getAllByRole<HTMLInputElement>("radio");
  expect(cards.map(({ value }) => value)).toEqual(["metal", "cloud", "sbc"]);
  for (const text of Object.values(en.studio.targetText)) within(group).getByText(text);
});

it("groups versions by minor, pre-releases last, and names the recommended one", async () => {
  const select = screen.getByRole<HTMLSelectElement>("combobox", { name: en.newImage.version });
  const groups = [...select.querySelectorAll("optgroup")];
  expect(groups.map(({ label }) => label)).toEqual(["1.13", "1.12", en.newImage.prerelease]);
  expect(texts(select.querySelectorAll("option"))).toEqual([
    "v1.13.9",
    "v1.13.8",
    "v1.12.11",
    "v1.14.0-rc.1",
  ]);
  screen.getByText(fill(en.newImage.recommended, { version: "v1.13.9" }));
  await userEvent.selectOptions(select, "v1.12.11");
  screen.getByText(fill(en.newImage.older, { version: "v1.13.9" }));
  await userEvent.selectOptions(select, "v1.14.0-rc.1");
  screen.getByText(en.newImage.prereleaseWarning);
  await open("result");
  await open("basics");
  expect(studio.draft.version).toBe("v1.14.0-rc.1");
});

it("says of both architectures what they are", () => {
  const group = screen.getByRole("radiogroup", { name: en.newImage.arch });
  const cards = within(group).getAllByRole<HTMLInputElement>("radio");
  expect(cards.map(({ value }) => value)).toEqual(["amd64", "arm64"]);
  for (const text of Object.values(en.archText)) within(group).getByText(new RegExp(text));
});

it("offers SecureBoot with a word on what it is", async () => {
  screen.getByText(en.studio.secureBootText);
  const control = screen.getByRole("switch", { name: new RegExp(en.studio.secureBoot) });
  await userEvent.click(control);
  expect(studio.draft.secure_boot).toBe(true);
});

it("says that no extension is needed", async () => {
  await open("extensions");
  screen.getByText(en.studio.extensionsLead);
});

it("shows an extension with its tag, its tier and its sentence", async () => {
  await open("extensions");
  const box = await screen.findByRole("checkbox", { name: /zfs/ });
  const row = box.closest("label")!.parentElement!;
  for (const text of ["2.4.1-v1.13.9", "File system with pools", en.studio.tier.contrib])
    within(row).getByText(text);
  await userEvent.click(box);
  expect(studio.draft.extensions).toEqual(["siderolabs/zfs"]);
});

it("asks arguments, boot loader and built-in config, in that order", async () => {
  await open("customization");
  const titles = texts(screen.getAllByRole("heading"));
  const asked = [en.studio.args, en.studio.bootloader, en.studio.embedded];
  expect(titles.filter((title) => asked.includes(title as never))).toEqual(asked);
});

it("offers every boot loader, the automatic one first", async () => {
  await open("customization");
  const select = screen.getByRole<HTMLSelectElement>("combobox", { name: en.studio.bootloader });
  expect(select.value).toBe("");
  expect(texts(select.options)).toEqual([en.studio.loaderAuto, ...Object.values(en.studio.loader)]);
  await userEvent.selectOptions(select, "grub");
  expect(studio.draft.bootloader).toBe("grub");
  await userEvent.selectOptions(select, "");
  expect(studio.draft.bootloader).toBeNull();
});

it("sets what upstream cannot: META, enrolment, certificates, sector size", async () => {
  await open("customization");
  await userEvent.click(screen.getByText(en.studio.meta));
  await userEvent.click(screen.getAllByRole("button", { name: en.studio.add }).at(-1)!);
  await userEvent.type(screen.getByLabelText(en.studio.metaValue), "foo");
  await userEvent.click(screen.getByText(en.studio.advanced));
  await userEvent.selectOptions(screen.getByLabelText(en.studio.enroll), "force");
  await userEvent.click(screen.getByRole("switch", { name: en.studio.known }));
  await userEvent.selectOptions(screen.getByLabelText(en.studio.sector), "4096");
  const { meta, enroll_keys, well_known_certificates, sector_size } = studio.draft;
  expect(meta).toEqual([{ key: 12, value: "foo" }]);
  expect([enroll_keys, well_known_certificates, sector_size]).toEqual(["force", true, 4096]);
});

it("reaches every step at any time", async () => {
  for (const step of ["result", "extensions", "basics", "customization"] as const) {
    await open(step);
    const current = within(steps()).getByRole("button", { current: "step" });
    expect(current.textContent).toContain(en.studio.step[step]);
  }
});

it("every result can be copied, and says for a moment that it was", async () => {
  const write = vi.fn(() => Promise.resolve());
  Object.defineProperty(navigator, "clipboard", {
    value: { writeText: write },
    configurable: true,
  });
  await open("result");
  for (const { name, kind, text } of outputs) {
    const label = fill(en.studio.copy, { name: name || en.studio.kind[kind] });
    const copy = await screen.findByRole("button", { name: label });
    copy.click();
    await waitFor(() => expect(copy.getAttribute("aria-label")).toBe(en.common.copied));
    expect(write).toHaveBeenLastCalledWith(text);
  }
});

it("says that it waits, and asks once", async () => {
  let answer: (() => void) | undefined;
  fake.answer(
    "studio.confirm",
    () =>
      new Promise((done) => {
        answer = () => done({ id: "ab".repeat(32), predicted: "ab".repeat(32) } as never);
      }),
  );
  await open("result");
  const confirm = await screen.findByRole<HTMLButtonElement>("button", {
    name: en.studio.confirm,
  });
  await userEvent.click(confirm);
  await userEvent.click(confirm);
  expect(fake.requests("studio.confirm").length).toBe(1);
  answer?.();
  await screen.findByText(en.studio.confirmed);
});
