/** Clusters as values. */
import type {
  ClusterAction,
  ClusterDenied,
  ClusterView,
  MemberView,
  NodeRole,
} from "../platform/generated/api";

export const inOrder = (a: ClusterView, b: ClusterView): number =>
  a.spec.name.localeCompare(b.spec.name, undefined, { numeric: true });

/** Why an action cannot be done now; nothing when it can. */
export function denial(cluster: ClusterView, action: ClusterAction): ClusterDenied | undefined {
  return cluster.actions.find((view) => view.action === action)?.denied ?? undefined;
}

export function can(cluster: ClusterView, action: ClusterAction): boolean {
  const view = cluster.actions.find((one) => one.action === action);
  return view !== undefined && view.denied === null;
}

export const ofRole = (cluster: ClusterView, role: NodeRole): MemberView[] =>
  cluster.members.filter((member) => member.role === role);

export const readyIn = (cluster: ClusterView): MemberView[] =>
  cluster.members.filter((member) => member.stage === "ready");

/** True from the first step until it is healthy for the first time. */
export const isForming = ({ spec, phase }: ClusterView): boolean =>
  spec.formed_at === null && (phase === "creating" || phase === "undoing");

/** Where the Kubernetes API is reached from this computer. */
export const apiAddress = ({ spec }: ClusterView): string =>
  spec.api ? `https://${spec.api.outside}:${spec.api.outside_port}` : "";

/** What makes its first page worth a look. */
export const isSick = ({ phase }: ClusterView): boolean =>
  phase === "degraded" || phase === "unreachable";

/** The cluster that a machine belongs to. */
export const clusterOf = (
  clusters: readonly ClusterView[],
  machine: string,
): ClusterView | undefined =>
  clusters.find((cluster) => cluster.spec.nodes.some((node) => node.machine === machine));
