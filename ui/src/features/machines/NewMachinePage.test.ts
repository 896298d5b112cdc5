/** A new machine: can be sent as it opens, is checked as it changes, and says whether it fits. */
import { fireEvent, render, screen } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { en, fill } from "../../messages";
import { router } from "../../model/router.svelte";
import { start } from "../../model/session.svelte";
import { ProblemError } from "../../platform";
import { FakePlatform, problemWith } from "../../platform/fake";
import * as sample from "../../platform/fake/samples";
import type { FieldProblem, MachineDraft } from "../../platform/generated/api";
import { usableName } from "../parts/names";
import NewMachinePage from "./NewMachinePage.svelte";

/** Names as the program judges them, and memory as this computer has it. */
function judge(draft: MachineDraft): FieldProblem[] {
  const faults: FieldProblem[] = [];
  if (!/^[a-z0-9-]+$/.test(draft.name))
    faults.push({ field: "name", code: "characters", params: {} });
  if (draft.memory_mib < 512)
    faults.push({ field: "memory_mib", code: "too_small", params: { min: "512" } });
  return faults;
}

const fake = new FakePlatform();
fake
  .answer("settings.get", () => sample.settings())
  .answer("app.info", () => sample.info())
  .answer("app.visible", () => ({}))
  .answer("machine.offer", ({ image }) => ({
    draft: { name: "knossos", image, vcpus: 2, memory_mib: 2048, disk_gib: 10, network: null },
    max_vcpus: 8,
    max_memory_mib: 32 * 1024,
    min_disk_gib: 8,
  }))
  .answer("machine.check", (draft) => ({ fields: judge(draft) }))
  .answer("machine.strains", ({ vcpus }) => ({
    strains:
      vcpus > 7
        ? [{ code: "processors", params: { vcpus: `${vcpus}`, cpus: "7" }, refused: false }]
        : [],
  }))
  .answer("machine.create", (draft) => {
    const fields = judge(draft);
    if (fields.length > 0) throw new ProblemError(problemWith({ code: "invalid", fields }));
    return { machine: sample.MACHINE_ID };
  })
  .answer("machine.start", () => ({ job: null }));
await start(fake);

const button = (name: string) => screen.getAllByRole<HTMLButtonElement>("button", { name })[0]!;

async function open(): Promise<void> {
  render(NewMachinePage, { image: "" });
  await screen.findByLabelText(en.newMachine.name);
}

beforeEach(() => {
  fake.calls.length = 0;
  fake.snapshot("images", { [sample.IMAGE_ID]: sample.image() });
  fake.snapshot("usage", { usage: sample.usage() });
  fake.snapshot("machines", {});
  fake.snapshot("networks", { [sample.NETWORK_ID]: sample.network() });
});

it("is created and started as it opens, and shown", async () => {
  await open();
  await userEvent.click(button(en.newMachine.create));
  expect(fake.requests("machine.create")).toEqual([
    {
      name: "knossos",
      image: sample.IMAGE_ID,
      vcpus: 2,
      memory_mib: 2048,
      disk_gib: 10,
      network: null,
    },
  ]);
  expect(fake.requests("machine.start")).toEqual([{ machine: sample.MACHINE_ID }]);
  await vi.waitFor(() => expect(router.route).toMatchObject({ page: "machine" }));
});

it("a name that cannot be used is told, with one that can", async () => {
  await open();
  const name = screen.getByLabelText<HTMLInputElement>(en.newMachine.name);
  await userEvent.clear(name);
  await userEvent.type(name, "My Lab");
  await screen.findByText(en.field.characters);
  expect(button(en.newMachine.create).disabled).toBe(true);
  await userEvent.click(button(fill(en.newMachine.useName, { name: "my-lab" })));
  await vi.waitFor(() => expect(button(en.newMachine.create).disabled).toBe(false));
  expect(name.value).toBe("my-lab");
});

it("a fault of a size is told in the size's own unit", async () => {
  await open();
  const memory = screen.getByLabelText(en.newMachine.memoryLabel);
  await userEvent.clear(memory);
  await userEvent.type(memory, "0.25");
  await screen.findByText("At least 0.5 GiB.");
});

it("more memory than is free cannot be started, with the reason, but can be created", async () => {
  await open();
  const memory = screen.getByLabelText(en.newMachine.memoryLabel);
  await userEvent.clear(memory);
  await userEvent.type(memory, "30");
  await screen.findAllByText(fill(en.newMachine.short, { missing: "6.0 GiB" }));
  expect(button(en.newMachine.create).disabled).toBe(true);
  expect(button(en.newMachine.createOnly).disabled).toBe(false);
});

it("a machine that was made but does not start is shown all the same", async () => {
  await open();
  fake.refuse("machine.start", { code: "qemu_missing" });
  router.go({ page: "machines" });
  await userEvent.click(button(en.newMachine.create));
  await vi.waitFor(() => expect(router.route).toMatchObject({ page: "machine" }));
});

it("without an image the way to one is shown", async () => {
  fake.snapshot("images", {});
  render(NewMachinePage, { image: "" });
  const link = await screen.findByRole("link", { name: en.images.new });
  expect(link.getAttribute("href")).toBe("#/images/new");
});

it.each([
  ["Knossos 1", "knossos-1"],
  ["--a..b--", "a-b"],
  ["ÄÖ", ""],
  ["x".repeat(80), "x".repeat(63)],
])("from %s the name %s can be made", (text, name) => expect(usableName(text)).toBe(name));

it("what sizes ask too much of is told where they are chosen, and may be done all the same", async () => {
  await open();
  const [cpus] = screen.getAllByLabelText<HTMLInputElement>(en.newMachine.cpu);
  await fireEvent.input(cpus!, { target: { value: "8" } });
  await screen.findByText(fill(en.strain.processors, { vcpus: "8", cpus: "7" }));
  expect(button(en.newMachine.create).disabled).toBe(false);
  await fireEvent.input(cpus!, { target: { value: "4" } });
  await vi.waitFor(() => expect(screen.queryByText(/processors among/)).toBeNull());
});

const chooser = () =>
  screen.queryByRole<HTMLSelectElement>("combobox", { name: en.newMachine.network });

it("with one network there is nothing to choose, and it is named", async () => {
  await open();
  expect(chooser()).toBeNull();
  screen.getByText("default, 10.88.1.0/24, with internet");
});

it("with more than one it is put into the one that was chosen", async () => {
  const spec = sample.networkSpec({ id: "other", name: "kommos", is_default: false });
  fake.upsert("networks", "other", sample.networkOff({ spec }));
  await open();
  expect(chooser()?.selectedOptions[0]?.text).toBe("default, 10.88.1.0/24, with internet");
  await userEvent.selectOptions(chooser()!, "kommos, 10.88.1.0/24, with internet");
  await userEvent.click(button(en.newMachine.create));
  expect(fake.requests("machine.create")).toMatchObject([{ network: "other" }]);
});
