/** Preferences: kept at once, refused at the field, taken back on request. */
import { render, screen, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { en, fill } from "../../messages";
import { session, start } from "../../model/session.svelte";
import { toasts } from "../../model/toasts.svelte";
import { ProblemError } from "../../platform";
import { FakePlatform, problemWith } from "../../platform/fake";
import * as sample from "../../platform/fake/samples";
import type { SettingsPage as Topic } from "../../model/router.svelte";
import SettingsPage from "./SettingsPage.svelte";

const fake = new FakePlatform();
fake
  .answer("settings.get", () => sample.settings())
  .answer("app.info", () => sample.info())
  .answer("app.visible", () => ({}))
  // As the program does: an address without a scheme is none.
  .answer("settings.set", ({ settings }) => {
    if (/^https?:/.test(settings.factory_url)) return settings;
    const fields = [{ field: "factory_url", code: "not_a_url" as const, params: {} }];
    throw new ProblemError(problemWith({ code: "invalid", fields }));
  });
await start(fake);

const sent = () => fake.requests("settings.set").map(({ settings }) => settings);
const open = (topic: Topic) => render(SettingsPage, { topic });

beforeEach(() => {
  fake.calls.length = 0;
  session.settings = sample.settings();
  for (const toast of [...toasts.list]) toasts.dismiss(toast.id);
});

it("a wrong address is told at its field, corrected by key, and then kept", async () => {
  open("service");
  const field = screen.getByLabelText<HTMLInputElement>(en.settings.factory);
  await userEvent.clear(field);
  await userEvent.type(field, "factory");
  expect(field.getAttribute("aria-invalid")).toBe("false");
  await userEvent.tab();
  await screen.findByText(en.field.not_a_url);
  expect(field.getAttribute("aria-invalid")).toBe("true");
  expect(field.value).toBe("factory");
  expect(screen.queryByRole("alert")).toBeNull();

  await userEvent.clear(field);
  await userEvent.type(field, "http://f");
  await vi.waitFor(() => expect(field.getAttribute("aria-invalid")).toBe("false"));
  expect(session.settings?.factory_url).toMatch(/^http:/);
});

it("leaving a field as it was sends nothing", async () => {
  open("service");
  const field = screen.getByLabelText(en.settings.proxy);
  await userEvent.click(field);
  await userEvent.tab();
  expect(sent()).toEqual([]);
});

it("a change counts at once and can be taken back", async () => {
  open("appearance");
  await userEvent.click(screen.getByRole("radio", { name: en.theme.dark }));
  await vi.waitFor(() => expect(session.settings?.theme).toBe("dark"));
  expect(toasts.list[0]?.undo).toBe(true);
  await userEvent.click(screen.getByRole("button", { name: en.settings.undo }));
  await vi.waitFor(() => expect(session.settings?.theme).toBe("system"));
  expect(screen.getByRole<HTMLInputElement>("radio", { name: en.theme.system }).checked).toBe(true);
});

it("sizes are shown in GiB and sent in the program's units", async () => {
  open("machines");
  const field = screen.getByLabelText<HTMLInputElement>(en.newMachine.memoryLabel);
  expect(field.value).toBe("2");
  await userEvent.clear(field);
  await userEvent.type(field, "1.5");
  await userEvent.tab();
  await vi.waitFor(() => expect(sent().at(-1)?.default_memory_mib).toBe(1536));
  await userEvent.clear(field);
  await userEvent.type(field, "much");
  await userEvent.tab();
  await vi.waitFor(() => expect(sent().at(-1)?.default_memory_mib).toBe(0));
});

it("a refusal because of another field is not silent", async () => {
  session.settings = sample.settings({ factory_url: "gone bad" });
  open("appearance");
  await userEvent.click(screen.getByRole("switch", { name: en.settings.contrast }));
  const alarm = await screen.findByRole("alert");
  expect(alarm.textContent).toContain("could not be kept");
});

it("the trash is told beside the folders, with the way to it", async () => {
  open("storage");
  const trash = () => within(screen.getByRole("region", { name: en.trash.title }));
  trash().getByText(en.common.loading);
  fake.snapshot("trash", {});
  await trash().findByText(en.trash.nothing);
  fake.upsert("trash", "t1", sample.trashed());
  fake.upsert("trash", "t2", sample.trashed({ trash_id: "t2", bytes: 2 ** 29 }));
  await trash().findByText("2 things, 3.5 GiB");
  const link = trash().getByRole("link", { name: en.common.show });
  expect(link.getAttribute("href")).toBe("#/trash");
});

it("sizes that are too much for this computer say so where they are set, as they change", async () => {
  fake.answer("machine.strains", ({ memory_mib }) => ({
    strains:
      memory_mib > 8192
        ? [{ code: "memory_short", params: { needed: "9", free: "8" }, refused: true }]
        : [],
  }));
  open("machines");
  const field = screen.getByLabelText(en.newMachine.memoryLabel);
  await userEvent.clear(field);
  await userEvent.type(field, "9");
  await userEvent.tab();
  await screen.findByText(fill(en.strain.memory_short, { needed: "9 B", free: "8 B" }));
  await userEvent.clear(field);
  await userEvent.type(field, "4");
  await userEvent.tab();
  await vi.waitFor(() => expect(screen.queryByText(/8 B are free/)).toBeNull());
});

it("words lead to the page that holds them", async () => {
  open("appearance");
  await userEvent.type(screen.getByRole("searchbox", { name: en.settings.find }), "certif");
  expect(screen.getAllByRole("link").map((link) => link.textContent.trim())).toEqual([
    en.settings.topics.service,
  ]);
});
