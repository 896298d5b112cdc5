/** Objects as the program sends them, whole, with what a test changes of them. */
import type {
  AppInfo,
  HostUsage,
  ImageView,
  Job,
  MachineView,
  NetworkMachine,
  NetworkTraffic,
  NetworkView,
  Forward,
  ForwardView,
  Settings,
  Stage,
  TrashView,
} from "../generated/api";

export const IMAGE_ID = "0198f2f0-0000-7000-8000-0000000000a1";
export const MACHINE_ID = "0198f2f0-0000-7000-8000-0000000000b1";
export const NETWORK_ID = "0198f2f0-0000-7000-8000-0000000000d1";
export const FORWARD_ID = "0198f2f0-0000-7000-8000-0000000000e1";
export const JOB_ID = "0198f2f0-0000-7000-8000-0000000000c1";
const AT = "2026-03-20T09:00:00Z";
const GIB = 2 ** 30;

export const settings = (change: Partial<Settings> = {}): Settings => ({
  factory_url: "https://factory.talos.dev",
  proxy: "",
  extra_ca: "",
  data_dir: "",
  theme: "system",
  high_contrast: false,
  text_percent: 100,
  default_vcpus: 2,
  default_memory_mib: 2048,
  default_disk_gib: 10,
  console_font_px: 13,
  ...change,
});

export const info = (change: Partial<AppInfo> = {}): AppInfo => ({
  version: "0.1.0",
  host: "browser",
  practice: false,
  data_dir: "/home/ariadne/.local/share/crete",
  log_dir: "/home/ariadne/.local/state/crete/log",
  arch: "amd64",
  notices: [],
  ...change,
});

export const trashed = (change: Partial<TrashView> = {}): TrashView => ({
  trash_id: "t1",
  kind: "machines",
  id: MACHINE_ID,
  name: "knossos",
  deleted_at: AT,
  bytes: 3 * GIB,
  image: IMAGE_ID,
  ...change,
});

export const usage = (change: Partial<HostUsage> = {}): HostUsage => ({
  memory_total: 32 * GIB,
  memory_used: 8 * GIB,
  memory_machines: 2 * GIB,
  memory_promised: 0,
  memory_pressure: 0,
  cpu_percent: 12,
  cpus: 8,
  vcpus: 0,
  disk_free: 100e9,
  disk_promised: 0,
  disk_total: 500e9,
  ...change,
});

export const stage = (change: Partial<Stage> & Pick<Stage, "code">): Stage => ({
  weight: 1,
  state: "queued",
  progress: null,
  blocker: null,
  started_at: null,
  ended_at: null,
  ...change,
});

export const job = (change: Partial<Job> = {}): Job => ({
  schema_version: 1,
  id: JOB_ID,
  request: { kind: "start", machine: MACHINE_ID },
  subject: "knossos",
  state: "running",
  stages: [stage({ code: "prepare", state: "running", started_at: AT }), stage({ code: "spawn" })],
  created_at: AT,
  ended_at: null,
  problem: null,
  cancellable: true,
  pausable: false,
  paused_at: null,
  ...change,
});

type Off = Extract<MachineView, { state: "stopped" }>;

export const machine = (change: Partial<Off> = {}): MachineView => ({
  spec: {
    schema_version: 1,
    id: MACHINE_ID,
    name: "knossos",
    image: IMAGE_ID,
    arch: "amd64",
    vcpus: 2,
    memory_mib: 2048,
    disk_gib: 10,
    mac: "52:54:00:00:00:01",
    network: null,
    kernel_args: [],
    created_at: AT,
  },
  accelerator: null,
  pid: null,
  halted: null,
  boot: null,
  actions: [
    { action: "start", denied: null },
    { action: "stop", denied: "not_running" },
    { action: "force_off", denied: "not_running" },
    { action: "delete", denied: null },
  ],
  job: null,
  disk_used: 0,
  memory_used: 0,
  state: "stopped",
  exit: { reason: "never_started" },
  ...change,
});

type Ready = Extract<ImageView, { state: "ready" }>;

export const image = (change: Partial<Ready> = {}): ImageView => ({
  spec: {
    schema_version: 1,
    id: IMAGE_ID,
    version: "v1.13.9",
    arch: "amd64",
    medium: "disk_image",
    digest: null,
    origin: {
      kind: "factory",
      schematic: {
        owner: "",
        overlay: null,
        customization: {
          embeddedMachineConfiguration: "",
          extraKernelArgs: [],
          meta: [],
          systemExtensions: { officialExtensions: [] },
          bootloader: null,
          secureboot: { enrollKeys: "", includeWellKnownCertificates: false },
          diskImage: { sectorSize: 0 },
        },
      },
      schematic_id: "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba",
      factory: "https://factory.talos.dev",
      asset: "metal-amd64.raw.zst",
    },
    created_at: AT,
    file: {
      name: "metal-amd64.raw",
      format: "raw",
      downloaded: 191 * 2 ** 20,
      sha256: "00",
      virtual_size: 2 * GIB,
      layers: [],
    },
  },
  set_aside: [],
  used_by: [],
  not_runnable: null,
  state: "ready",
  ...change,
});

export const member = (change: Partial<NetworkMachine> = {}): NetworkMachine => ({
  machine: MACHINE_ID,
  name: "knossos",
  full_name: "knossos.crete.test",
  mac: "52:54:00:00:00:01",
  address: "10.88.1.21",
  host_address: "127.88.1.21",
  on: true,
  connected: true,
  cut: false,
  fault: null,
  ...change,
});

/** Machines of one network, each with an id, a name and addresses of its own. */
export const members = (count: number, change: Partial<NetworkMachine> = {}): NetworkMachine[] =>
  Array.from({ length: count }, (_, at) =>
    member({
      machine: MACHINE_ID.slice(0, -3) + String(at + 100),
      name: `node-${at + 1}`,
      full_name: `node-${at + 1}.crete.test`,
      mac: `52:54:00:00:01:${at.toString(16).padStart(2, "0")}`,
      address: `10.88.1.${at + 20}`,
      host_address: `127.88.1.${at + 20}`,
      ...change,
    }),
  );

export const forward = (change: Partial<Forward> = {}): Forward => ({
  id: FORWARD_ID,
  name: "Kubernetes API",
  protocol: "tcp",
  machine: MACHINE_ID,
  port: 6443,
  listen: "127.88.1.21",
  listen_port: 6443,
  exposed: false,
  ...change,
});

export const forwardView = (change: Partial<ForwardView> = {}): ForwardView => ({
  id: FORWARD_ID,
  open: true,
  answers: true,
  fault: null,
  owner: null,
  ...change,
});

type Up = Extract<NetworkView, { state: "running" }>;

export const networkSpec = (change: Partial<NetworkView["spec"]> = {}): NetworkView["spec"] => ({
  schema_version: 1,
  id: NETWORK_ID,
  name: "default",
  is_default: true,
  subnet: "10.88.1.0/24",
  loopback: "127.88.1.0/24",
  prefix6: "fd12:3456:789a:1::",
  mtu: 1500,
  internet: true,
  members: [],
  forwards: [],
  endpoints: [],
  created_at: AT,
  ...change,
});

const seen = {
  gateway: "10.88.1.1",
  machines: [member()],
  forwards: [],
  offers: [],
  conflict: null,
  echo_denied: false,
  trespasses: [],
};

export const network = (change: Partial<Up> = {}): NetworkView => ({
  spec: networkSpec(),
  ...seen,
  state: "running",
  since: AT,
  pid: 4711,
  version: "0.1.0",
  outdated: false,
  ...change,
});

type Quiet = Extract<NetworkView, { state: "off" }>;

export const networkOff = (change: Partial<Quiet> = {}): NetworkView => ({
  spec: networkSpec(),
  ...seen,
  machines: [member({ on: false, connected: false })],
  state: "off",
  ...change,
});

export const traffic = (change: Partial<NetworkTraffic> = {}): NetworkTraffic => ({
  network: NETWORK_ID,
  ports: [
    {
      machine: MACHINE_ID,
      sent_bps: 400_000,
      received_bps: 1_200_000,
      sent: 5 * 2 ** 20,
      received: 190 * 2 ** 20,
      dropped: 3,
    },
  ],
  connections: 38,
  refused: 0,
  leases: [
    {
      mac: "52:54:00:00:00:01",
      address: "10.88.1.21",
      machine: MACHINE_ID,
      host_name: "knossos",
      remaining_s: 3000,
    },
  ],
  neighbours: [{ address: "10.88.1.21", mac: "52:54:00:00:00:01", heard_s: 4, contested: false }],
  ...change,
});
