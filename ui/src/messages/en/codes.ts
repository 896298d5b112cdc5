/** Sentences for the codes of the program. A code without one does not compile. */
import type {
  Arch,
  BlockerCode,
  BootMedium,
  BootStage,
  DenyReason,
  ExitReason,
  HaltReason,
  JobRequest,
  JobState,
  MachineView,
  StageCode,
  StartNotice,
  StopRung,
  Verdict,
} from "../../platform/generated/api";
import * as host from "./host";

type Words<K extends string> = Record<K, string>;

export const arch = { amd64: "amd64", arm64: "arm64" } as const satisfies Words<Arch>;

export const archText = {
  amd64: "Computers with Intel or AMD processors.",
  arm64: "Raspberry Pi, Apple and ARM servers.",
} as const satisfies Words<Arch>;

export const medium = {
  disk_image: "Disk image",
  iso: "ISO",
} as const satisfies Words<BootMedium>;

export const mediumText = {
  disk_image: "Fast: the machine starts from a disk with Talos on it.",
  iso: "Like real hardware: it starts from a CD, with an empty disk to install to.",
} as const satisfies Words<BootMedium>;

export const verdict = {
  ready: "Ready for machines",
  slow: "Machines work here, slowly",
  blocked: "No machine can run here yet",
} as const satisfies Words<Verdict>;

export const verdictText = {
  ready: "They run at full speed.",
  slow: "Every instruction is translated, so a start takes minutes instead of seconds. Everything works.",
  blocked: "Mend what is marked. Crete notices when it is done.",
} as const satisfies Words<Verdict>;

export { cause, causeTitle, check, fix, nested } from "./host";

export const job = {
  ...host.job,
  download: "Download {name}",
  import: "Import {name}",
  verify: "Check {name}",
  save: "Save {name}",
  start: "Start {name}",
  stop: "Stop {name}",
  cluster: "Cluster {name}",
} as const satisfies Words<JobRequest["kind"]>;

/** The title of an error, with the object first. */
export const jobFailed = {
  ...host.jobFailed,
  download: "{name} could not be downloaded: {cause}",
  import: "{name} could not be imported: {cause}",
  verify: "{name} did not pass the check: {cause}",
  save: "{name} could not be saved: {cause}",
  start: "{name} could not start: {cause}",
  stop: "{name} could not be stopped: {cause}",
  cluster: "Cluster {name}: {cause}",
} as const satisfies Words<JobRequest["kind"]>;

export const jobDone = {
  ...host.jobDone,
  download: "{name} is ready",
  import: "{name} is ready",
  verify: "{name} is as it was when it was first used",
  save: "{name} is saved",
  start: "{name} is running",
  stop: "{name} is off",
  cluster: "Cluster {name} is as you want it",
} as const satisfies Words<JobRequest["kind"]>;

export const jobState = {
  queued: "Waiting",
  running: "Working",
  done: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
  paused: "Paused",
  interrupted: "Cut off",
} as const satisfies Words<JobState>;

export const stage = {
  ...host.stage,
  schematic: { name: "Send the recipe", now: "Sending the recipe" },
  transfer: { name: "Download", now: "Downloading" },
  verify: { name: "Check the file", now: "Checking the file" },
  unpack: { name: "Unpack", now: "Unpacking" },
  copy: { name: "Copy the file", now: "Copying the file" },
  prepare: { name: "Prepare disk and firmware", now: "Preparing disk and firmware" },
  spawn: { name: "Start QEMU", now: "Starting QEMU" },
  run: { name: "Switch on", now: "Switching on" },
  console: { name: "First words", now: "Waiting for the first words" },
  power_button: { name: "Press the power button", now: "Pressing the power button" },
  end: { name: "End QEMU", now: "Ending QEMU" },
  cluster_image: { name: "Image", now: "Waiting for the image" },
  cluster_network: { name: "Network and API address", now: "Making the network" },
  cluster_machines: { name: "Machines and disks", now: "Making machines and disks" },
  switch_on: { name: "Switch on", now: "Switching the machines on" },
  addresses: { name: "Addresses", now: "Waiting until every machine has an address" },
  maintenance: { name: "Talos answers", now: "Waiting until Talos answers on every machine" },
  disks_check: { name: "Check the disks", now: "Checking the disks" },
  configuration: { name: "Write configurations", now: "Writing the configurations" },
  apply: { name: "Hand over configurations", now: "Handing over the configurations" },
  install: { name: "Install Talos", now: "Installing Talos" },
  sign_in: { name: "Sign in", now: "Waiting until every machine knows the cluster" },
  time: { name: "Clocks", now: "Waiting until the clocks are right" },
  bootstrap: { name: "Bootstrap", now: "Telling the first machine to start the cluster" },
  etcd: { name: "Form etcd", now: "Forming etcd" },
  control_plane: { name: "Control plane", now: "Waiting until the Kubernetes API answers" },
  pod_network: { name: "Pod network", now: "Waiting until pods reach one another" },
  nodes_ready: { name: "Machines Ready", now: "Waiting until every machine is Ready" },
  health_checks: { name: "Final check", now: "Going through the checks" },
  access: { name: "Files for your tools", now: "Writing kubeconfig and talosconfig" },
  workers_off: { name: "Switch workers off", now: "Switching the workers off" },
  control_planes_off: {
    name: "Switch control planes off",
    now: "Switching the control planes off",
  },
  leave: { name: "Leave the cluster", now: "Taking the machine out of the cluster" },
  change_control_planes: {
    name: "Change control planes",
    now: "Changing control planes, one after another",
  },
  change_workers: { name: "Change workers", now: "Changing workers, one after another" },
  sample_apply: { name: "Tell Kubernetes", now: "Telling Kubernetes of the sample app" },
  sample_ready: { name: "Start its pods", now: "Waiting until its pods are ready" },
  sample_forward: { name: "Open a port", now: "Opening a port that leads to it" },
  sample_remove: { name: "Take it away", now: "Taking the sample app away" },
} as const satisfies Record<StageCode, { name: string; now: string }>;

export const blocker = {
  ...host.blocker,
  factory_answer: "Waiting for {host} to answer",
  factory_builds: "{host} is building this image and sends nothing meanwhile",
  bytes: "Waiting for bytes from {host}",
  same_file: "Another download of the same file goes first",
  turn: "Waiting for its turn: {count} downloads go first",
  retry: "Waiting for the next try",
  image_check: "Reading every byte of the image",
  network_up: "Waiting for the network {name} to come up",
  qemu_greeting: "Waiting for QEMU to answer",
  first_output: "Waiting for the machine's first words",
  guest_shutdown: "The power button was pressed. Waiting for the machine to switch off",
  process_end: "Waiting for QEMU to end",
  cluster_stuck: "Waiting: its page says for what",
} as const satisfies Words<BlockerCode>;

/** How long it may take, where that is known and not obvious. */
export const blockerUsual = {
  factory_builds: "up to 20 min for a new mix",
} as const satisfies Partial<Words<BlockerCode>>;

export const state = {
  stopped: "Stopped",
  preparing: "Preparing",
  starting: "Starting",
  running: "Running",
  stopping: "Stopping",
} as const satisfies Words<MachineView["state"]>;

/** Where a machine's state alone would say too little. */
export const machineWord = {
  failed: "Did not start",
  panic: "Crashed",
  halted: "Stands still",
} as const;

/** Why processors stand still. */
export const halted = {
  paused: "somebody stopped its processors",
  io_error: "its disk could not be written, so look whether this computer's disk is full",
  suspended: "it went to sleep",
  other: "QEMU stopped its processors",
} as const satisfies Words<HaltReason>;

export const boot = {
  silent: "Nothing on its console yet",
  firmware: "The firmware looks for something to start",
  kernel: "Linux is starting",
  talos: "Talos is starting",
  maintenance: "Waits for its settings at {address}",
  panic: "{line}",
} as const satisfies Words<BootStage>;

export const deny = {
  not_running: "It is off.",
  still_running: "It is running.",
  stopping: "It is being stopped.",
  starting: "It is being started.",
  image_not_ready: "Its image is not complete.",
  arch_not_runnable: "Its architecture does not run here.",
  deleting: "It is being deleted.",
} as const satisfies Words<DenyReason>;

export const rung = {
  acpi: "The power button was pressed",
  quit: "QEMU was asked to end",
  terminate: "QEMU was told to end",
  kill: "QEMU is being ended",
} as const satisfies Words<StopRung>;

/** What happens when the time is up. */
export const rungNext = {
  acpi: "asked harder in {time}",
  quit: "told to end in {time}",
  terminate: "ended by force in {time}",
  kill: "ending at any moment",
} as const satisfies Words<StopRung>;

export const rungDone = {
  acpi: "Switched off by you",
  quit: "Ended by you, after the power button went unanswered",
  terminate: "Ended by you, after QEMU did not listen",
  kill: "Forced off by you",
} as const satisfies Words<StopRung>;

export const exit = {
  never_started: "Never started",
  guest_shutdown: "It switched itself off",
  earlier: "It was off already when Crete was opened",
  gone_while_away: "It ended while Crete was closed",
  stopped: "Switched off",
  start_failed: "Did not start: {cause}",
  qemu_exited: "QEMU ended by itself ({how})",
} as const satisfies Words<ExitReason["reason"]>;

export const exitHow = { status: "status {n}", signal: "signal {n}" } as const;

export const notice = {
  adopted: "Found running and taken back: {names}",
  settings_restored: "The settings could not be read. The last good copy is used.",
} as const satisfies Words<StartNotice["kind"]>;
