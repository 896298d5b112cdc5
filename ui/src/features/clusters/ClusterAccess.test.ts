/** The way into one cluster: programs, key files, ports, recipe, commands and consoles. */
import { screen, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { en, fill } from "../../messages";
import { words } from "../../messages/clusters";
import { toasts } from "../../model/toasts.svelte";
import * as samples from "../../platform/fake/samples";
import { fake, id, name, press, show, two, W } from "../../../test/clusterPage";

describe("the way in", () => {
  const files = { kubeconfig: "/home/o'neill/k", talosconfig: "/home/o'neill/t" };

  it("opens it in the programs that are there, and says what to install otherwise", async () => {
    show(two({ files }), "access");
    const open = fill(words.access.openIn, { tool: words.access.tool.headlamp });
    await userEvent.click(await screen.findByRole("button", { name: open }));
    expect(fake.requests("cluster.open_in")).toEqual([{ cluster: id, tool: "headlamp" }]);
    await vi.waitFor(() =>
      expect(toasts.list[0]?.title).toBe(
        fill(words.access.opened, { tool: words.access.tool.headlamp }),
      ),
    );
    // One that has to be shown the file says which.
    const other = fill(words.access.openIn, { tool: words.access.tool.freelens });
    await userEvent.click(await screen.findByRole("button", { name: other }));
    await vi.waitFor(() =>
      expect(toasts.list.map(({ text }) => text)).toContain(
        fill(words.access.chooseText, { path: files.kubeconfig }),
      ),
    );
    const { install } = words.access;
    screen.getByText(
      fill(words.access.notInstalled, { install: `${install.terminal} ${install.kubectl}` }),
    );
    const none = fill(words.access.openIn, { tool: words.access.tool.terminal });
    expect(screen.queryByRole("button", { name: none })).toBeNull();
  });

  it("a program that could not be started says so", async () => {
    show(two({ files }), "access");
    fake.refuse("cluster.open_in", { code: "tool_failed", params: { program: "/opt/headlamp" } });
    const open = fill(words.access.openIn, { tool: words.access.tool.headlamp });
    await userEvent.click(await screen.findByRole("button", { name: open }));
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toContain("/opt/headlamp could not be started");
    fake.answer("cluster.open_in", () => ({}));
  });

  it("lines for a terminal quote their paths", async () => {
    show(two({ files }), "access");
    await screen.findByText("kubectl --kubeconfig '/home/o'\\''neill/k' get nodes");
  });

  it("before it is healthy there is nothing to open it with", () => {
    show(two(), "access");
    screen.getByText(words.access.notYet);
    expect(fake.requests("cluster.open_in")).toEqual([]);
  });

  it("key files are saved and merged where they are asked for", async () => {
    show(two({ files }), "access");
    const panel = await screen.findByRole("region", { name: en.access.title });
    const save = fill(en.access.save, { kind: "kubeconfig" });
    await userEvent.click(await within(panel).findByRole("button", { name: save }));
    expect(fake.requests("access.save")).toEqual([
      { cluster: id, kind: "kubeconfig", role: "admin" },
    ]);
  });

  it("ports that lead to its machines are copied and opened; others stand elsewhere", async () => {
    const forward = samples.forward({ machine: W });
    const other = samples.forward({ id: "other", machine: "another", listen_port: 9999 });
    const spec = samples.networkSpec({ name, forwards: [forward, other] });
    const machines = [samples.member({ machine: W, name: "knossos-w-1" })];
    const view = { open: true, answers: true, fault: null, owner: null };
    const forwards = [
      { id: forward.id, ...view },
      { id: other.id, ...view },
    ];
    fake.snapshot("networks", {
      [samples.NETWORK_ID]: samples.network({ spec, machines, forwards }),
    });
    show(two({ files }), "access");
    const list = within(screen.getByRole("list", { name: words.access.ports }));
    expect(list.getAllByRole("listitem")).toHaveLength(1);
    const address = `${forward.listen}:${forward.listen_port}`;
    await userEvent.click(
      list.getByRole("button", { name: fill(words.access.openAddress, { address }) }),
    );
    expect(fake.requests("open")).toEqual([{ kind: "forward", forward: forward.id }]);
    list.getByRole("button", { name: fill(en.networks.copyAddress, { address }) });
  });

  it("machines that others configure have no keys here", () => {
    const whole = two();
    const spec = { ...whole.spec, leave_in_maintenance: true };
    show({ ...whole, spec }, "access");
    expect(screen.queryByRole("region", { name: en.access.title })).toBeNull();
    expect(screen.queryByRole("heading", { name: words.access.openWith })).toBeNull();
  });

  it("the recipe is shown and saved; the commands are shown", async () => {
    show(two(), "access");
    await press(words.access.show);
    await screen.findByRole("region", { name: "knossos.crete.yaml" });
    await press(words.form.saveRecipe);
    expect(fake.requests("cluster.save_recipe")).toEqual([{ of: "cluster", cluster: id }]);
    await press(words.access.commands);
    await screen.findByText("talosctl bootstrap");
    expect(fake.requests("cluster.commands")).toEqual([{ of: "cluster", cluster: id }]);
  });

  it("consoles of all machines stand side by side, or one alone", async () => {
    const { unmount } = show(two(), "consoles");
    const list = screen.getByRole("list", { name: fill(words.consoles.label, { name }) });
    expect(within(list).getAllByRole("listitem")).toHaveLength(2);
    unmount();
    show(two(), "consoles", W);
    expect(screen.getAllByTestId("console")).toHaveLength(1);
  });
});
