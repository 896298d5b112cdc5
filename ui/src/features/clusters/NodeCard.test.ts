/** A machine in the cluster's picture: its processor is asked for only as long as it is seen. */
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
