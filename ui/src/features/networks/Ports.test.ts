/** Ports of this computer: how each stands, and opening, changing and closing one. */
import { render, screen, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { en, fill } from "../../messages";
import { start } from "../../model/session.svelte";
import { toasts } from "../../model/toasts.svelte";
import { ProblemError } from "../../platform";
import { FakePlatform, problemWith } from "../../platform/fake";
import * as sample from "../../platform/fake/samples";
import type {
  FieldProblem,
  Forward,
  ForwardDraft,
  ForwardView,
  NetworkMachine,
} from "../../platform/generated/api";
import NetworkPage from "./NetworkPage.svelte";

const words = en.networks;
const id = sample.NETWORK_ID;

/** Ports as the program judges them: 5432 is somebody's, and others come in only if that was said. */
function judge({ listen, listen_port, exposed }: ForwardDraft): FieldProblem[] {
  const faults: FieldProblem[] = [];
  if (listen !== "" && !listen.startsWith("127.") && !exposed)
    faults.push({ field: "listen", code: "not_exposed", params: {} });
  if (listen_port === 5432)
    faults.push({ field: "listen_port", code: "in_use", params: { owner: "postgres (1)" } });
  return faults;
}

const fake = new FakePlatform();
fake
  .answer("settings.get", () => sample.settings())
  .answer("app.info", () => sample.info())
  .answer("app.visible", () => ({}))
  .answer("open", () => ({}))
  .answer("forward.change", () => ({}))
  .answer("forward.check", ({ draft }) => ({ fields: judge(draft) }))
  .answer("forward.offer", ({ port, listen }) => ({
    listen: listen || "127.88.1.21",
    listen_port: port === 80 ? 8080 : port === 5432 ? 5433 : port,
    taken_by: port === 5432 ? "postgres (1)" : null,
    privileged: port === 80,
  }));
await start(fake);

interface Shown {
  forward?: Partial<Forward>;
  view?: Partial<ForwardView>;
  machine?: Partial<NetworkMachine>;
}
function show({ forward = {}, view = {}, machine = {} }: Shown = {}) {
  const network = sample.network({
    spec: sample.networkSpec({ forwards: [sample.forward(forward)] }),
    forwards: [sample.forwardView(view)],
    machines: [sample.member(machine)],
  });
  fake.snapshot("networks", { [id]: network });
  return render(NetworkPage, { id, tab: "overview", machine: "" });
}
const rows = () => within(screen.getByRole("list", { name: words.ports })).getAllByRole("listitem");
const button = (name: string | RegExp) => screen.getByRole<HTMLButtonElement>("button", { name });
const choose = async (item: string) => {
  await userEvent.click(button(fill(en.common.more, { name: "Kubernetes API" })));
  await userEvent.click(screen.getByRole("menuitem", { name: item }));
};
const field = (name: string) => screen.getByLabelText<HTMLInputElement>(name);
const DRAFT: ForwardDraft = {
  name: "",
  protocol: "tcp",
  machine: sample.MACHINE_ID,
  port: 6443,
  listen: "",
  listen_port: 6443,
  exposed: false,
};

beforeEach(() => {
  fake.calls.length = 0;
  fake.snapshot("machines", {});
  fake.answer("forward.open", () => ({ forward: "new" }));
  fake.answer("forward.close", () => DRAFT);
  for (const toast of [...toasts.list]) toasts.dismiss(toast.id);
});

describe("a port says how it stands", () => {
  it.each<[string, Shown]>([
    [words.portState.open, {}],
    [words.portState.open, { view: { answers: null } }],
    [fill(words.portState.no_answer, { machine: "knossos" }), { view: { answers: false } }],
    [fill(words.portState.cut, { machine: "knossos" }), { machine: { cut: true } }],
    [
      fill(words.portState.taken, { owner: "postgres (1)" }),
      { view: { open: false, owner: "postgres (1)" } },
    ],
    [
      fill(words.portState.fault, { fault: "no such address" }),
      { view: { open: false, fault: "no such address" } },
    ],
    [
      fill(words.portState.machine_off, { machine: "knossos" }),
      { view: { open: false }, machine: { on: false } },
    ],
    [words.portState.machine_gone, { view: { open: false }, forward: { machine: "gone" } }],
    [words.portState.opening, { view: { open: false } }],
  ])("%s", (text, shown) => {
    show(shown);
    within(rows()[0]!).getByText(text, { selector: ".stands *" });
  });

  it("with its name, where it is reached, and what it leads to", () => {
    show({ forward: { name: "", port: 443 } });
    const [row] = rows();
    within(row!).getByText(words.portNames[443]);
    within(row!).getByText("127.88.1.21:6443");
    within(row!).getByText(fill(words.leadsTo, { machine: "knossos", port: 443 }));
  });

  it("others that can come in are warned of, at the port and above", () => {
    show({ forward: { exposed: true, listen: "0.0.0.0", protocol: "udp" } });
    within(rows()[0]!).getByText(words.exposed);
    within(rows()[0]!).getByText("127.0.0.1:6443");
    within(rows()[0]!).getByText(words.protocol.udp);
    screen.getByText(words.portsExposed.one.replace("{n}", "1"));
  });

  it("without any, what they are for", () => {
    fake.snapshot("networks", { [id]: sample.network() });
    render(NetworkPage, { id, tab: "overview", machine: "" });
    screen.getByText(words.noPorts);
    screen.getByText(words.portsText);
  });
});

describe("what can be done with a port", () => {
  it("an open one is opened in a browser, but only where there is something to see", async () => {
    show();
    await userEvent.click(button(fill(words.openIn, { name: "Kubernetes API" })));
    expect(fake.requests("open")).toEqual([{ kind: "forward", forward: sample.FORWARD_ID }]);
    document.body.replaceChildren();
    show({ forward: { protocol: "udp" } });
    expect(screen.queryByRole("button", { name: /in a browser/ })).toBeNull();
  });

  it("a taken one takes the next free port by one click", async () => {
    show({
      forward: { port: 5432, listen_port: 5432 },
      view: { open: false, owner: "postgres (1)" },
    });
    await userEvent.click(await screen.findByRole("button", { name: "Use 5433" }));
    expect(fake.requests("forward.change")).toMatchObject([
      { forward: sample.FORWARD_ID, draft: { port: 5432, listen_port: 5433 } },
    ]);
  });

  it("closing it can be undone", async () => {
    show();
    await choose(words.closePort);
    await vi.waitFor(() => expect(toasts.list).toHaveLength(1));
    expect(toasts.list[0]).toMatchObject({ undo: true, title: "Port Kubernetes API is closed" });
    toasts.list[0]?.action?.run();
    await vi.waitFor(() => expect(fake.requests("forward.open")).toEqual([DRAFT]));
  });

  it("it is changed in the form it was made with, and keeps its port", async () => {
    show({ forward: { name: "mine" } });
    await userEvent.click(button(fill(en.common.more, { name: "mine" })));
    await userEvent.click(screen.getByRole("menuitem", { name: words.edit }));
    await userEvent.clear(field(words.portName));
    await userEvent.type(field(words.portName), "api");
    await vi.waitFor(() => expect(fake.requests("forward.check").at(-1)?.draft.name).toBe("api"));
    expect(fake.requests("forward.check").at(-1)?.forward).toBe(sample.FORWARD_ID);
    await userEvent.click(button(words.save));
    expect(fake.requests("forward.change")).toMatchObject([
      { forward: sample.FORWARD_ID, draft: { name: "api", listen_port: 6443 } },
    ]);
  });
});

describe("a new port", () => {
  const open = async () => {
    show();
    await userEvent.click(button(words.openPort));
    await vi.waitFor(() => expect(field(words.listenPort).value).toBe("6443"));
  };
  const submit = async () => {
    await vi.waitFor(() => expect(button(words.openDo).disabled).toBe(false));
    await userEvent.click(button(words.openDo));
  };

  it("can be opened as the form opens", async () => {
    await open();
    await submit();
    expect(fake.requests("forward.open")).toEqual([DRAFT]);
    await vi.waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });

  it("of a usual service is offered a port that may be used, with the reason", async () => {
    await open();
    await userEvent.selectOptions(field(words.portWhat), `${words.portNames[80]}, 80`);
    await screen.findByText(fill(words.offeredPrivileged, { wanted: 80, port: 8080 }));
    expect(field(words.listenPort).value).toBe("8080");
  });

  it("of any number and kind is offered the next one, with who has the first", async () => {
    await open();
    await userEvent.selectOptions(field(words.portWhat), words.otherPort);
    await userEvent.type(field(words.portNumber), "5432");
    await userEvent.click(screen.getByRole("radio", { name: words.protocol.udp }));
    await screen.findByText(
      fill(words.offeredTaken, { wanted: 5432, owner: "postgres (1)", port: 5433 }),
    );
    await submit();
    expect(fake.requests("forward.open")).toEqual([
      { ...DRAFT, protocol: "udp", port: 5432, listen_port: 5433 },
    ]);
  });

  it("a number the person wrote stays, and is checked", async () => {
    await open();
    await userEvent.clear(field(words.listenPort));
    await userEvent.type(field(words.listenPort), "5432");
    await screen.findByText(fill(en.field.in_use, { owner: "postgres (1)" }));
    expect(button(words.openDo).disabled).toBe(true);
    await userEvent.selectOptions(field(words.portWhat), `${words.portNames[22]}, 22`);
    await vi.waitFor(() => expect(fake.requests("forward.offer").at(-1)?.port).toBe(22));
    expect(field(words.listenPort).value).toBe("5432");
  });

  it("lets others in only by a choice, with a warning and the address it means", async () => {
    await open();
    expect(screen.queryByLabelText(words.listen)).toBeNull();
    await userEvent.click(screen.getByRole("radio", { name: new RegExp(words.whereAll) }));
    within(screen.getByRole("note")).getByText(words.exposedTitle);
    expect(field(words.listen).value).toBe("0.0.0.0");
    await submit();
    expect(fake.requests("forward.open")).toEqual([{ ...DRAFT, listen: "0.0.0.0", exposed: true }]);
  });

  it("that the program refuses says why, and stays as it was written", async () => {
    await open();
    fake.answer("forward.open", () => {
      throw new ProblemError(problemWith({ code: "not_found", params: { kind: "machine" } }));
    });
    await submit();
    const alert = await within(screen.getByRole("dialog")).findByRole("alert");
    expect(alert.textContent).toContain(en.problem.not_found.title);
    expect(field(words.listenPort).value).toBe("6443");
  });
});
