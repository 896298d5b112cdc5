/** The draft that a cluster would come of again: what commands and recipes are made from. Pure. */
import type {
  ClusterDraft,
  ClusterNode,
  ClusterSpec,
  NodeRole,
  Sizes,
} from "../../platform/generated/api";

const DEFAULT: Sizes = { vcpus: 2, memory_mib: 2048, disk_gib: 20 };
const same = (one: Sizes, other: Sizes): boolean =>
  one.vcpus === other.vcpus &&
  one.memory_mib === other.memory_mib &&
  one.disk_gib === other.disk_gib;

export function draftOf(spec: ClusterSpec): ClusterDraft {
  const staying = spec.nodes.filter(({ leaving }) => !leaving);
  const of = (wanted: NodeRole): ClusterNode[] => staying.filter(({ role }) => role === wanted);
  const group = (role: NodeRole) => {
    const nodes = of(role);
    return { count: nodes.length, sizes: nodes[0]?.sizes ?? DEFAULT };
  };
  const control_planes = group("control_plane");
  const workers = group("worker");
  const usual = ({ role }: ClusterNode): Sizes =>
    role === "control_plane" ? control_planes.sizes : workers.sizes;
  return {
    name: spec.name,
    image:
      spec.schematic === null && spec.image !== null
        ? { kind: "library", image: spec.image }
        : {
            kind: "factory",
            version: spec.talos,
            arch: spec.arch,
            medium: spec.medium,
            schematic: spec.schematic,
          },
    kubernetes: spec.kubernetes,
    control_planes,
    workers,
    sizes: staying
      .filter((node) => !same(node.sizes, usual(node)))
      .map(({ name, sizes }) => ({ node: name, sizes })),
    network:
      spec.network !== null && !spec.own_network
        ? { kind: "existing", network: spec.network }
        : { kind: "new", subnet: spec.subnet },
    endpoint: spec.endpoint,
    cni: spec.cni,
    pod_subnet: spec.pod_subnet,
    service_subnet: spec.service_subnet,
    schedule_on_control_planes: spec.schedule_on_control_planes,
    mirrors: spec.mirrors,
    patches: spec.patches,
    leave_in_maintenance: spec.leave_in_maintenance,
    omni: spec.omni,
    secrets_file: "",
  };
}
