/** The cluster's picture: its machines, asked for only as long as they are seen, and their wire. */
import { render, screen } from "@testing-library/svelte";
import { expect, it, vi } from "vitest";
import { count, en, fill } from "../../messages";
import { words } from "../../messages/clusters";
import { start } from "../../model/session.svelte";
import { FakePlatform } from "../../platform/fake";
import * as sample from "../../platform/fake/clusters";
import * as nodes from "../../platform/fake/nodes";
import * as samples from "../../platform/fake/samples";
import NodeCard from "./NodeCard.svelte";
import Topology from "./Topology.svelte";

const fake = new FakePlatform();
fake
  .answer("settings.get", () => samples.settings())
  .answer("app.info", () => samples.info())
  .answer("app.visible", () => ({}))
  .answer("node.look", () => ({}))
  .answer("node.unlook", () => ({}));
await start(fake);

it("draws what its processor does, and is no longer asked when nobody sees it", async () => {
  const cluster = sample.cluster();
  const member = sample.memberView({ machine: samples.MACHINE_ID });
  const { unmount } = render(NodeCard, { cluster, member });
  const sizes = cluster.spec.nodes.find(({ name }) => name === member.name)?.sizes;
  screen.getByText(count(words.overview.cpus, sizes?.vcpus ?? 0));
  await vi.waitFor(() => expect(fake.requests("node.look")).toHaveLength(1));
  const [look] = fake.requests("node.look");
  expect(look).toMatchObject({ machine: member.machine, full: true });

  fake.upsert("figures", member.machine, nodes.figures(22));
  const now = fill(en.node.cpuNow, { busy: 22 });
  await screen.findByText(now);
  screen.getByRole("img", { name: fill(en.node.cpuText, { now }) });

  fake.remove("figures", member.machine);
  await screen.findByText(count(words.overview.cpus, sizes?.vcpus ?? 0));
  unmount();
  await vi.waitFor(() => expect(fake.requests("node.unlook")).toHaveLength(1));
});

it("says what goes over the wire, of its own machines and only when something does", async () => {
  const cluster = sample.cluster();
  const id = cluster.spec.network ?? "";
  const network = { ...samples.network(), spec: { ...samples.networkSpec(), id } };
  fake.snapshot("networks", { [id]: network });
  render(Topology, { cluster });
  const [own] = cluster.members;
  const [port] = samples.traffic().ports;
  const ports = [
    { ...port!, machine: own!.machine, sent_bps: 4_200_000 },
    { ...port!, machine: "somebody else's", sent_bps: 9_000_000 },
  ];
  fake.upsert("traffic", id, samples.traffic({ network: id, ports }));
  await screen.findByText(fill(words.overview.flow, { rate: "4.2 Mbit/s" }));
  fake.upsert("traffic", id, samples.traffic({ network: id, ports: [] }));
  await vi.waitFor(() => expect(screen.queryByText(/sent by the machines/)).toBeNull());
});
