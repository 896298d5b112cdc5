/** The list of networks, and a new one. */
import { render, screen, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { en, fill } from "../../messages";
import { router } from "../../model/router.svelte";
import { start } from "../../model/session.svelte";
import { ProblemError } from "../../platform";
import { FakePlatform, problemWith } from "../../platform/fake";
import * as sample from "../../platform/fake/samples";
import type { FieldProblem, NetworkDraft } from "../../platform/generated/api";
import NetworksPage from "./NetworksPage.svelte";

const words = en.networks;

/** Networks as the program judges them. */
function judge({ name, subnet, mtu }: NetworkDraft): FieldProblem[] {
  const faults: FieldProblem[] = [];
  if (name === "default") faults.push({ field: "name", code: "taken", params: { name } });
  if (subnet.startsWith("10.96."))
    faults.push({ field: "subnet", code: "collides", params: { with: "10.96.0.0/12" } });
  if (mtu < 1280) faults.push({ field: "mtu", code: "too_small", params: { min: "1280" } });
  return faults;
}

const offered = {
  name: "kommos",
  subnet: "10.131.7.0/24",
  ipv6: true,
  mtu: 1500,
  internet: true,
};
const fake = new FakePlatform();
fake
  .answer("settings.get", () => sample.settings())
  .answer("app.info", () => sample.info())
  .answer("app.visible", () => ({}))
  .answer("network.check", (draft) => ({ fields: judge(draft) }))
  .answer("network.create", (draft) => {
    const fields = judge(draft);
    if (fields.length > 0) throw new ProblemError(problemWith({ code: "invalid", fields }));
    return { network: "made" };
  });
await start(fake);

const field = (name: string) => screen.getByLabelText<HTMLInputElement>(name);
const create = () => screen.getByRole<HTMLButtonElement>("button", { name: words.create });

async function adding(): Promise<void> {
  router.go({ page: "networks", adding: true });
  render(NetworksPage, { adding: true });
  await screen.findByLabelText(words.name);
}

async function write(name: string, text: string): Promise<void> {
  await userEvent.clear(field(name));
  await userEvent.type(field(name), text);
}

it("before the program has told its networks, the page waits and does not say there are none", () => {
  render(NetworksPage, { adding: false });
  screen.getByRole("status", { name: en.common.loading });
});

// What follows knows the networks: a topic that is known stays so.
const known = () => fake.snapshot("networks", { [sample.NETWORK_ID]: sample.network() });

beforeEach(() => {
  fake.calls.length = 0;
  fake.answer("network.offer", () => offered);
  fake.snapshot("broken", {});
});

it("every network says how it is, in words", () => {
  const problem = problemWith({ code: "network_failed", params: { name: "matala" } });
  const view = (name: string) => ({
    spec: sample.networkSpec({ id: name, name, is_default: false }),
  });
  known();
  fake.upsert("networks", "off", sample.networkOff(view("amnisos")));
  fake.upsert("networks", "failed", {
    ...sample.networkOff(view("matala")),
    state: "failed",
    problem,
  } as never);
  fake.upsert("networks", "starting", {
    ...sample.networkOff(view("mochlos")),
    state: "starting",
    since: "2026-03-20T09:00:00Z",
  } as never);
  render(NetworksPage, { adding: false });
  const rows = screen.getAllByRole("listitem");
  expect(rows.map((row) => within(row).getByRole("link").textContent)).toEqual([
    "default",
    "amnisos",
    "matala",
    "mochlos",
  ]);
  for (const [at, state] of (["running", "off", "failed", "starting"] as const).entries()) {
    within(rows[at]!).getByText(words.state[state]);
    within(rows[at]!).getByText(words.stateText[state]);
  }
  within(rows[0]!).getByText(fill(words.on, { on: 1, all: 1 }));
  within(rows[1]!).getByText(fill(words.on, { on: 0, all: 1 }));
});

it("what keeps a network from working as it should is seen at a glance", () => {
  fake.snapshot("networks", {
    [sample.NETWORK_ID]: sample.network({
      outdated: true,
      conflict: "10.88.0.0/16",
      machines: [sample.member({ fault: "a frame of 70000 bytes" })],
      spec: sample.networkSpec({ internet: false }),
    }),
  });
  render(NetworksPage, { adding: false });
  screen.getByText(fill(words.conflictShort, { route: "10.88.0.0/16" }));
  screen.getByText(words.outdatedShort);
  screen.getByText("1 machine was cut off");
  screen.getByText(new RegExp(words.internetNone));
});

it("a folder that cannot be read is listed, those of other kinds are not", () => {
  known();
  const broken = (kind: string) => ({
    kind,
    path: `/data/${kind}/x`,
    error: "unexpected end",
    problem: null,
  });
  fake.snapshot("broken", { a: broken("networks"), b: broken("machines") });
  render(NetworksPage, { adding: false });
  screen.getByRole("region", { name: "/data/networks/x" });
  expect(screen.queryByRole("region", { name: "/data/machines/x" })).toBeNull();
});

it("a new network can be made as the form opens, and is shown", async () => {
  known();
  await adding();
  expect(field(words.subnet).value).toBe(offered.subnet);
  await userEvent.click(create());
  expect(fake.requests("network.create")).toEqual([offered]);
  await vi.waitFor(() => expect(router.route).toMatchObject({ page: "network", id: "made" }));
});

it("its values are checked as they are written", async () => {
  known();
  await adding();
  await write(words.subnet, "10.96.1.0/24");
  await screen.findByText(fill(en.field.collides, { with: "10.96.0.0/12" }));
  expect(create().disabled).toBe(true);
  await write(words.subnet, "10.9.1.0/24");
  await vi.waitFor(() => expect(create().disabled).toBe(false));
  await userEvent.click(screen.getByRole("switch", { name: words.internet }));
  await userEvent.click(screen.getByText(words.more));
  await userEvent.click(screen.getByRole("switch", { name: words.ipv6 }));
  await write(words.mtu, "900");
  await screen.findByText(fill(en.field.too_small, { min: "1280" }));
  await write(words.mtu, "9000");
  await vi.waitFor(() => expect(create().disabled).toBe(false));
  await userEvent.click(create());
  expect(fake.requests("network.create")).toEqual([
    { ...offered, subnet: "10.9.1.0/24", internet: false, ipv6: false, mtu: 9000 },
  ]);
});

it("a suggestion that cannot be had says why, and can be asked for again", async () => {
  known();
  fake.refuse("network.offer", { code: "no_subnet_free", remedies: [{ kind: "retry" }] });
  render(NetworksPage, { adding: true });
  await screen.findByText(fill(words.cannotCreate, { cause: en.problem.no_subnet_free.cause }));
  fake.answer("network.offer", () => offered);
  await userEvent.click(screen.getByRole("button", { name: en.remedy.retry }));
  await screen.findByLabelText(words.name);
});

it("closing the form leads back to the list", async () => {
  known();
  await adding();
  await userEvent.click(screen.getByRole("button", { name: en.common.cancel }));
  expect(router.route).toEqual({ page: "networks", adding: false });
});
