/** Clusters as the program sends them, whole, with what a test changes of them. */
import type {
  ClusterDraft,
  ClusterNode,
  ClusterOffer,
  ClusterPlan,
  ClusterSpec,
  ClusterView,
  HealthCheck,
  MemberView,
  Stuck,
} from "../generated/api";
import { IMAGE_ID, MACHINE_ID, NETWORK_ID } from "./samples";

export const CLUSTER_ID = "0198f2f0-0000-7000-8000-0000000000f1";
const AT = "2026-03-20T09:00:00Z";
const SIZES = { vcpus: 2, memory_mib: 4096, disk_gib: 20 };

const node = (change: Partial<ClusterNode> = {}): ClusterNode => ({
  name: "cp-1",
  role: "control_plane",
  machine: MACHINE_ID,
  sizes: SIZES,
  leaving: false,
  dead: false,
  ...change,
});

export const clusterSpec = (change: Partial<ClusterSpec> = {}): ClusterSpec => ({
  schema_version: 1,
  id: CLUSTER_ID,
  name: "knossos",
  talos: "v1.13.9",
  kubernetes: "1.36.3",
  arch: "amd64",
  medium: "disk_image",
  schematic: null,
  installer: "factory.talos.dev/metal-installer/0000:v1.13.9",
  image: IMAGE_ID,
  nodes: [node()],
  network: NETWORK_ID,
  own_network: true,
  subnet: "",
  endpoint: { kind: "load_balancer" },
  api: {
    inside: "10.88.1.1",
    inside_port: 6443,
    outside: "127.88.1.1",
    outside_port: 6443,
    talos_port: 50000,
  },
  cni: "flannel",
  pod_subnet: "",
  service_subnet: "",
  schedule_on_control_planes: true,
  mirrors: [],
  patches: { cluster: [], control_plane: [], worker: [], nodes: [] },
  leave_in_maintenance: false,
  omni: "",
  wish: "running",
  begun: null,
  created_at: AT,
  formed_at: AT,
  change: null,
  sample: null,
  ...change,
});

export const memberView = (change: Partial<MemberView> = {}): MemberView => ({
  name: "cp-1",
  hostname: "knossos-cp-1",
  role: "control_plane",
  machine: MACHINE_ID,
  stage: "ready",
  spans: [{ stage: "ready", started_at: AT, ended_at: null }],
  address: "10.88.1.20",
  talos: "v1.13.9",
  kubelet: "v1.36.3",
  etcd: { id: "8e9e05c52164694d", leader: true, learner: false },
  holds_endpoint: false,
  stuck: [],
  ...change,
});

export const healthCheck = (change: Partial<HealthCheck> = {}): HealthCheck => ({
  code: "etcd",
  state: "pass",
  params: { met: "1", of: "1", nodes: "" },
  words: [],
  since: AT,
  ...change,
});

/** A cause, as the table of rules gives it. */
export const stuck = (change: Partial<Stuck> = {}): Stuck => ({
  code: "link_cut",
  weight: "warning",
  params: { node: "knossos-cp-1" },
  machine: MACHINE_ID,
  since: AT,
  evidence: [],
  remedies: [{ kind: "mend_link", machine: MACHINE_ID }],
  ...change,
});

export const cluster = (change: Partial<ClusterView> = {}): ClusterView => ({
  spec: clusterSpec(),
  phase: "healthy",
  since: AT,
  members: [memberView()],
  stuck: [],
  health: [healthCheck()],
  checked_at: AT,
  timeline: { started_at: null, ended_at: null, usual_s: null, steps: [] },
  quorum: { members: 1, healthy: 1, needed: 1 },
  certificates: [],
  files: { kubeconfig: null, talosconfig: null },
  sample: null,
  events: [],
  actions: [
    { action: "start", denied: "running" },
    { action: "stop", denied: null },
    { action: "restart", denied: null },
    { action: "cancel", denied: "formed" },
    { action: "delete", denied: "still_running" },
    { action: "add_workers", denied: null },
    { action: "remove_worker", denied: "no_workers" },
    { action: "kubeconfig", denied: null },
    { action: "configure", denied: null },
    { action: "try_sample", denied: null },
    { action: "end_sample", denied: "nothing_to_do" },
  ],
  job: null,
  failed: null,
  ...change,
});

export const clusterDraft = (change: Partial<ClusterDraft> = {}): ClusterDraft => ({
  name: "knossos",
  image: {
    kind: "factory",
    version: "v1.13.9",
    arch: "amd64",
    medium: "disk_image",
    schematic: null,
  },
  kubernetes: "1.36.3",
  control_planes: { count: 1, sizes: SIZES },
  workers: { count: 0, sizes: { ...SIZES, memory_mib: 2048 } },
  sizes: [],
  network: { kind: "new", subnet: "" },
  endpoint: { kind: "load_balancer" },
  cni: "flannel",
  pod_subnet: "",
  service_subnet: "",
  schedule_on_control_planes: true,
  mirrors: [],
  patches: { cluster: [], control_plane: [], worker: [], nodes: [] },
  leave_in_maintenance: false,
  omni: "",
  secrets_file: "",
  ...change,
});

export const clusterOffer = (change: Partial<ClusterOffer> = {}): ClusterOffer => ({
  draft: clusterDraft(),
  max_nodes: 64,
  max_vcpus: 16,
  max_memory_mib: 64 * 1024,
  min_control_plane_mib: 2048,
  min_worker_mib: 1024,
  min_disk_gib: 10,
  ...change,
});

export const clusterPlan = (change: Partial<ClusterPlan> = {}): ClusterPlan => ({
  fields: [],
  preset: "solo",
  nodes: [
    { name: "cp-1", hostname: "knossos-cp-1", role: "control_plane", sizes: SIZES, patches: 0 },
  ],
  may_fail: 0,
  talos: "v1.13.9",
  support: {
    default: "1.36.3",
    oldest: "1.31",
    newest: "1.36",
    offered: ["1.36.3", "1.35.4", "1.34.1", "1.33.6", "1.32.0", "1.31.0"],
  },
  image: IMAGE_ID,
  download: 0,
  network: "knossos",
  endpoint: "",
  total: SIZES,
  strains: [],
  steps: [
    { code: "cluster_image", usual_s: null },
    { code: "switch_on", usual_s: null },
    { code: "health_checks", usual_s: null },
  ],
  usual_s: null,
  ...change,
});
