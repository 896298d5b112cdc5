/** The trash: what is in it, giving it back, and losing it for good only after a plain question. */
import { render, screen, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { count, en, fill } from "../../messages";
import { router } from "../../model/router.svelte";
import { start, topics } from "../../model/session.svelte";
import { toasts } from "../../model/toasts.svelte";
import { ProblemError } from "../../platform";
import { FakePlatform, problemWith } from "../../platform/fake";
import * as sample from "../../platform/fake/samples";
import type { TrashView } from "../../platform/generated/api";
import { toTrash } from "../parts/trash";
import TrashPage from "./TrashPage.svelte";

const words = en.trash;
const MACHINE = sample.trashed();
const IMAGE = sample.trashed({
  trash_id: "t2",
  kind: "images",
  id: sample.IMAGE_ID,
  name: "Talos v1.13.9",
  deleted_at: "2026-03-19T09:00:00Z",
  bytes: 2 ** 30,
  image: null,
});
const NETWORK = sample.trashed({
  trash_id: "t3",
  kind: "networks",
  id: sample.NETWORK_ID,
  name: "kommos",
  deleted_at: "2026-03-21T09:00:00Z",
  bytes: 4096,
  image: null,
});

const fake = new FakePlatform();
fake
  .answer("settings.get", () => sample.settings())
  .answer("app.info", () => sample.info())
  .answer("app.visible", () => ({}));
await start(fake);

/** As the program does: what is given back or lost leaves the trash. */
const leaves = ({ trash_id }: { trash_id: string }) => {
  fake.remove("trash", trash_id);
  return {};
};

function show(...things: TrashView[]) {
  fake.snapshot("trash", Object.fromEntries(things.map((thing) => [thing.trash_id, thing])));
  return render(TrashPage);
}
const button = (name: string) => screen.getByRole<HTMLButtonElement>("button", { name });
const purgeButton = ({ name }: TrashView) => button(`${words.purge}: ${name}`);
const question = (name: string) => within(screen.getByRole("dialog", { name }));
const purged = () => fake.requests("trash.purge").map(({ trash_id }) => trash_id);

beforeEach(() => {
  fake.answer("trash.restore", leaves).answer("trash.purge", leaves);
  fake.calls.length = 0;
  fake.snapshot("images", { [sample.IMAGE_ID]: sample.image() });
  fake.snapshot("machines", {});
  for (const toast of [...toasts.list]) toasts.dismiss(toast.id);
});

it("before anything is known it says that it loads, and empty it says what it is for", () => {
  expect(topics.trash.known).toBe(false);
  const { unmount } = render(TrashPage);
  screen.getByRole("status", { name: en.common.loading });
  expect(screen.queryByText(words.emptyText)).toBeNull();
  unmount();

  show();
  expect(screen.getByText(words.emptyText)).toBeTruthy();
  expect(screen.queryByRole("button", { name: words.empty })).toBeNull();
});

it("the newest is first, each with what it was, when it went and what it takes", () => {
  vi.useFakeTimers({ now: new Date("2026-03-22T09:00:00Z"), toFake: ["Date"] });
  show(IMAGE, NETWORK, MACHINE);
  vi.useRealTimers();
  const rows = within(screen.getByRole("list")).getAllByRole("listitem");
  const first = (row: HTMLElement) => row.querySelector("p")?.textContent;
  expect(rows.map(first)).toEqual(["kommos", "knossos", "Talos v1.13.9"]);
  const kind = words.kind.machines;
  within(rows[1]!).getByText(fill(words.deleted, { kind, time: "2 days" }));
  within(rows[1]!).getByText("3.0 GiB");
  screen.getByText(fill(words.sum, { things: count(words.things, 3), bytes: "4.0 GiB" }));
});

it("given back, it is told with the way to it", async () => {
  show(MACHINE, IMAGE);
  await userEvent.click(button(`${words.giveBack}: knossos`));
  expect(fake.requests("trash.restore")).toEqual([{ trash_id: MACHINE.trash_id }]);
  await vi.waitFor(() => expect(screen.queryByText("knossos")).toBeNull());
  const [toast] = toasts.list;
  expect(toast?.title).toBe(fill(en.common.restored, { name: "knossos" }));
  expect(toast?.action?.label).toBe(en.common.show);
  toast?.action?.run();
  await vi.waitFor(() =>
    expect(router.route).toMatchObject({ page: "machine", id: sample.MACHINE_ID }),
  );
});

it.each([
  [IMAGE, { page: "images" }],
  [NETWORK, { page: "network", id: sample.NETWORK_ID }],
  [{ ...IMAGE, kind: "drafts" as const }, { page: "new-image" }],
])("undoing at once leads to it too: %o", async (thing, place) => {
  fake.snapshot("trash", { [thing.trash_id]: thing });
  toTrash({ trash_id: thing.trash_id, name: thing.name });
  await toasts.list[0]?.action?.run();
  await toasts.list[1]?.action?.run();
  await vi.waitFor(() => expect(router.route).toMatchObject(place));
});

it("what cannot be given back says why and stays", async () => {
  fake.refuse("trash.restore", { code: "internal", detail: "the disk is gone" });
  show(MACHINE);
  await userEvent.click(button(`${words.giveBack}: knossos`));
  const alarm = await screen.findByRole("alert");
  expect(alarm.textContent).toContain("knossos could not be given back");
  expect(alarm.textContent).toContain("the disk is gone");
  expect(toasts.list).toEqual([]);
  expect(purgeButton(MACHINE).disabled).toBe(false);
  await userEvent.click(within(alarm).getByRole("button", { name: en.common.close }));
  expect(screen.queryByRole("alert")).toBeNull();
});

it("losing one names what is lost and what is not, and Cancel, which has the focus, loses nothing", async () => {
  show(MACHINE);
  await userEvent.click(purgeButton(MACHINE));
  const box = question(fill(words.purgeTitle, { name: "knossos" }));
  box.getByText(words.never);
  box.getByText(fill(words.goes.machines, { bytes: "3.0 GiB" }));
  box.getByText(words.staysImage);
  const cancel = box.getByRole("button", { name: en.common.cancel });
  expect(document.activeElement).toBe(cancel);
  await userEvent.click(cancel);
  expect(purged()).toEqual([]);

  await userEvent.click(purgeButton(MACHINE));
  const verb = fill(words.purgeDo, { name: "knossos" });
  await userEvent.click(screen.getByRole("button", { name: verb }));
  expect(purged()).toEqual([MACHINE.trash_id]);
  await screen.findByText(words.emptyText);
});

it("an image names the machines that could not start again, in the trash or back from it", async () => {
  const lasthenes = sample.machine();
  fake.snapshot("machines", {
    [sample.MACHINE_ID]: { ...lasthenes, spec: { ...lasthenes.spec, name: "lasthenes" } },
  });
  show(MACHINE, { ...MACHINE, trash_id: "t4", name: "other", image: sample.JOB_ID }, IMAGE);
  await userEvent.click(purgeButton(IMAGE));
  const box = question(fill(words.purgeTitle, { name: IMAGE.name }));
  box.getByText(fill(words.goes.images, { bytes: "1.0 GiB" }));
  box.getByText(fill(words.stranded, { machines: "knossos, lasthenes" }));
});

it("a machine without its image says so before it is given back", () => {
  fake.snapshot("images", {});
  const { unmount } = show(MACHINE, IMAGE);
  screen.getByText(fill(words.imageHere, { image: IMAGE.name }));
  unmount();
  show(MACHINE);
  screen.getByText(words.imageGone);
});

it("emptying counts what goes, loses it one by one, and tells what could not be", async () => {
  fake.snapshot("machines", { [sample.MACHINE_ID]: sample.machine() });
  show(MACHINE, IMAGE, NETWORK);
  let letGo = (): void => undefined;
  fake.answer("trash.purge", async ({ trash_id }) => {
    if (trash_id === IMAGE.trash_id)
      throw new ProblemError(problemWith({ code: "internal", detail: "busy" }));
    if (trash_id === NETWORK.trash_id) await new Promise<void>((resolve) => (letGo = resolve));
    return leaves({ trash_id });
  });
  await userEvent.click(button(words.empty));
  const box = question(words.emptyTitle);
  const things = count(words.goesAll.machines, 1);
  box.getByText(words.never);
  box.getByText(fill(words.sum, { things, bytes: "3.0 GiB" }));
  box.getByText(fill(words.strandedAll, { machines: "knossos" }));
  // What is deleted while the question stands was not part of it.
  fake.upsert("trash", "t9", { ...MACHINE, trash_id: "t9", name: "late" });
  const verb = fill(words.emptyDo, { things: count(words.things, 3) });
  await userEvent.click(box.getByRole("button", { name: verb }));

  // The newest goes first, and nothing else begins meanwhile.
  await screen.findByText(fill(words.emptying, { at: 1, n: 3 }));
  expect(purged()).toEqual([NETWORK.trash_id]);
  expect(button(`${words.giveBack}: knossos`).disabled).toBe(true);
  letGo();
  const alarm = await screen.findByRole("alert");
  expect(alarm.textContent).toContain(`${IMAGE.name} could not be deleted`);
  expect(alarm.textContent).toContain("busy");
  expect(purged()).toEqual([NETWORK.trash_id, MACHINE.trash_id, IMAGE.trash_id]);
  expect(topics.trash.all().map(({ name }) => name)).toEqual([IMAGE.name, "late"]);
  await vi.waitFor(() => expect(purgeButton(IMAGE).disabled).toBe(false));
});
