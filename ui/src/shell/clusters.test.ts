/** Clusters in the frame: the list in the sidebar, Home, and recipes that are dropped. */
import { render, screen, within } from "@testing-library/svelte";
import { beforeEach, expect, it, vi } from "vitest";
import HomePage from "../features/home/HomePage.svelte";
import { en, fill } from "../messages";
import { isRecipe, recipe } from "../model/recipe.svelte";
import { href, parse, router, toCluster, toNewCluster } from "../model/router.svelte";
import { start } from "../model/session.svelte";
import { toasts } from "../model/toasts.svelte";
import { FakePlatform } from "../platform/fake";
import * as sample from "../platform/fake/clusters";
import * as samples from "../platform/fake/samples";
import type { Job } from "../platform/generated/api";
import Announcer from "./Announcer.svelte";
import ClusterLinks from "./ClusterLinks.svelte";
import RecipeDrop from "./RecipeDrop.svelte";

const id = sample.CLUSTER_ID;
const fake = new FakePlatform();
fake
  .answer("settings.get", () => samples.settings())
  .answer("app.info", () => samples.info())
  .answer("app.visible", () => ({}));
await start(fake);

beforeEach(() => {
  router.swap({ page: "home" });
  for (const topic of ["images", "machines", "jobs", "broken", "clusters"] as const)
    fake.snapshot(topic, {});
});

it("the sidebar lists clusters with their status in words, and the way to a new one", () => {
  fake.snapshot("clusters", {
    a: sample.cluster({ spec: sample.clusterSpec({ id: "a", name: "zakros" }) }),
    [id]: sample.cluster({ phase: "stopped", members: [] }),
  });
  render(ClusterLinks);
  const names = screen.getAllByRole("link").map((link) => link.getAttribute("aria-label"));
  expect(names).toEqual([null, en.clusters.new, "knossos, Off", "zakros, Healthy"]);
  const link = screen.getByRole<HTMLAnchorElement>("link", { name: "knossos, Off" });
  expect(link.getAttribute("href")).toBe(href(toCluster(id)));
});

it("what is stuck looks so in the list", () => {
  const stuck = [sample.stuck({ weight: "warning" })];
  fake.snapshot("clusters", { [id]: sample.cluster({ phase: "creating", stuck }) });
  const { container } = render(ClusterLinks);
  expect(container.querySelector("svg.warn")).not.toBeNull();
});

it("an empty Home has a new cluster as its first step", () => {
  render(HomePage);
  const link = screen.getByRole<HTMLAnchorElement>("link", { name: en.clusters.new });
  expect(link.getAttribute("href")).toBe(href(toNewCluster));
});

it("Home shows clusters before machines, and machines of clusters only in them", () => {
  fake.snapshot("machines", { [samples.MACHINE_ID]: samples.machine() });
  fake.snapshot("clusters", { [id]: sample.cluster() });
  render(HomePage);
  const card = within(screen.getByRole("article", { name: "knossos" }));
  card.getByText(en.clusters.phase.healthy);
  card.getByText(
    `${fill(en.clusters.facts, { talos: "v1.13.9", kubernetes: "v1.36.3" })} · 1 machine`,
  );
  expect(screen.queryByRole("region", { name: en.home.loneMachines })).toBeNull();
});

it("a recipe that the program read opens the form; other text does not", async () => {
  render(RecipeDrop);
  fake.upsert("drops", "refused", { files: [], text: "customization: {}" });
  fake.upsert("drops", "refused", { files: [], text: "crete_cluster: 1\nname: gortyn\n" });
  await vi.waitFor(() => expect(router.route).toEqual(toNewCluster));
  expect(recipe.take()).toContain("gortyn");
});

it("a recipe that is dropped in a browser is read there", async () => {
  render(RecipeDrop);
  const file = new File(["crete_cluster: 1\nname: malia\n"], "malia.crete.yaml");
  const event = Object.assign(new Event("drop"), {
    dataTransfer: { types: ["Files"], files: [file] },
  });
  window.dispatchEvent(event);
  await vi.waitFor(() => expect(router.route).toEqual(toNewCluster));
  expect(recipe.take()).toContain("malia");
});

it("only a recipe is one", () => {
  expect(isRecipe("# mine\ncrete_cluster: 1\nname: x")).toBe(true);
  for (const text of ["customization: {}", "", "name: crete_cluster: 1 of"])
    expect(isRecipe(text)).toBe(false);
});

it("its address keeps the tab and what was chosen", () => {
  for (const route of [toCluster(id), toCluster(id, "health", "etcd"), toNewCluster] as const)
    expect(parse(href(route))).toEqual(route);
});

it("of a cluster's work its own end is told, and not that of its parts", async () => {
  render(Announcer);
  const told = () => toasts.list.map(({ title }) => title);
  const works = (request: Job["request"], state: Job["state"]) =>
    fake.upsert("jobs", request.kind, samples.job({ id: request.kind, request, state }));
  const start = { kind: "start", machine: samples.MACHINE_ID } as const;
  const create = { kind: "cluster", cluster: id, work: "create" } as const;
  fake.snapshot("clusters", { [id]: sample.cluster({ phase: "creating", job: samples.JOB_ID }) });
  works(create, "running");
  works(start, "running");
  works(start, "done");
  expect(told()).toEqual([]);
  works(create, "done");
  expect(told()).toEqual([fill(en.jobDone.cluster, { name: "knossos" })]);
  toasts.list[0]!.action!.run();
  await vi.waitFor(() => expect(router.route).toEqual(toCluster(id)));
  // One that is started by itself is told of.
  fake.snapshot("clusters", { [id]: sample.cluster({ job: null }) });
  works(start, "running");
  works(start, "done");
  expect(told()).toContain(fill(en.jobDone.start, { name: "knossos" }));
});
