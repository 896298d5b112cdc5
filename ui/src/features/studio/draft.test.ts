import { describe, expect, it } from "vitest";
import type { Extension, Output, Remark } from "../../platform/generated/api";
import {
  changesOf,
  customized,
  forLibrary,
  freshDraft,
  machineSet,
  pageTarget,
  retarget,
  savable,
  serialArgs,
} from "./draft";
import { consolesToAdd, remarkWeight, stepOf, withConsoles } from "./remarks";
import { missing, shelves } from "./shelves";

const extension = (name: string, more: Partial<Extension> = {}): Extension => ({
  name: `siderolabs/${name}`,
  reference: `registry.example/siderolabs/${name}:v1`,
  tag: "v1",
  author: "",
  description: "",
  tier: "core",
  category: "storage",
  ...more,
});

const output = (kind: Output["kind"], name: string): Output => ({
  kind,
  form: "file",
  name,
  text: "",
  secure_boot: false,
  estimated_size: 0,
});

describe("another target or architecture", () => {
  it("takes the suggested arguments along", () => {
    const fresh = freshDraft("amd64");
    expect(retarget(fresh, { arch: "arm64" }).kernel_args).toEqual(serialArgs("arm64"));
    const cloud = retarget(fresh, { target: "cloud" });
    expect(cloud.kernel_args).toEqual([]);
    expect(retarget(cloud, { target: "metal" }).kernel_args).toEqual(serialArgs("amd64"));
  });

  it("leaves a person's own arguments, and later answers, as they are", () => {
    const own = { ...freshDraft("amd64"), kernel_args: ["quiet"], board: "rpi_5" };
    const moved = retarget(own, { target: "cloud" });
    expect([moved.kernel_args, moved.board]).toEqual([["quiet"], "rpi_5"]);
  });

  it("does not bring back arguments that were taken away", () => {
    const bare = { ...freshDraft("amd64"), kernel_args: [] };
    expect(retarget(bare, { arch: "arm64" }).kernel_args).toEqual([]);
  });
});

it("tells what changed since a draft was kept", () => {
  const before = { ...freshDraft("amd64"), extensions: ["siderolabs/zfs"] };
  const now = { ...before, extensions: ["siderolabs/drbd"], secure_boot: true };
  expect(changesOf(before, before)).toEqual([]);
  expect(changesOf(before, now).map(({ sign, text }) => sign + text)).toEqual([
    "~secure boot",
    "+siderolabs/drbd",
    "−siderolabs/zfs",
  ]);
});

it("counts only what a person set in the last step", () => {
  const fresh = freshDraft("arm64");
  expect(customized(fresh)).toBe(0);
  expect(customized({ ...fresh, kernel_args: ["quiet"], sector_size: 4096 })).toBe(2);
});

it("offers for the library what machines here can boot", () => {
  const names = ["metal-amd64.raw.zst", "metal-arm64.raw.xz", "metal-amd64.qcow2"];
  for (const name of names) expect(forLibrary(output("disk_image", name)), name).toBe(true);
  for (const name of ["azure-amd64.vhd.xz", "vmware-amd64.ova", "gcp-amd64.raw.tar.gz"])
    expect(forLibrary(output("disk_image", name)), name).toBe(false);
  expect(forLibrary(output("iso", "metal-amd64.iso"))).toBe(true);
  expect(forLibrary(output("kernel", "kernel-amd64"))).toBe(false);
});

describe("into a folder", () => {
  it("goes every file and the network boot script, but no command", () => {
    expect(savable(output("talosctl", "talosctl-linux-amd64"))).toBe(true);
    expect(savable({ ...output("pxe", ""), form: "address" })).toBe(true);
    expect(savable({ ...output("installer", ""), form: "reference" })).toBe(false);
    expect(savable({ ...output("booter", ""), form: "command" })).toBe(false);
  });

  const image = output("disk_image", "metal-arm64.raw.zst");
  const tools = ["talosctl-darwin-arm64", "talosctl-linux-amd64", "talosctl-linux-arm64"];
  const more = tools.map((name) => output("talosctl", name));
  const names = (outputs: Output[]) => machineSet(outputs, image, "amd64").map(({ name }) => name);

  it("goes everything for a machine, with the tool of this computer", () => {
    const parts = [output("kernel", "k"), output("cmdline", "c"), output("initramfs", "i")];
    expect(names([image, ...parts, output("uki", "u"), ...more])).toEqual([
      "metal-arm64.raw.zst",
      "k",
      "i",
      "talosctl-linux-amd64",
    ]);
  });

  it("goes the signed file where there is no kernel by itself", () => {
    expect(names([image, output("uki", "u")])).toEqual(["metal-arm64.raw.zst", "u"]);
  });
});

describe("extensions", () => {
  const all = [
    extension("zfs", { description: "File system with pools" }),
    extension("iscsi-tools", { tier: "extra" }),
    extension("gvisor", { category: "container_runtime" }),
  ];
  const names = (text: string, tier: "all" | "extra" = "all", chosen: string[] = []) =>
    shelves(all, chosen, text, tier).map(({ id, items }) => [id, items.map(({ name }) => name)]);

  it("stand on their shelves, the chosen ones first", () => {
    expect(names("", "all", ["siderolabs/zfs"])).toEqual([
      ["chosen", ["siderolabs/zfs"]],
      ["container_runtime", ["siderolabs/gvisor"]],
      ["storage", ["siderolabs/iscsi-tools"]],
    ]);
  });

  it("are found by name, sentence, shelf and tier", () => {
    expect(names("pools")).toEqual([["storage", ["siderolabs/zfs"]]]);
    expect(names("runtimes")).toEqual([["container_runtime", ["siderolabs/gvisor"]]]);
    expect(names("", "extra")).toEqual([["storage", ["siderolabs/iscsi-tools"]]]);
  });

  it("that a version does not have are told", () => {
    expect(missing(all, ["siderolabs/zfs", "siderolabs/gone"])).toEqual(["siderolabs/gone"]);
  });
});

it("a remark belongs to the step that asks, and the heaviest one marks it", () => {
  const remark = (step: Remark["step"], weight: Remark["weight"]): Remark => ({
    step,
    weight,
    field: "x",
    code: "argument_empty",
    params: {},
  });
  expect(stepOf(remark("place", "note"))).toBe("basics");
  const remarks = [remark("extensions", "note"), remark("extensions", "left_out")];
  expect(remarkWeight(remarks, "extensions")).toBe("left_out");
  expect(remarkWeight(remarks, "basics")).toBeUndefined();
});

it("mends the trap of the replaced console, and a person's own stays the last", () => {
  const said = (code: Remark["code"], add: string): Remark => ({
    step: "customization",
    weight: "note",
    field: "kernel_args",
    code,
    params: { add },
  });
  expect(consolesToAdd(said("argument_empty", "x"))).toEqual([]);
  const lost = consolesToAdd(said("console_replaced", "console=ttyS0 console=tty0"));
  expect(withConsoles(["quiet", "console=hvc0", "debug"], lost)).toEqual([
    "quiet",
    "console=ttyS0",
    "console=tty0",
    "console=hvc0",
    "debug",
  ]);
  expect(withConsoles(["quiet"], consolesToAdd(said("serial_silent", "console=tty0 a")))).toEqual([
    "quiet",
    "console=tty0",
    "a",
  ]);
});

it("pages of the documentation are named, never given as an address", () => {
  const draft = { ...freshDraft("amd64"), version: "v1.13.9", platform: "aws", board: "rpi_5" };
  const page = (kind: Output["kind"], target: "metal" | "cloud" | "sbc") =>
    pageTarget(output(kind, ""), { ...draft, target });
  expect(page("whats_new", "metal")).toEqual({
    kind: "talos_docs",
    minor: "1.13",
    page: "whats_new",
  });
  const guides = (["metal", "cloud", "sbc"] as const).map((target) => page("guide", target));
  expect(guides.map((guide) => "place" in guide && guide.place)).toEqual(["metal", "aws", "rpi_5"]);
});
