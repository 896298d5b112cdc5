/** The editor of configurations: keys, findings at their lines, words and links, and the keyboard. */
import { fireEvent, render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { en, fill } from "../../../messages";
import { keyLines } from "../../../messages/en/keys";
import { start } from "../../../model/session.svelte";
import { FakePlatform } from "../../../platform/fake";
import * as sample from "../../../platform/fake/samples";
import type { ConfigFinding, ConfigKeys, ConfigVerdict } from "../../../platform/generated/api";
import ConfigEditor from "./ConfigEditor.svelte";

const VERSION = "v1.13.9";
const KEYS: ConfigKeys = {
  minor: "1.13",
  main: "Main",
  kinds: { HostnameConfig: "Hostname" },
  records: {
    Main: { machine: { kind: "record", name: "Machine" } },
    Machine: { type: { kind: "text", options: ["worker"] }, install: { kind: "free" } },
    Hostname: { hostname: { kind: "text", options: [] } },
  },
};
const finding = (change: Partial<ConfigFinding>): ConfigFinding => ({
  severity: "error",
  code: "rule",
  document: "",
  path: "",
  line: 1,
  words: "",
  ...change,
});

let verdict: ConfigVerdict = { minor: "1.13", findings: [] };
const fake = new FakePlatform()
  .answer("settings.get", () => sample.settings())
  .answer("app.info", () => sample.info())
  .answer("app.visible", () => ({}))
  .answer("app.fault", () => ({}))
  .answer("open", () => ({}))
  .answer("config.keys", () => KEYS)
  .answer("config.check", () => verdict);
void start(fake);

beforeEach(() => {
  verdict = { minor: "1.13", findings: [] };
  fake.answer("config.check", () => verdict);
  fake.calls.length = 0;
});

/** Shows an editor; gives its view and what it says when it is changed. */
async function show(value: string, change: { version?: string; readOnly?: boolean } = {}) {
  const onchange = vi.fn<(text: string) => void>();
  const onjudged = vi.fn<(errors: number) => void>();
  const props = { id: "c", label: "Config", value, version: VERSION, form: "whole" as const };
  const shown = render(ConfigEditor, { ...props, onchange, onjudged, ...change });
  const field = await screen.findByRole("textbox", { name: "Config" });
  // Loaded as the page loads it: the editor is no part of what comes first.
  const { EditorView } = await import("@codemirror/view");
  const view = EditorView.findFromDOM(field);
  if (!view) throw new Error("there is no editor");
  return { onchange, onjudged, view, field, shown, props };
}

const status = () => screen.getByRole("status").textContent.trim();

it("says that a text is valid for the version, and asks again when either changes", async () => {
  const { onjudged, shown, props } = await show("machine:\n  type: worker\n");
  const valid = fill(en.config.valid, { version: VERSION });
  await screen.findAllByText(valid);
  expect(fake.requests("config.check")).toEqual([
    { text: props.value, version: VERSION, mode: "metal", form: "whole" },
  ]);
  await waitFor(() => expect(onjudged).toHaveBeenLastCalledWith(0));
  await shown.rerender({ value: "machine:\n  type: init\n", version: "v1.12.0" });
  await waitFor(() => expect(fake.requests("config.check").at(-1)?.version).toBe("v1.12.0"));
});

it("shows each finding at its line, says how many, and leads there", async () => {
  verdict.findings = [
    finding({ code: "unknown_key", path: "machine.tpye", line: 2, words: "no such key" }),
    finding({ severity: "warning", line: 0, words: "it is old" }),
  ];
  const { view, onjudged } = await show("machine:\n  tpye: worker\n");
  const list = await screen.findByRole("list", { name: en.config.findings });
  const near = fill(en.config.finding.unknown_key_near, {
    key: "tpye",
    minor: "1.13",
    near: "type",
  });
  expect(list.textContent).toContain(near);
  expect(list.textContent).toContain("it is old");
  expect(await screen.findByText("1 error, 1 warning", { selector: ".cut" })).toBeTruthy();
  await waitFor(() => expect(onjudged).toHaveBeenLastCalledWith(1));
  await waitFor(() =>
    expect(view.dom.querySelector(".cm-lintRange-error")?.textContent).toBe("tpye: worker"),
  );
  await userEvent.click(
    within(list).getByRole("button", { name: fill(en.config.toLine, { n: 2 }) }),
  );
  expect(view.state.doc.lineAt(view.state.selection.main.head).number).toBe(2);
  await waitFor(() => expect(status()).toBe(fill(en.config.lineSays, { n: 2, said: near })));
});

it("tells what is not checked, and why", async () => {
  verdict.minor = null;
  const { shown } = await show("a: 1");
  const not = fill(en.config.notChecked, { version: VERSION });
  expect(await screen.findByText(not, { selector: ".cut" })).toBeTruthy();
  fake.refuse("config.check", { code: "internal" });
  await shown.rerender({ value: "b: 1" });
  await waitFor(() =>
    expect(screen.getByText(/could not be checked/, { selector: ".cut" })).toBeTruthy(),
  );
  await shown.rerender({ version: "" });
  expect(await screen.findByText(en.config.noVersion, { selector: ".cut" })).toBeTruthy();
});

it("asks nothing about nothing", async () => {
  await show("  \n");
  expect(fake.requests("config.check")).toEqual([]);
  expect(screen.queryByText(en.config.checking)).toBeNull();
});

it("explains the key under the cursor and leads to the version's page of the rest", async () => {
  const { view } = await show("machine:\n  install:\n    disk: a\n---\nkind: HostnameConfig\n");
  view.dispatch({ selection: { anchor: "machine:\n  install:\n    disk".length } });
  expect(await screen.findByText("machine.install.disk", { selector: "b" })).toBeTruthy();
  expect(screen.getByText(keyLines["machine.install.disk"]!)).toBeTruthy();
  view.dispatch({ selection: { anchor: view.state.doc.length - 2 } });
  const name = fill(en.config.reference, { name: "HostnameConfig" });
  await userEvent.click(await screen.findByRole("button", { name }));
  expect(fake.requests("open")).toEqual([
    { kind: "talos_kind", version: VERSION, document: "HostnameConfig" },
  ]);
});

it("gives every change on, undoes it, and takes over what others change", async () => {
  const { view, onchange, shown, field } = await show("a: 1");
  view.dispatch({ changes: { from: 4, insert: "2" }, userEvent: "input.type" });
  expect(onchange).toHaveBeenLastCalledWith("a: 12");
  field.focus();
  await userEvent.keyboard("{Control>}z{/Control}");
  expect(onchange).toHaveBeenLastCalledWith("a: 1");
  await shown.rerender({ value: "other: text" });
  await waitFor(() => expect(view.state.doc.toString()).toBe("other: text"));
  expect(onchange).toHaveBeenCalledTimes(2);
  await shown.rerender({ readOnly: true });
  await waitFor(() => expect(view.state.readOnly).toBe(true));
});

it("never keeps the keyboard: Tab goes on until something is written, and again after Escape", async () => {
  const { view, field } = await show("a: 1");
  // True where the page gets the key, and the focus goes on.
  const goesOn = () => fireEvent.keyDown(field, { key: "Tab", keyCode: 9 });
  const escape = () => fireEvent.keyDown(field, { key: "Escape", keyCode: 27 });
  const text = () => view.state.doc.toString();
  field.focus();
  expect([await goesOn(), text()], "who comes by").toEqual([true, "a: 1"]);
  view.dispatch({ changes: { from: 4, insert: "2" } });
  expect([await goesOn(), text()], "who writes").toEqual([false, "  a: 12"]);
  await escape();
  expect([await goesOn(), text()], "who is done").toEqual([true, "  a: 12"]);
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(Date.now() + 60_000);
  expect(await goesOn(), "nobody has to be quick").toBe(true);
  vi.useRealTimers();
  view.dispatch({ changes: { from: 0, insert: "#" } });
  expect([await goesOn(), text()]).toEqual([false, "  #  a: 12"]);
  expect(field.getAttribute("aria-describedby")).toContain("c-keys");
  expect(document.getElementById("c-keys")?.textContent).toContain("Escape");
});
