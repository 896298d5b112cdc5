/** The access to a cluster: what merging would do is said before, what was done can be undone. */
import { render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { en, fill, problemCause } from "../../../messages";
import { dateOf } from "../../../model/format";
import { start } from "../../../model/session.svelte";
import { toasts } from "../../../model/toasts.svelte";
import { FakePlatform, problemWith } from "../../../platform/fake";
import * as sample from "../../../platform/fake/samples";
import type { AccessFile, AccessOffer, AccessView } from "../../../platform/generated/api";
import { foretold, status, time } from "./access";
import AccessPanel from "./AccessPanel.svelte";

const CLUSTER = "0198f2f0-0000-7000-8000-0000000000f1";
const PATH = "/home/ariadne/.kube/config";

const offer = (change: Partial<AccessOffer> = {}): AccessOffer => ({
  kind: "kubeconfig",
  path: PATH,
  exists: true,
  leads_to: null,
  context: "admin@lab",
  taken: null,
  replaces: false,
  becomes_current: false,
  obstacle: null,
  ...change,
});
const file = (change: Partial<AccessFile> = {}): AccessFile => ({
  id: "f1",
  kind: "kubeconfig",
  role: "admin",
  how: "merged",
  path: PATH,
  context: "admin@lab",
  state: "untouched",
  expires_at: "2027-01-02T03:04:05Z",
  renew: false,
  expired: false,
  can_undo: true,
  ...change,
});

let view: AccessView;
const fake = new FakePlatform();
fake
  .answer("settings.get", () => sample.settings())
  .answer("app.info", () => sample.info())
  .answer("app.visible", () => ({}))
  .answer("access.view", () => view)
  .answer("access.text", () => ({ text: "apiVersion: v1" }))
  .answer("access.save", () => ({ path: "/home/ariadne/lab.yaml" }))
  .answer("access.save_secrets", () => ({ path: null }))
  .answer("access.merge", () => file())
  .answer("access.renew", () => ({}))
  .answer("access.undo", () => ({}))
  .answer("access.forget", () => ({}));
void start(fake);

beforeEach(() => {
  view = {
    files: [],
    offers: [
      offer(),
      offer({ kind: "talosconfig", context: "lab", path: "/home/ariadne/.talos/config" }),
    ],
    authorities: [{ of: "talos", expires_at: "2036-01-02T03:04:05Z", renew: false }],
  };
  fake.calls.length = 0;
  toasts.list.splice(0);
});

const press = (name: string) =>
  screen.findByRole("button", { name }).then((at) => userEvent.click(at));
const told = (text: string) =>
  waitFor(() => expect(toasts.list.map(({ title }) => title)).toContain(text));

describe("what merging would do", () => {
  const words = en.access;
  it.each([
    [offer({ path: null }), [words.practice]],
    [offer({ obstacle: "read-only" }), [fill(words.obstacle, { why: "read-only" })]],
    [
      offer({ exists: false, becomes_current: true }),
      [fill(words.named, { context: "admin@lab" }), words.current, words.creates],
    ],
    [
      offer({ taken: "admin@lab", context: "admin@lab-1" }),
      [
        fill(words.taken, { taken: "admin@lab", context: "admin@lab-1" }),
        words.notCurrent,
        words.backup,
      ],
    ],
    [
      offer({ replaces: true, leads_to: "/dotfiles/kube" }),
      [
        words.replaces,
        words.notCurrent,
        fill(words.leadsTo, { path: "/dotfiles/kube" }),
        words.backup,
      ],
    ],
  ])("%#", (what, said) => expect(foretold(what)).toEqual(said));
});

it("tells the time of a file, and when it is time to renew", () => {
  const when = dateOf("2027-01-02T03:04:05Z");
  expect(when).toContain("2027");
  expect([time(file()), status(file())]).toEqual([fill(en.access.until, { when }), "good"]);
  const soon = file({ renew: true });
  expect([time(soon), status(soon)]).toEqual([fill(en.access.soon, { when }), "warn"]);
  const over = file({ renew: true, expired: true });
  expect([time(over), status(over)]).toEqual([fill(en.access.over, { when }), "bad"]);
  const gone = file({ state: "gone", expires_at: null });
  expect([time(gone), status(gone)]).toEqual(["", "unknown"]);
});

it("copies, saves and merges, each when asked", async () => {
  const write = vi.fn(() => Promise.resolve());
  vi.stubGlobal("navigator", { ...navigator, clipboard: { writeText: write } });
  render(AccessPanel, { cluster: CLUSTER });
  await press(fill(en.access.copy, { kind: "kubeconfig" }));
  await told(en.access.copied);
  expect(write).toHaveBeenCalledWith("apiVersion: v1");
  vi.unstubAllGlobals();
  await press(fill(en.access.save, { kind: "kubeconfig" }));
  await told(fill(en.access.saved, { path: "/home/ariadne/lab.yaml" }));
  expect(fake.requests("access.merge")).toEqual([]);
  await press(fill(en.access.merge, { path: PATH }));
  await told(fill(en.access.merged, { context: "admin@lab", path: PATH }));
  expect(fake.requests("access.merge")).toEqual([
    { cluster: CLUSTER, kind: "kubeconfig", role: "admin" },
  ]);
});

it("makes a reader's key where there is one", async () => {
  render(AccessPanel, { cluster: CLUSTER });
  const card = await screen.findByRole("region", { name: "talosconfig" });
  await userEvent.click(within(card).getByRole("radio", { name: en.access.reader }));
  expect(within(card).getByText(en.access.role.reader)).toBeTruthy();
  await userEvent.click(
    within(card).getByRole("button", { name: fill(en.access.save, { kind: "talosconfig" }) }),
  );
  await waitFor(() => expect(fake.requests("access.save").at(-1)?.role).toBe("reader"));
  const kube = screen.getByRole("region", { name: "kubeconfig" });
  expect(within(kube).queryByRole("radio")).toBeNull();
});

it("shows what was written, renews it and undoes it", async () => {
  view.files = [file(), file({ id: "f2", path: "/b", state: "changed", can_undo: false })];
  render(AccessPanel, { cluster: CLUSTER });
  await press(fill(en.access.renewNamed, { path: PATH }));
  await told(fill(en.access.renewed, { path: PATH }));
  await press(fill(en.access.undoNamed, { path: PATH }));
  await told(fill(en.access.undone, { path: PATH }));
  expect(fake.requests("access.undo")).toEqual([{ cluster: CLUSTER, id: "f1" }]);
  expect(screen.getByText(en.access.noUndo)).toBeTruthy();
  expect(
    screen.queryByRole("button", { name: fill(en.access.undoNamed, { path: "/b" }) }),
  ).toBeNull();
  await press(fill(en.access.forgetNamed, { path: "/b" }));
  await waitFor(() => expect(fake.requests("access.forget")).toHaveLength(1));
});

it("says what could not be done and why, and looks again", async () => {
  fake.refuse("access.merge", { code: "access_read_only", params: { path: PATH } });
  render(AccessPanel, { cluster: CLUSTER });
  await press(fill(en.access.merge, { path: PATH }));
  const cause = problemCause(problemWith({ code: "access_read_only", params: { path: PATH } }));
  await told(fill(en.access.couldNot, { what: fill(en.access.merge, { path: PATH }), cause }));
  expect(fake.requests("access.view").length).toBeGreaterThan(1);
});

it("merges nothing in practice, and tells when it cannot look at all", async () => {
  view.offers = view.offers.map((one) => ({ ...one, path: null }));
  const shown = render(AccessPanel, { cluster: CLUSTER });
  await screen.findAllByText(en.access.practice);
  expect(screen.queryByRole("button", { name: new RegExp("^Add to") })).toBeNull();
  shown.unmount();
  fake.refuse("access.view", { code: "not_found", params: { kind: "cluster", id: CLUSTER } });
  render(AccessPanel, { cluster: CLUSTER });
  await screen.findByRole("alert");
  fake.answer("access.view", () => view);
});
