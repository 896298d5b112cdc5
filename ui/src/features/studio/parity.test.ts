/** What the service's own wizard asks and says, asked and said by the studio. */
import { render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { en, fill } from "../../messages";
import { start } from "../../model/session.svelte";
import { versions } from "../../model/versions.svelte";
import { FakePlatform } from "../../platform/fake";
import * as sample from "../../platform/fake/samples";
import type {
  Board,
  Composition,
  Output,
  Platform,
  StudioDraft,
} from "../../platform/generated/api";
import { studio } from "./studio.svelte";
import StudioPage from "./StudioPage.svelte";

const file = { form: "file", secure_boot: false, estimated_size: 5 } as const;
const outputs: Output[] = [
  { ...file, kind: "iso", name: "metal-amd64.iso", text: "https://f/metal-amd64.iso" },
  { ...file, kind: "installer", form: "reference", name: "", text: "f/metal-installer/ab:v1.13.9" },
  { ...file, kind: "pxe", form: "address", name: "", text: "https://f/pxe/ab/v1.13.9/metal-amd64" },
];

const platform = {
  disk_image_suffix: "raw.xz",
  min_version: null,
  secure_boot: false,
} as const;
const clouds: Platform[] = [
  {
    ...platform,
    id: "aws",
    label: "Amazon Web Services (AWS)",
    arches: ["amd64", "arm64"],
    boot_methods: ["disk-image"],
    documentation_path: "/cloud-platforms/aws",
  },
  {
    ...platform,
    id: "hcloud",
    label: "Hetzner",
    arches: ["amd64"],
    boot_methods: ["disk-image", "iso"],
    documentation_path: null,
  },
];
const boards: Board[] = [
  {
    id: "rpi_5",
    label: "Raspberry Pi 5",
    overlay_name: "rpi_5",
    overlay_image: "siderolabs/sbc-raspberrypi",
    min_version: "v1.12.3",
    documentation_path: "/single-board-computers/rpi_5",
  },
];

const compose = (draft: StudioDraft): Composition => ({
  steps: draft.platform === "hcloud" ? [["machine", "not_needed"]] : [["machine", "answered"]],
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
  .answer("studio.targets", () => ({ metal: {} as never, clouds, boards }))
  .answer("studio.presets", () => [])
  .answer("studio.compose", compose)
  .answer("open", () => ({}))
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
  screen.getByText(en.studio.lead.extensions);
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
  const titles = screen.getAllByRole("region").map((region) => region.getAttribute("aria-label"));
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

/** Presses a link and returns what the program was asked to open. */
async function led(text: string) {
  await userEvent.click(screen.getByRole("button", { name: text }));
  return fake.requests("open").at(-1);
}
const choose = (name: string) =>
  userEvent.click(screen.getByRole("radio", { name: new RegExp(name) }));

it("says of a cloud how it starts and on what, and leads to its documentation", async () => {
  await choose(en.studio.targetTitle.cloud);
  const group = await screen.findByRole("radiogroup", { name: en.studio.cloud });
  within(group).getByText(`aws · ${en.studio.bootMethod["disk-image"]} · amd64, arm64`);
  within(group).getByText("hcloud · disk image, ISO · amd64");
  await choose("Amazon");
  const [aws] = clouds;
  expect(await led(fill(en.studio.placeGuide, { name: aws!.label }))).toEqual({
    kind: "talos_guide",
    minor: "1.13",
    place: "aws",
  });
});

it("leads from a board to its documentation and to what it understands", async () => {
  await choose(en.studio.targetTitle.sbc);
  await screen.findByText(fill(en.studio.runsOn, { name: "Raspberry Pi 5" }));
  await choose("Raspberry Pi 5");
  expect(await led(fill(en.studio.placeGuide, { name: "Raspberry Pi 5" }))).toMatchObject({
    kind: "talos_guide",
    place: "rpi_5",
  });
  await open("customization");
  const field = await screen.findByRole("textbox", { name: en.studio.overlay });
  expect(field.textContent).toContain("configTxtAppend");
  expect(await led(en.studio.overlaySource)).toEqual({ kind: "overlay_source", board: "rpi_5" });
});

it("does not ask for the processor, nor for SecureBoot, where a cloud has only one", async () => {
  await choose(en.studio.targetTitle.cloud);
  await choose("^Hetzner");
  await waitFor(() =>
    expect(screen.queryByRole("radiogroup", { name: en.newImage.arch })).toBeNull(),
  );
  expect(screen.queryByRole("switch", { name: new RegExp(en.studio.secureBoot) })).toBeNull();
  await choose("Amazon");
  await screen.findByRole("radiogroup", { name: en.newImage.arch });
});

it("leads to where extensions are made", async () => {
  await open("extensions");
  expect(await led(en.studio.extensionsSource)).toEqual({ kind: "extensions_source" });
});

it("leads to the kernel's arguments, and says when they are signed", async () => {
  await open("customization");
  expect(screen.queryByText(en.studio.argsSigned)).toBeNull();
  expect(await led(en.studio.argsDocs)).toEqual({
    kind: "talos_docs",
    minor: "1.13",
    page: "kernel_arguments",
  });
  studio.set({ secure_boot: true });
  await screen.findByText(en.studio.argsSigned);
});

it("shows what a built-in config looks like, and leads to how Talos finds its own", async () => {
  await open("customization");
  const field = await screen.findByRole("textbox", { name: en.studio.embedded });
  expect(field.textContent).toContain("kind: HostnameConfig");
  expect(await led(en.studio.configSources)).toEqual({
    kind: "talos_docs",
    minor: "1.13",
    page: "configuration_sources",
  });
});

it("keeps what was chosen in sight on every step, where it can be taken out again", async () => {
  await open("extensions");
  await userEvent.click(await screen.findByRole("checkbox", { name: /zfs/ }));
  await open("basics");
  const list = screen.getByRole("list", { name: en.studio.step.extensions });
  await userEvent.click(
    within(list).getByRole("button", { name: fill(en.studio.remove, { name: "zfs" }) }),
  );
  expect(studio.draft.extensions).toEqual([]);
  expect(screen.queryByRole("list", { name: en.studio.step.extensions })).toBeNull();
});
