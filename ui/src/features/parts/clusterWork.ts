/** Work on clusters, done once more. */
import { rpc } from "../../model/session.svelte";
import type { ClusterView, ClusterWork } from "../../platform/generated/api";

/** The same work on a cluster once more, from what is done of it. */
export function workAgain(work: ClusterWork, { spec }: ClusterView): Promise<unknown> {
  const cluster = spec.id;
  switch (work) {
    case "stop":
      return rpc("cluster.stop", { cluster });
    case "configure":
      return rpc("cluster.change_patches", { cluster, patches: spec.patches });
    case "try_sample":
      return rpc("cluster.try_sample", { cluster });
    case "end_sample":
      return rpc("cluster.end_sample", { cluster });
    default:
      return rpc("cluster.start", { cluster });
  }
}
