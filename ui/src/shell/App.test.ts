/** The frame around the pages: where one is, what the keyboard does, and what is told. */
import { render, screen, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { flushSync } from "svelte";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { en, fill } from "../messages";
import { layout } from "../model/layout.svelte";
import { router } from "../model/router.svelte";
import { session, start, topics } from "../model/session.svelte";
import { toasts } from "../model/toasts.svelte";
import { ProblemError } from "../platform";
import { FakePlatform, problemWith } from "../platform/fake";
import * as sample from "../platform/fake/samples";
import App from "./App.svelte";

const fake = new FakePlatform();
fake
  .answer("settings.get", () => sample.settings())
  .answer("app.info", () => sample.info())
  .answer("app.visible", () => ({}))
  .answer("app.fault", () => ({}))
  .answer("host.check", () => new Promise(() => undefined))
  .answer("factory.versions", () => new Promise(() => undefined))
  .answer("settings.set", ({ settings }) => settings);
await start(fake);

const title = (name: string) => screen.findByRole("heading", { level: 1, name });

beforeEach(async () => {
  router.go({ page: "home" });
  await vi.waitFor(() => expect(router.route.page).toBe("home"));
  fake.snapshot("images", { [sample.IMAGE_ID]: sample.image() });
  fake.snapshot("machines", { [sample.MACHINE_ID]: sample.machine() });
  fake.snapshot("networks", { [sample.NETWORK_ID]: sample.network() });
  fake.snapshot("jobs", {});
  fake.snapshot("broken", {});
  fake.snapshot("usage", { usage: sample.usage() });
  render(App);
  await title(en.home.title);
});
afterEach(() => {
  session.problem = undefined;
  for (const toast of [...toasts.list]) toasts.dismiss(toast.id);
  layout.palette = layout.shortcuts = layout.jobs = false;
});

it("opening a page moves the focus to its one title, and only one place is marked", async () => {
  const nav = screen.getByRole("navigation", { name: en.nav.label });
  await userEvent.click(within(nav).getByRole("link", { name: en.nav.machines }));
  const heading = await title(en.machines.title);
  await vi.waitFor(() => expect(document.activeElement).toBe(heading));
  expect(document.querySelectorAll("h1")).toHaveLength(1);
  const marked = within(nav)
    .getAllByRole("link")
    .filter((link) => link.getAttribute("aria-current") === "page");
  expect(marked.map((link) => link.getAttribute("aria-label"))).toEqual([en.nav.machines]);
});

it("the skip link is the first stop and leads to the title", async () => {
  await userEvent.tab();
  expect(document.activeElement?.textContent).toBe(en.nav.skip);
  await userEvent.keyboard("{Enter}");
  expect(document.activeElement).toBe(await title(en.home.title));
});

it("the palette finds a machine's action and does it", async () => {
  fake.answer("machine.start", () => ({ job: null }));
  await userEvent.keyboard("{Control>}k{/Control}");
  const box = screen.getByRole("combobox", { name: en.palette.hint });
  expect(document.activeElement).toBe(box);
  await userEvent.keyboard("start kno");
  const chosen = screen.getByRole("option", { selected: true });
  expect(chosen.textContent).toContain("Start knossos");
  expect(box.getAttribute("aria-activedescendant")).toBe(chosen.id);
  await userEvent.keyboard("{Enter}");
  expect(fake.requests("machine.start")).toEqual([{ machine: sample.MACHINE_ID }]);
  expect(screen.queryByRole("combobox")).toBeNull();
});

it("a network is found by its name and address, and Ctrl E shows its exact words", async () => {
  fake.answer("network.reveal", () => ({ yaml: "", command: "", told: "", folder: "" }));
  const nav = screen.getByRole("navigation", { name: en.nav.label });
  within(within(nav).getByRole("link", { name: en.nav.networks })).getByText("1");
  await userEvent.keyboard("{Control>}k{/Control}");
  await userEvent.keyboard("10.88.1");
  expect(screen.getByRole("option", { selected: true }).textContent).toContain("Network default");
  await userEvent.keyboard("{Enter}");
  await title("default");
  const path = screen.getByRole("list", { name: en.nav.path });
  within(path).getByRole("link", { name: en.nav.networks });
  await userEvent.keyboard("{Control>}e{/Control}");
  await vi.waitFor(() => expect(router.route).toMatchObject({ page: "network", tab: "reveal" }));
  await userEvent.keyboard("{Control>}e{/Control}");
  await vi.waitFor(() => expect(router.route).toMatchObject({ tab: "overview" }));
});

it("a new network is one command away", async () => {
  fake.answer("network.check", () => ({ fields: [] }));
  fake.answer("network.offer", () => ({
    name: "kommos",
    subnet: "10.131.7.0/24",
    ipv6: true,
    mtu: 1500,
    internet: true,
  }));
  await userEvent.keyboard("{Control>}k{/Control}");
  await userEvent.keyboard("new network{Enter}");
  await screen.findByRole("dialog", { name: en.networks.newTitle });
  await userEvent.keyboard("{Escape}");
  await vi.waitFor(() => expect(router.route).toEqual({ page: "networks", adding: false }));
});

it("the trash is one command away, and lies below the settings", async () => {
  fake.snapshot("trash", {});
  await userEvent.keyboard("{Control>}k{/Control}");
  await userEvent.keyboard("trash{Enter}");
  await title(en.trash.title);
  const path = within(screen.getByRole("list", { name: en.nav.path }));
  const storage = path.getByRole("link", { name: en.settings.topics.storage });
  expect(storage.getAttribute("href")).toBe("#/settings/storage");
  const nav = within(screen.getByRole("navigation", { name: en.nav.label }));
  const settings = nav.getByRole("link", { name: en.nav.settings });
  expect(settings.getAttribute("aria-current")).toBe("page");
});

it("shortcuts go to places, and ? lists them unless somebody types", async () => {
  await userEvent.keyboard("{Control>},{/Control}");
  await title(en.settings.topics.appearance);
  const find = screen.getByRole("searchbox", { name: en.settings.find });
  await userEvent.type(find, "?");
  expect(screen.queryByRole("dialog")).toBeNull();
  (await title(en.settings.topics.appearance)).focus();
  await userEvent.keyboard("?");
  expect(screen.getByRole("dialog", { name: en.shortcuts.title })).toBeTruthy();
  await userEvent.keyboard("{Escape}");
  expect(screen.queryByRole("dialog")).toBeNull();
});

it("F6 goes from region to region", async () => {
  const regions: (string | undefined)[] = [];
  for (let press = 0; press < 4; press += 1) {
    await userEvent.keyboard("{F6}");
    const region = document.activeElement?.closest<HTMLElement>("[data-region]");
    regions.push(region?.dataset.region);
  }
  const round = ["page", "bar", "sidebar"];
  const begin = round.indexOf(regions[0] ?? "");
  expect(regions).toEqual([0, 1, 2, 3].map((step) => round[(begin + step) % 3]));
});

it("text grows by keys, and only as far as it can", async () => {
  await userEvent.keyboard("{Control>}={/Control}");
  await vi.waitFor(() => expect(document.documentElement.style.fontSize).toBe("110%"));
  session.settings = sample.settings({ text_percent: 200 });
  await userEvent.keyboard("{Control>}={/Control}");
  expect(fake.requests("settings.set").at(-1)?.settings.text_percent).toBe(200);
  await userEvent.keyboard("{Control>}0{/Control}");
  await vi.waitFor(() => expect(document.documentElement.style.fontSize).toBe(""));
});

it("running work is counted, listed and, at its end, told with the way on", async () => {
  const running = sample.job({
    request: { kind: "download", image: sample.IMAGE_ID },
    subject: "Talos v1.13.9",
  });
  fake.upsert("jobs", sample.JOB_ID, running);
  const pill = await screen.findByRole("button", { name: "1 running" });
  await userEvent.click(pill);
  const list = screen.getByRole("region", { name: en.jobs.label });
  expect(within(list).getByRole("link", { name: "Download Talos v1.13.9" })).toBeTruthy();
  fake.upsert("jobs", sample.JOB_ID, {
    ...running,
    state: "done",
    stages: [],
    ended_at: "2026-03-20T09:00:41Z",
  });
  await screen.findByText(fill(en.jobDone.download, { name: "Talos v1.13.9" }), {
    selector: ".toast *",
  });
  await userEvent.click(screen.getByRole("button", { name: en.images.createMachine }));
  await vi.waitFor(() =>
    expect(router.route).toEqual({ page: "new-machine", image: sample.IMAGE_ID }),
  );
});

it("a failure is told at once, and stays on Home until it was looked at", async () => {
  fake.upsert("jobs", sample.JOB_ID, sample.job());
  const problem = problemWith({ code: "qemu_missing", params: { arch: "amd64" } });
  const failed = sample.job({ state: "failed", problem, cancellable: false, stages: [] });
  fake.upsert("jobs", sample.JOB_ID, failed);
  flushSync();
  const alarm = document.querySelector('[aria-live="assertive"]');
  expect(alarm?.textContent).toBe("knossos could not start: QEMU is missing");
  const strip = screen.getByRole("region", { name: "Start knossos" });
  await userEvent.click(within(strip).getByRole("link", { name: en.common.failedShow }));
  await screen.findByRole("heading", { name: "knossos could not start: QEMU is missing" });
  router.go({ page: "home" });
  await title(en.home.title);
  expect(screen.queryByRole("region", { name: "Start knossos" })).toBeNull();
});

it("a lost program is said, with what was known still there", async () => {
  fake.lose();
  expect((await screen.findByRole("alert")).textContent).toContain(en.connection.lost);
  expect(screen.getByRole("link", { name: "knossos" })).toBeTruthy();
  fake.upsert("machines", sample.MACHINE_ID, sample.machine());
  await vi.waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
});

it("a program that could not begin shows why and nothing else, and tries again", async () => {
  session.problem = problemWith({ code: "locked", params: { path: "/run/crete/lock" } });
  await title(en.notBegun.title);
  screen.getByRole("heading", { name: en.problem.locked.title });
  expect(screen.queryByRole("heading", { name: en.home.title })).toBeNull();
  const unanswered = new ProblemError(problemWith({ code: "folder_unusable" }));
  fake.again = vi.fn(() => Promise.reject(unanswered));
  await userEvent.click(screen.getByRole("button", { name: en.common.retry }));
  await screen.findByRole("heading", { name: en.problem.folder_unusable.title });
  expect(fake.again).toHaveBeenCalledOnce();
});

it("a page that breaks says so, is reported, and the frame goes on", async () => {
  const broken = sample.machine();
  // A machine as no program sends it: the page cannot draw what is not there.
  fake.upsert("machines", sample.MACHINE_ID, { ...broken, spec: null as never });
  await title(en.pageFault.title);
  expect(fake.requests("app.fault").length).toBeGreaterThan(0);
  fake.upsert("machines", sample.MACHINE_ID, broken);
  await userEvent.click(screen.getByRole("button", { name: en.pageFault.again }));
  await title(en.home.title);
});

it("the program is told whether anybody looks", () => {
  const visible = (state: "visible" | "hidden") => {
    Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
    return fake.requests("app.visible").at(-1)?.visible;
  };
  expect(visible("hidden")).toBe(false);
  expect(visible("visible")).toBe(true);
});

it("known topics are those that were sent whole", () => {
  expect([topics.images.known, topics.drafts.known]).toEqual([true, false]);
});
