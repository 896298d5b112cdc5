/** Patches as one list, each with those it is for, and back into their groups. Pure. */
import type { ClusterPatches } from "../../../platform/generated/api";

export const ALL = "cluster";

export interface Patch {
  /** `cluster`, `control_plane`, `worker`, or `node cp-1`. */
  target: string;
  text: string;
  /** The field of the draft, by which the program names it. */
  field: string;
}

const ROLES = ["cluster", "control_plane", "worker"] as const;

export function flat(patches: ClusterPatches): Patch[] {
  const roles = ROLES.flatMap((target) =>
    patches[target].map((text, at) => ({ target, text, field: `patches.${target}.${at}` })),
  );
  const nodes = patches.nodes.flatMap(({ node, patches: list }, place) =>
    list.map((text, at) => ({
      target: `node ${node}`,
      text,
      field: `patches.nodes.${place}.patches.${at}`,
    })),
  );
  return [...roles, ...nodes];
}

export function grouped(list: readonly Patch[]): ClusterPatches {
  const of = (target: string) =>
    list.filter((one) => one.target === target).map(({ text }) => text);
  const nodes = [...new Set(list.map(({ target }) => target))].filter((one) =>
    one.startsWith("node "),
  );
  return {
    cluster: of("cluster"),
    control_plane: of("control_plane"),
    worker: of("worker"),
    nodes: nodes.map((target) => ({ node: target.slice("node ".length), patches: of(target) })),
  };
}
