/** Try it: one click, in the browser, and away again. In practice it says what it would do. */
import { render, screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { en, fill } from "../../messages";
import { words } from "../../messages/clusters";
import { start } from "../../model/session.svelte";
import { FakePlatform } from "../../platform/fake";
import * as sample from "../../platform/fake/clusters";
import * as samples from "../../platform/fake/samples";
import type { ClusterDenied, ClusterView, SampleView } from "../../platform/generated/api";
import TryCard from "./TryCard.svelte";

const own = words.sample;
const id = sample.CLUSTER_ID;
const fake = new FakePlatform();
fake
  .answer("settings.get", () => samples.settings())
  .answer("app.info", () => samples.info())
  .answer("app.visible", () => ({}))
  .answer("open", () => ({}))
  .answer("cluster.try_sample", () => ({ job: samples.JOB_ID }))
  .answer("cluster.end_sample", () => ({ job: samples.JOB_ID }))
  .answer("cluster.sample", () => ({
    manifest: "kind: Namespace",
    objects: ["Namespace crete-try", "Deployment web"],
    image: "registry.k8s.io/busybox:1",
  }));
await start(fake);

const app = (change: Partial<SampleView> = {}): SampleView => ({
  phase: "starting",
  ready: 0,
  of: 0,
  address: null,
  forward: null,
  words: "",
  ...change,
});
const with_ = (seen: SampleView | null, tryDenied: ClusterDenied | null = null): ClusterView => {
  const whole = sample.cluster({ sample: seen });
  const actions = whole.actions.map((one) => {
    if (one.action === "try_sample") return { ...one, denied: tryDenied };
    return one.action === "end_sample"
      ? { ...one, denied: seen ? null : ("nothing_to_do" as const) }
      : one;
  });
  return { ...whole, actions };
};
const attempt = vi.fn(async (work: () => Promise<unknown>) => {
  await work();
  return true;
});
const press = (name: string) => userEvent.click(screen.getByRole("button", { name }));

beforeEach(() => (fake.calls.length = 0));

it("is put there with one click, opens by itself once, and is taken away", async () => {
  const { rerender } = render(TryCard, { cluster: with_(null), attempt });
  await press(own.put);
  expect(fake.requests("cluster.try_sample")).toEqual([{ cluster: id }]);
  await rerender({ cluster: with_(app()), attempt });
  screen.getByText(own.begins);
  const words_ = "ImagePullBackOff: no such host";
  await rerender({ cluster: with_(app({ of: 2, ready: 1, words: words_ })), attempt });
  screen.getByText(fill(own.starting, { ready: 1, of: 2 }));
  screen.getByText(fill(own.says, { words: words_ }));
  const ready = app({
    phase: "ready",
    of: 2,
    ready: 2,
    address: "http://127.1.2.3:31234/",
    forward: "f1",
  });
  await rerender({ cluster: with_(ready), attempt });
  await waitFor(() => expect(fake.requests("open")).toEqual([{ kind: "forward", forward: "f1" }]));
  await rerender({ cluster: with_({ ...ready, ready: 1 }), attempt });
  await press(own.open);
  expect(fake.requests("open")).toHaveLength(2);
  await press(own.away);
  expect(fake.requests("cluster.end_sample")).toEqual([{ cluster: id }]);
  await rerender({ cluster: with_(app({ phase: "leaving" })), attempt });
  screen.getByText(own.leaving);
  expect(screen.queryByRole("button")).toBeNull();
});

it("opens nothing that the person did not wait for here", async () => {
  const ready = app({
    phase: "ready",
    of: 2,
    ready: 2,
    address: "http://127.1.2.3:1/",
    forward: "f1",
  });
  render(TryCard, { cluster: with_(ready), attempt });
  screen.getByText(fill(own.ready, { address: "http://127.1.2.3:1/" }));
  expect(fake.requests("open")).toEqual([]);
});

it("in practice says what it would do, and does nothing", async () => {
  render(TryCard, { cluster: with_(null, "practice"), attempt });
  expect(screen.queryByRole("button", { name: own.put })).toBeNull();
  await press(own.would);
  screen.getByText(own.practice);
  await screen.findByText(fill(own.stepApply, { objects: "Namespace crete-try, Deployment web" }));
  screen.getByText(fill(own.stepImage, { image: "registry.k8s.io/busybox:1" }));
  expect(fake.requests("cluster.try_sample")).toEqual([]);
});

it("says why it cannot be done now", () => {
  render(TryCard, { cluster: with_(null, "not_running"), attempt });
  expect(screen.getByRole<HTMLButtonElement>("button", { name: own.put }).disabled).toBe(true);
  screen.getByText(en.clusters.denied.not_running);
});

it("one that is not reached is tried again, or taken away", async () => {
  const why = "ImagePullBackOff: no such host";
  render(TryCard, { cluster: with_(app({ phase: "stopped", words: why })), attempt });
  screen.getByText(own.stopped);
  screen.getByText(fill(own.says, { words: why }));
  await press(own.again);
  expect(fake.requests("cluster.try_sample")).toEqual([{ cluster: id }]);
  await press(own.away);
  expect(fake.requests("cluster.end_sample")).toEqual([{ cluster: id }]);
});
