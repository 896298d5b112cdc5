/** One job: what it is about is one click away, and failed work on a cluster is done again as it was. */
import { render, screen } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";
import { en } from "../../messages";
import { href, toCluster } from "../../model/router.svelte";
import { start } from "../../model/session.svelte";
import { FakePlatform, problemWith } from "../../platform/fake";
import * as clusters from "../../platform/fake/clusters";
import * as sample from "../../platform/fake/samples";
import type { ClusterWork, Job } from "../../platform/generated/api";
import JobDetails from "./JobDetails.svelte";

const cluster = clusters.CLUSTER_ID;
const fake = new FakePlatform();
fake
  .answer("settings.get", () => sample.settings())
  .answer("app.info", () => sample.info())
  .answer("app.visible", () => ({}))
  .answer("job.details", () => ({ log: [] }) as never)
  .answer("cluster.start", () => ({ job: sample.JOB_ID }))
  .answer("cluster.stop", () => ({ job: sample.JOB_ID }))
  .answer("cluster.change_patches", () => ({ job: sample.JOB_ID }))
  .answer("cluster.try_sample", () => ({ job: sample.JOB_ID }))
  .answer("cluster.end_sample", () => ({ job: sample.JOB_ID }));
await start(fake);

function show(work: ClusterWork, change: Partial<Job> = {}) {
  const request = { kind: "cluster" as const, cluster, work };
  fake.snapshot("jobs", { [sample.JOB_ID]: sample.job({ request, ...change }) });
  return render(JobDetails, { id: sample.JOB_ID });
}

beforeEach(() => {
  fake.calls.length = 0;
  fake.snapshot("clusters", { [cluster]: clusters.cluster() });
});

it("work on a cluster leads to its page", () => {
  show("create");
  const link = screen.getByRole("link", { name: en.common.open });
  expect(link.getAttribute("href")).toBe(href(toCluster(cluster)));
});

it("a cluster that is gone leads nowhere", () => {
  fake.snapshot("clusters", {});
  show("create");
  expect(screen.queryByRole("link", { name: en.common.open })).toBeNull();
  expect(screen.queryByRole("button", { name: en.saving.openFolder })).toBeNull();
});

it.each([
  ["start", "cluster.start", { cluster }],
  ["stop", "cluster.stop", { cluster }],
  ["try_sample", "cluster.try_sample", { cluster }],
  ["end_sample", "cluster.end_sample", { cluster }],
  ["configure", "cluster.change_patches", { cluster, patches: clusters.clusterSpec().patches }],
] as const)("%s that failed is done again", async (work, command, request) => {
  const problem = problemWith({ code: "internal", remedies: [{ kind: "retry" }] });
  show(work, { state: "failed", problem });
  await userEvent.click(await screen.findByRole("button", { name: en.remedy.retry }));
  expect(fake.requests(command)).toEqual([request]);
});

it("what holds a cluster up is said, not only where it is said", async () => {
  const stuck = clusters.stuck({ params: { node: "knossos-w-1" } });
  fake.snapshot("clusters", { [cluster]: clusters.cluster({ stuck: [stuck] }) });
  const [stage] = sample.job().stages;
  const blocker = {
    code: "cluster_stuck",
    params: {},
    since: stage!.started_at!,
    problem: null,
  } as const;
  show("create", { stages: [{ ...stage!, state: "running", blocker }] });
  await screen.findByText(/^knossos-w-1 is cut off: its link is unplugged\. /);
  expect(screen.queryByText(en.blocker.cluster_stuck)).toBeNull();
});
