/** A node as tests show it. */
import type {
  ConfigComparison,
  Facts,
  NodeFacts,
  NodeFiguresView,
  NodeSays,
  NodeView,
} from "../generated/api";
import { MACHINE_ID } from "./samples";

export const says = (change: Partial<NodeSays> = {}): NodeSays => ({
  stage: "running",
  ready: true,
  unmet: [],
  version: "v1.13.9",
  hostname: "knossos-cp-1",
  role: "control_plane",
  addresses: ["10.88.1.21"],
  ...change,
});

export const node = (change: Partial<NodeView> = {}): NodeView => ({
  machine: MACHINE_ID,
  presence: "configured",
  fingerprint: null,
  fingerprint_printed: false,
  own_credentials: false,
  says: says(),
  stale_since: null,
  problem: null,
  ...change,
});

export const facts = (facts: Facts): NodeFacts => ({
  machine: MACHINE_ID,
  kind: facts.kind,
  facts,
  problem: null,
});

export const figures = (busy = 22): NodeFiguresView => ({
  machine: MACHINE_ID,
  problem: null,
  figures: {
    cpu: { busy, user: busy, system: 0, waiting: 0, stolen: 0 },
    memory_total: 4 * 2 ** 30,
    memory_used: 2 ** 30,
    load: [0.5, 0.25, 0.1],
    links: [{ name: "eth0", inward: 2048, outward: 1024 }],
    disks: [{ name: "vda", inward: 0, outward: 4096 }],
    processes: 42,
    busiest: [],
  },
});

export const comparison = (change: Partial<ConfigComparison> = {}): ConfigComparison => ({
  changes: [
    {
      document: "",
      path: "machine.sysctls.vm.swappiness",
      way: "changed",
      before: "1",
      after: "2",
      secret: false,
      needs_reboot: false,
    },
  ],
  rows: [
    { way: "same", before: 1, after: 1, text: "machine:", secret: false },
    { way: "same", before: 2, after: 2, text: "  token: s3cret", secret: true },
    { way: "removed", before: 3, after: null, text: "    vm.swappiness: 1", secret: false },
    { way: "added", before: null, after: 3, text: "    vm.swappiness: 2", secret: false },
  ],
  findings: [],
  takes: "no_reboot",
  modes: [
    { mode: "no_reboot", denied: null },
    { mode: "try", denied: null },
    { mode: "staged", denied: null },
    { mode: "auto", denied: null },
    { mode: "reboot", denied: "not_offered" },
  ],
  ...change,
});
