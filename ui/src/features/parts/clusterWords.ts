/** How clusters look, and the one line that says how they are. */
import type { Status } from "../../design/Glyph.svelte";
import { count, en, fill } from "../../messages";
import { readyIn } from "../../model/clusters";
import type { ClusterPhase, ClusterView } from "../../platform/generated/api";

const PHASES: Record<ClusterPhase, Status> = {
  creating: "work",
  unfinished: "bad",
  maintenance: "paused",
  handed_over: "good",
  starting: "work",
  healthy: "good",
  degraded: "warn",
  unreachable: "bad",
  stopping: "work",
  stopped: "off",
  undoing: "work",
};

/** Its worst cause counts: work that is stuck looks like what it is. */
export function clusterStatus({ phase, stuck }: ClusterView): Status {
  if (stuck.some(({ weight }) => weight === "dead") && phase !== "stopped") return "bad";
  if (PHASES[phase] === "work" && stuck.some(({ weight }) => weight === "warning")) return "warn";
  return PHASES[phase];
}

/** The word that goes with the shape; work on machines counts them. */
export function clusterWord(cluster: ClusterView): string {
  const { phase, members } = cluster;
  const ready = readyIn(cluster).length;
  const counts = phase === "creating" || phase === "starting" || phase === "degraded";
  if (counts && ready < members.length)
    return fill(en.clusters.readyOf, { ready, all: members.length });
  return en.clusters.phase[phase];
}

export const factsOf = ({ spec }: ClusterView): string =>
  [
    fill(en.clusters.facts, { talos: spec.talos, kubernetes: `v${spec.kubernetes}` }),
    count(en.clusters.machines, spec.nodes.length),
  ].join(" · ");
