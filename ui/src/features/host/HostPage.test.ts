/** The page with a platform of this test's own: what is shown before anything runs, and after. */
import { flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { en } from "../../messages";
import { start } from "../../model/session.svelte";
import type { Platform } from "../../platform";
import { ProblemError } from "../../platform";
import type { Check, EventFrame, HostReport, Job, Problem } from "../../platform/generated/api";
import HostPage from "./HostPage.svelte";

const commands = [
  ["/usr/sbin/usermod", "-aG", "kvm", "ariadne"],
  ["/usr/bin/setfacl", "-m", "u:ariadne:rw", "/dev/kvm"],
];
const kvm: Check = {
  code: "kvm",
  state: "limited",
  cause: "no_permission",
  params: { group: "kvm", user: "ariadne" },
  evidence: [{ what: "/dev/kvm", found: "may not be opened" }],
  remedies: [
    {
      kind: "fix",
      fix: "join_group_and_open",
      commands,
      undo: [["/usr/bin/gpasswd", "-d", "ariadne", "kvm"]],
    },
    { kind: "go_on_emulated" },
  ],
};
const report: HostReport = {
  verdict: "slow",
  accelerator: "tcg",
  arch: "amd64",
  checks: [kvm],
  qemu: [],
  qemu_img: null,
  pkexec: "/usr/bin/pkexec",
  firmware: [],
  checked_at: "2026-03-20T09:00:00Z",
};
const job: Job = {
  schema_version: 1,
  id: "0198f2f0-0000-7000-8000-000000000001",
  request: { kind: "fix_host", fix: "join_group_and_open" },
  subject: "usermod",
  state: "running",
  stages: [
    {
      code: "change",
      weight: 9,
      state: "running",
      progress: null,
      blocker: { code: "password", params: {}, since: "2026-03-20T09:00:00Z", problem: null },
      started_at: null,
      ended_at: null,
    },
  ],
  created_at: "2026-03-20T09:00:00Z",
  ended_at: null,
  problem: null,
  cancellable: true,
  pausable: false,
  paused_at: null,
};

const rpc = vi.fn().mockResolvedValue({});
let tell: (batch: EventFrame[]) => void;
let generation = 0;
let page: Record<string, unknown> | undefined;

await start({
  rpc,
  events: (frames) => (tell = frames),
  stream: () => ({ close: () => undefined }),
  again: () => Promise.resolve(),
} as Platform);

function upsert(topic: "host" | "jobs", key: string, value: unknown): void {
  generation += 1;
  tell([{ topic, generation, change: { kind: "upsert", key, value } }]);
  flushSync();
}

function text(): string {
  return document.body.textContent.replace(/\s+/g, " ");
}

function button(name: string): HTMLButtonElement | undefined {
  return [...document.querySelectorAll("button")].find(
    (button) => button.textContent.trim() === name,
  );
}

function press(name: string): void {
  const found = button(name);
  if (!found) throw new Error(`no button ${name} in: ${text()}`);
  found.click();
  flushSync();
}

async function shows(words: string): Promise<void> {
  await vi.waitFor(() => {
    flushSync();
    expect(text()).toContain(words);
  });
}

const asked = (command: string, request: unknown): Promise<void> =>
  vi.waitFor(() => expect(rpc).toHaveBeenCalledWith(command, request));

beforeEach(() => {
  rpc.mockReset();
  rpc.mockResolvedValue({ job: job.id });
  upsert("host", "host", report);
  page = mount(HostPage, { target: document.body });
  flushSync();
});

afterEach(async () => {
  if (page) await unmount(page);
});

it("shows the commands before anything runs, and sends only the code", async () => {
  for (const line of commands) expect(text()).toContain(line.join(" "));
  expect(text()).toContain(en.host.exactly);
  expect(text()).toContain("/usr/bin/gpasswd -d ariadne kvm");
  expect(rpc).not.toHaveBeenCalledWith("host.fix", expect.anything());
  press(en.host.fixIt);
  await asked("host.fix", { fix: "join_group_and_open" });
  expect(rpc.mock.calls.filter(([name]) => name === "host.fix")).toEqual([
    ["host.fix", { fix: "join_group_and_open" }],
  ]);
});

it("says what it waits for, can be cancelled, and tells why it did not work", async () => {
  press(en.host.fixIt);
  upsert("jobs", job.id, job);
  await shows(en.blocker.password);
  expect(button(en.host.fixIt)).toBeUndefined();
  press(en.common.cancel);
  await asked("job.cancel", { job: job.id });
  const problem: Problem = {
    code: "fix_dismissed",
    params: { done: "0", commands: "2" },
    detail: null,
    fields: [],
    remedies: [],
    id: "",
  };
  upsert("jobs", job.id, { ...job, state: "failed", problem });
  await shows(en.problem.fix_dismissed.title);
  expect(text()).toContain("0 of 2 commands ran.");
  expect(button(en.host.fixIt)).toBeDefined();
});

it("leaves it to the person, with the lines to run", () => {
  press(en.host.myself);
  expect(text()).toContain(en.host.exactlyByHand);
  expect(text()).toContain("sudo /usr/sbin/usermod -aG kvm ariadne");
  expect(button(en.host.fixIt)).toBeUndefined();
  press(en.host.forMe);
  expect(button(en.host.fixIt)).toBeDefined();
});

it("offers no question for a password where nothing can ask it", () => {
  upsert("host", "host", { ...report, pkexec: null });
  expect(text()).toContain(en.host.noPkexec);
  expect(button(en.host.fixIt)).toBeUndefined();
  expect(text()).toContain("sudo /usr/sbin/usermod -aG kvm ariadne");
});

it("tells a refusal that came before the work began", async () => {
  const problem = { code: "fix_not_needed", params: {}, detail: null, fields: [], remedies: [] };
  rpc.mockRejectedValue(new ProblemError({ ...problem, id: "" } as Problem));
  press(en.host.fixIt);
  await shows(en.problem.fix_not_needed.title);
});

it("shows a change once and refers to it where it mends another check", () => {
  const qemu: Check = { ...kvm, code: "qemu", state: "failed", cause: "not_installed" };
  upsert("host", "host", { ...report, checks: [kvm, qemu] });
  expect(
    [...document.querySelectorAll("button")].filter((b) => b.textContent.trim() === en.host.fixIt),
  ).toHaveLength(1);
  expect(text()).toContain(en.host.sameFix);
});
