/** The steps of the work in the few parts that people think of. Pure. */
import { between } from "../../model/format";
import type { ClusterStep, StageCode } from "../../platform/generated/api";

export const PARTS = [
  "prepare",
  "boot",
  "configure",
  "etcd",
  "kubernetes",
  "change",
  "check",
  "off",
  "sample",
] as const;
export type Part = (typeof PARTS)[number];

const PART_OF: Partial<Record<StageCode, Part>> = {
  cluster_image: "prepare",
  cluster_network: "prepare",
  cluster_machines: "prepare",
  switch_on: "boot",
  addresses: "boot",
  maintenance: "boot",
  disks_check: "boot",
  configuration: "configure",
  apply: "configure",
  install: "configure",
  sign_in: "configure",
  time: "configure",
  bootstrap: "etcd",
  etcd: "etcd",
  control_plane: "kubernetes",
  pod_network: "kubernetes",
  nodes_ready: "kubernetes",
  health_checks: "check",
  access: "check",
  workers_off: "off",
  control_planes_off: "off",
  leave: "off",
  change_control_planes: "change",
  change_workers: "change",
  sample_apply: "sample",
  sample_ready: "sample",
  sample_forward: "sample",
  sample_remove: "sample",
};

export interface PartView {
  part: Part;
  state: "done" | "now" | "rest";
  /** 0 to 1 of what it holds. */
  share: number;
  /** The step that goes on. */
  present: ClusterStep | undefined;
  /** Seconds it took or takes; nothing while it has not begun. */
  seconds: number | undefined;
  /** Median of earlier runs, seconds; nothing without any of one of its steps. */
  usual: number | undefined;
}

const isDone = ({ ended_at }: ClusterStep): boolean => ended_at !== null;

function partView(part: Part, steps: readonly ClusterStep[], now: number): PartView {
  const done = steps.filter(isDone).length;
  const begun = steps.flatMap(({ started_at }) => started_at ?? []).sort()[0];
  const state = done === steps.length ? "done" : begun !== undefined ? "now" : "rest";
  const ended = steps
    .flatMap(({ ended_at }) => ended_at ?? [])
    .sort()
    .at(-1);
  const present = steps.find((step) => step.started_at !== null && !isDone(step));
  const within = present && present.of > 0 ? present.done / present.of : 0;
  const usuals = steps.map(({ usual_s }) => usual_s);
  return {
    part,
    state,
    share: (done + within) / steps.length,
    present,
    seconds:
      begun === undefined
        ? undefined
        : between(begun, state === "done" && ended !== undefined ? ended : now),
    usual: usuals.includes(null)
      ? undefined
      : usuals.reduce<number>((sum, usual) => sum + (usual ?? 0), 0),
  };
}

/** Parts that this work has, in order. */
export function partsOf(steps: readonly ClusterStep[], now: number): PartView[] {
  return PARTS.flatMap((part) => {
    const own = steps.filter(({ code }) => PART_OF[code] === part);
    return own.length > 0 ? [partView(part, own, now)] : [];
  });
}
