/** One network: why it is as it is, its wires, and what can be done about it. */
import { render, screen, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { en, fill } from "../../messages";
import { layout } from "../../model/layout.svelte";
import { router, toNetwork, type NetworkTab } from "../../model/router.svelte";
import { start } from "../../model/session.svelte";
import { toasts } from "../../model/toasts.svelte";
import { ProblemError } from "../../platform";
import { FakePlatform, problemWith } from "../../platform/fake";
import * as sample from "../../platform/fake/samples";
import type { NetworkView } from "../../platform/generated/api";
import NetworkPage from "./NetworkPage.svelte";

const words = en.networks;
const id = sample.NETWORK_ID;
const fake = new FakePlatform();
fake
  .answer("settings.get", () => sample.settings())
  .answer("app.info", () => sample.info())
  .answer("app.visible", () => ({}))
  .answer("network.restart", () => ({}))
  .answer("network.resubnet", () => ({}))
  .answer("network.change", () => ({}))
  .answer("network.delete", () => ({ trash_id: "t1", name: "kommos" }))
  .answer("trash.restore", () => ({}))
  .answer("machine.cut", () => ({}))
  .answer("machine.connect", () => ({}))
  .answer("network.reveal", () => ({
    yaml: "name: default",
    command: "crete-net --config a",
    told: "subnet: 10.88.1.0/24",
    folder: "/data/networks/d1",
  }));
await start(fake);

function show(network: NetworkView, tab: NetworkTab = "overview", machine = "") {
  fake.snapshot("networks", { [id]: network });
  return render(NetworkPage, { id, tab, machine });
}
const button = (name: string) => screen.getByRole<HTMLButtonElement>("button", { name });
const choose = async (menu: string, item: string) => {
  await userEvent.click(button(fill(en.common.more, { name: menu })));
  await userEvent.click(screen.getByRole("menuitem", { name: new RegExp(`^${item}`) }));
};
const own = (change = {}) => sample.networkSpec({ name: "kommos", is_default: false, ...change });

beforeEach(() => {
  fake.calls.length = 0;
  fake.snapshot("traffic", {});
  for (const toast of [...toasts.list]) toasts.dismiss(toast.id);
});

describe("its state", () => {
  it("off is said in words, and nothing is waited for", () => {
    show(sample.networkOff());
    screen.getByText(words.state.off);
    screen.getByText(words.stateText.off);
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("a network that does not work says why, with its own words and a way out", async () => {
    const problem = problemWith({
      code: "network_failed",
      params: { name: "default" },
      detail: "cannot bind",
      remedies: [{ kind: "retry" }],
    });
    show({ ...sample.networkOff(), state: "failed", problem } as never);
    const panel = screen.getByRole("alert");
    within(panel).getByText(fill(en.problem.network_failed.title, { name: "default" }));
    within(panel).getByText("cannot bind");
    await userEvent.click(within(panel).getByRole("button", { name: en.remedy.retry }));
    expect(fake.requests("network.restart")).toEqual([{ network: id }]);
  });

  it("an old program asks to be restarted, and says what that costs first", async () => {
    show(sample.network({ outdated: true, version: "0.0.9" }));
    screen.getByText(fill(words.outdatedText, { version: "0.0.9" }));
    await userEvent.click(button(words.restart));
    const dialog = screen.getByRole("dialog");
    within(dialog).getByText(words.restartGoes);
    within(dialog).getByText(words.restartStays);
    expect(fake.requests("network.restart")).toEqual([]);
    await userEvent.click(within(dialog).getByRole("button", { name: words.restart }));
    expect(fake.requests("network.restart")).toEqual([{ network: id }]);
  });

  it("a conflict offers another subnet only while no machine is on, and names those that are", async () => {
    show(sample.network({ conflict: "10.88.0.0/16" }));
    screen.getByText(new RegExp(fill(words.resubnetDenied, { machines: "knossos" })));
    expect(button(words.resubnet).disabled).toBe(true);
    fake.upsert("networks", id, sample.networkOff({ conflict: "10.88.0.0/16" }));
    await vi.waitFor(() => expect(button(words.resubnet).disabled).toBe(false));
    await userEvent.click(button(words.resubnet));
    expect(fake.requests("network.resubnet")).toEqual([{ network: id }]);
    expect(toasts.list[0]?.title).toBe(fill(words.resubnetDone, { name: "default" }));
  });

  it("refusals are told with the network's name", async () => {
    show(sample.networkOff({ conflict: "10.88.0.0/16" }));
    fake.refuse("network.resubnet", { code: "no_subnet_free" });
    await userEvent.click(button(words.resubnet));
    screen.getByText(
      fill(words.couldNot, { name: "default", cause: en.problem.no_subnet_free.cause }),
    );
    fake.answer("network.resubnet", () => ({}));
    await userEvent.click(button(en.common.close));
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("those who used what is another's are named", () => {
    show(
      sample.network({
        trespasses: [
          { mac: "52:54:00:00:00:01", kind: "address", address: "10.88.1.1" },
          { mac: "52:54:00:00:00:02", kind: "dhcp", address: null },
          { mac: "52:54:00:00:00:02", kind: "router", address: null },
        ],
      }),
    );
    screen.getByText(/Knossos \(52:54:00:00:00:01\) claimed the address 10\.88\.1\.1/);
    screen.getByText(/A card 52:54:00:00:00:02 handed out addresses\./);
    screen.getByText(/A card 52:54:00:00:00:02 called itself a router\./);
  });

  it("pings that cannot leave are explained, but not where nothing leaves", () => {
    show(sample.network({ echo_denied: true }));
    screen.getByText(words.echo);
    document.body.replaceChildren();
    show(sample.network({ echo_denied: true, spec: own({ internet: false }) }));
    expect(screen.queryByText(words.echo)).toBeNull();
  });

  it("a network that is gone is said so", () => {
    fake.snapshot("networks", {});
    render(NetworkPage, { id: "other", tab: "overview", machine: "" });
    screen.getByRole("heading", { level: 1, name: words.gone });
  });
});

describe("the whole network", () => {
  it("internet is a switch that acts at once", async () => {
    show(sample.network());
    await userEvent.click(screen.getByRole("switch", { name: words.internet }));
    expect(fake.requests("network.change")).toEqual([
      { network: id, name: "default", internet: false },
    ]);
  });

  it("another name is checked by the program, at its field", async () => {
    show(sample.network());
    await choose("default", words.rename);
    const name = screen.getByLabelText<HTMLInputElement>(words.name);
    await userEvent.clear(name);
    await userEvent.type(name, "kommos");
    fake.answer("network.change", () => {
      const fields = [{ field: "name", code: "taken" as const, params: { name: "kommos" } }];
      throw new ProblemError(problemWith({ code: "invalid", fields }));
    });
    await userEvent.click(button(words.save));
    await screen.findByText(fill(en.field.taken, { name: "kommos" }));
    expect(name.getAttribute("aria-invalid")).toBe("true");
    fake.answer("network.change", () => ({}));
    await userEvent.click(button(words.save));
    await vi.waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(fake.requests("network.change").at(-1)).toEqual({
      network: id,
      name: "kommos",
      internet: true,
    });
  });

  it.each([
    ["the default one stays", sample.networkOff(), words.deleteDefault],
    [
      "one with machines stays, and names them",
      sample.networkOff({ spec: own() }),
      fill(words.deleteInUse, { machines: "knossos" }),
    ],
  ])("deleting: %s", async (_, network, why) => {
    show(network);
    await choose(network.spec.name, en.common.delete);
    screen.getByText(why);
    expect(fake.requests("network.delete")).toEqual([]);
  });

  it("an empty one goes to the trash, and comes back", async () => {
    show(sample.networkOff({ spec: own(), machines: [] }));
    await choose("kommos", en.common.delete);
    await vi.waitFor(() => expect(router.route).toEqual({ page: "networks", adding: false }));
    const [toast] = toasts.list;
    expect(toast).toMatchObject({ undo: true, text: en.common.inTrashKept });
    await toast?.action?.run();
    expect(fake.requests("trash.restore")).toEqual([{ trash_id: "t1" }]);
  });

  it("the exact words are one tab away", async () => {
    show(sample.network(), "reveal");
    await screen.findByText("crete-net --config a");
    screen.getByText("/data/networks/d1");
  });

  it("its folder can be opened, and the exact words stay where it cannot", async () => {
    fake.answer("open", () => ({}));
    show(sample.network(), "reveal");
    await screen.findByText("/data/networks/d1");
    await userEvent.click(button(en.common.openFolder));
    expect(fake.requests("open")).toEqual([{ kind: "network", network: id }]);
    expect(screen.queryByRole("alert")).toBeNull();
    fake.refuse("open", { code: "internal", detail: "no file browser" });
    await userEvent.click(button(en.common.openFolder));
    expect((await screen.findByRole("alert")).textContent).toBe("no file browser");
    screen.getByText("crete-net --config a");
  });
});

describe("the picture", () => {
  it.each([0, 1, 3, 12, 40])("draws %i machines, each to be chosen", (count) => {
    show(sample.network({ machines: sample.members(count) }));
    const picture = screen.getByRole("radiogroup", {
      name: fill(words.picture, { name: "default" }),
    });
    // This computer stands for the network itself.
    expect(within(picture).getAllByRole("radio")).toHaveLength(count + 1);
    if (count === 0) screen.getByRole("link", { name: words.newMachine });
  });

  it("is told in a sentence, with what is cut and what is switched off", () => {
    const machines = sample.members(3);
    machines[1]!.cut = true;
    show(sample.network({ machines, spec: own({ internet: false }) }));
    const text = screen.getByRole("radiogroup", { name: /Map/ }).getAttribute("aria-describedby");
    expect(document.getElementById(text ?? "")?.textContent).toContain(
      "This computer and 3 machines on one network. Internet: switched off. The link of node-2 is cut.",
    );
  });

  it("choosing a machine shows its wire and keeps it in the address", async () => {
    router.go(toNetwork(id));
    show(sample.network());
    screen.getByText(words.about);
    await userEvent.click(
      screen.getByRole("radio", { name: `knossos, 10.88.1.21, ${words.word.connected}` }),
    );
    expect(router.route).toEqual(toNetwork(id, "overview", sample.MACHINE_ID));
  });

  it("in a narrow window the wire is shown in the drawer, which stays below a dialog", async () => {
    document.documentElement.style.fontSize = "16px";
    const { innerWidth } = window;
    window.innerWidth = 1024;
    show(sample.network(), "overview", sample.MACHINE_ID);
    await userEvent.click(screen.getByRole("radio", { name: /knossos/ }));
    expect(layout.drawer).toBe(true);
    await choose("knossos", words.changeAddress);
    await userEvent.keyboard("{Escape}");
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(layout.drawer).toBe(true);
    await userEvent.keyboard("{Escape}");
    expect(layout.drawer).toBe(false);
    window.innerWidth = innerWidth;
    await userEvent.click(screen.getByRole("radio", { name: /This computer/ }));
    document.documentElement.style.fontSize = "";
  });

  it("Enter on a machine opens it", async () => {
    show(sample.network(), "overview", sample.MACHINE_ID);
    screen.getByRole("radio", { name: /knossos/ }).focus();
    await userEvent.keyboard("{Enter}");
    await vi.waitFor(() =>
      expect(router.route).toMatchObject({ page: "machine", id: sample.MACHINE_ID }),
    );
  });
});

describe("a wire", () => {
  const wire = (network: NetworkView = sample.network()) =>
    show(network, "overview", sample.MACHINE_ID);

  const linkIs = (name: string) => screen.getByRole<HTMLInputElement>("radio", { name });

  it("tells what goes through it, in both directions", async () => {
    wire();
    fake.upsert("traffic", id, sample.traffic());
    await screen.findByText(fill(words.rate, { received: "1.2 Mbit/s", sent: "400 kbit/s" }));
    await screen.findByRole("img", { name: fill(words.history, { most: "1.6 Mbit/s" }) });
  });

  it("is cut and mended by a choice", async () => {
    wire();
    await userEvent.click(screen.getByRole("radio", { name: words.linkState.cut }));
    expect(fake.requests("machine.cut")).toEqual([{ machine: sample.MACHINE_ID, cut: true }]);
    fake.upsert("networks", id, sample.network({ machines: [sample.member({ cut: true })] }));
    await vi.waitFor(() => expect(linkIs(words.linkState.cut).checked).toBe(true));
    await userEvent.click(linkIs(words.linkState.whole));
    expect(fake.requests("machine.cut").at(-1)?.cut).toBe(false);
  });

  it("that cannot be cut is shown as it is", async () => {
    wire();
    fake.refuse("machine.cut", { code: "not_found", params: { kind: "machine" } });
    await userEvent.click(linkIs(words.linkState.cut));
    await screen.findByRole("alert");
    await vi.waitFor(() => expect(linkIs(words.linkState.whole).checked).toBe(true));
  });

  it("says why it was cut off, and that a machine is off", () => {
    wire(sample.network({ machines: [sample.member({ connected: false, fault: "it lied" })] }));
    screen.getByText(fill(words.wireFault, { fault: "it lied" }));
    document.body.replaceChildren();
    wire(sample.networkOff());
    screen.getByText(words.rateOff);
  });

  it("gives every address to the clipboard", async () => {
    // A person of the test's own brings a clipboard.
    const person = userEvent.setup();
    wire();
    await person.click(button(fill(words.copyAddress, { address: "127.88.1.21" })));
    expect(await navigator.clipboard.readText()).toBe("127.88.1.21");
    expect(button(en.common.copied)).toBeTruthy();
  });

  it("another address is checked by the program, at its field", async () => {
    wire();
    fake.answer("machine.address", () => {
      const params = { subnet: "10.88.1.0/24" };
      const fields = [{ field: "address", code: "not_in_subnet" as const, params }];
      throw new ProblemError(problemWith({ code: "invalid", fields }));
    });
    await choose("knossos", words.changeAddress);
    const field = within(screen.getByRole("dialog")).getByLabelText<HTMLInputElement>(
      words.address,
    );
    await userEvent.clear(field);
    await userEvent.type(field, "10.9.9.9");
    await userEvent.click(button(words.save));
    await screen.findByText(fill(en.field.not_in_subnet, { subnet: "10.88.1.0/24" }));
    expect(fake.requests("machine.address")).toEqual([
      { machine: sample.MACHINE_ID, address: "10.9.9.9" },
    ]);
  });

  it("a machine is moved to another network, if there is one", async () => {
    wire();
    await choose("knossos", words.move);
    screen.getByText(words.moveNone);
    await userEvent.click(button(en.common.cancel));
    fake.upsert("networks", "other", sample.networkOff({ spec: own({ id: "other" }) }));
    await choose("knossos", words.move);
    screen.getByText(words.moveText);
    await userEvent.click(button(fill(words.moveDo, { name: "knossos" })));
    expect(fake.requests("machine.connect")).toEqual([
      { machine: sample.MACHINE_ID, network: "other" },
    ]);
    await vi.waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });
});

describe("tables", () => {
  it("the picture is there as a table, with what went through", async () => {
    show(sample.network(), "machines");
    fake.upsert("traffic", id, sample.traffic());
    await screen.findByText("190 MiB");
    const [, row] = screen.getAllByRole("row");
    const cells = within(row!)
      .getAllByRole("cell")
      .map((cell) => cell.textContent.trim());
    expect(cells).toEqual([
      "knossos",
      words.word.connected,
      "10.88.1.21",
      "127.88.1.21",
      "knossos.crete.test",
      "1.2 Mbit/s in · 400 kbit/s out",
      "190 MiB",
      "5 MiB",
      "3",
    ]);
  });

  it("strangers with a lease are called so, and a lease not asked for has no time", async () => {
    show(sample.network(), "addresses");
    const [lease] = sample.traffic().leases;
    const leases = [
      { ...lease!, remaining_s: null },
      { ...lease!, mac: "aa", address: "10.88.1.99", machine: null, remaining_s: 60 },
    ];
    fake.upsert("traffic", id, sample.traffic({ leases }));
    await screen.findByText(words.unknownCard);
    screen.getByText(words.notAsked);
    screen.getByText("1 min");
  });

  it("addresses that two claim are marked, and the gateway is this computer", async () => {
    show(sample.network(), "heard");
    screen.getByText(words.noNeighbours);
    const neighbours = [
      { address: "10.88.1.1", mac: "aa", heard_s: 1, contested: false },
      { address: "10.88.1.21", mac: "52:54:00:00:00:01", heard_s: 90, contested: true },
    ];
    fake.upsert("traffic", id, sample.traffic({ neighbours }));
    await screen.findByText(words.contested);
    screen.getByText(words.gatewayWho);
    screen.getByText(fill(words.heardAgo, { time: "1 min" }));
  });
});
