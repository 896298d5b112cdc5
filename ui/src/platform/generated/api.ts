// Written by `cargo xtask types` from crates/crete-api and crates/crete-model.
// Do not edit: the drift check compares it with the Rust types.

/**
 * How QEMU executes guest code.
 */
export type Accelerator = "kvm" | "tcg";

/**
 * A certificate of maintenance mode that a person has compared.
 */
export type AcceptFingerprint = { 
/**
 * The machine.
 */
machine: MachineId, 
/**
 * The fingerprint.
 */
fingerprint: string, };

/**
 * A file that Crete wrote.
 */
export type AccessFile = { 
/**
 * Names it in requests.
 */
id: string, 
/**
 * Which file.
 */
kind: AccessKind, 
/**
 * What its holder may do.
 */
role: AccessRole, 
/**
 * Where it was put.
 */
how: AccessHow, 
/**
 * The file.
 */
path: string, 
/**
 * The name of this cluster in it.
 */
context: string, 
/**
 * What became of it.
 */
state: AccessState, 
/**
 * RFC 3339: until when its certificate counts; nothing where none is there any more.
 */
expires_at: string | null, 
/**
 * True when it is time to renew.
 */
renew: boolean, 
/**
 * True when its time is over.
 */
expired: boolean, 
/**
 * True when the file can be given back exactly as it was.
 */
can_undo: boolean, };

/**
 * Names a file that was written.
 */
export type AccessFileRef = { 
/**
 * The cluster.
 */
cluster: ClusterId, 
/**
 * The file.
 */
id: string, };

/**
 * Where it was put.
 */
export type AccessHow = "saved" | "merged";

/**
 * Which file.
 */
export type AccessKind = "talosconfig" | "kubeconfig";

/**
 * What merging would do.
 */
export type AccessOffer = { 
/**
 * Which file.
 */
kind: AccessKind, 
/**
 * The person's file, where there is one to merge into: not in practice mode.
 */
path: string | null, 
/**
 * True when it is there already.
 */
exists: boolean, 
/**
 * Where a symbolic link leads.
 */
leads_to: string | null, 
/**
 * The name that this cluster would get.
 */
context: string, 
/**
 * The name that it would have had, when another cluster has it.
 */
taken: string | null, 
/**
 * True when an older entry of this cluster is replaced.
 */
replaces: boolean, 
/**
 * True when tools would use it from then on without being told.
 */
becomes_current: boolean, 
/**
 * Why the file cannot be merged into.
 */
obstacle: string | null, };

/**
 * Asks for a key file of a cluster.
 */
export type AccessRequest = { 
/**
 * The cluster.
 */
cluster: ClusterId, 
/**
 * Which file.
 */
kind: AccessKind, 
/**
 * What its holder may do.
 */
role: AccessRole, };

/**
 * What its holder may do.
 */
export type AccessRole = "admin" | "reader";

/**
 * What became of a file that was written.
 */
export type AccessState = "untouched" | "changed" | "gone" | "unreadable";

/**
 * The access to a cluster.
 */
export type AccessView = { 
/**
 * What was written, oldest first.
 */
files: Array<AccessFile>, 
/**
 * What merging would do.
 */
offers: Array<AccessOffer>, 
/**
 * The cluster's authorities.
 */
authorities: Array<AuthorityView>, };

/**
 * An action and whether it can be done now.
 */
export type ActionView = { 
/**
 * The action.
 */
action: MachineAction, 
/**
 * Why not; absent when it can be done.
 */
denied: DenyReason | null, };

/**
 * What runs, and on what.
 */
export type AppInfo = { 
/**
 * Crete's version.
 */
version: string, 
/**
 * Which host shows the page.
 */
host: HostKind, 
/**
 * True in practice mode: nothing here is Talos.
 */
practice: boolean, 
/**
 * Where images and machines are kept.
 */
data_dir: string, 
/**
 * Where the log of this program is.
 */
log_dir: string, 
/**
 * This computer's architecture.
 */
arch: Arch, 
/**
 * What happened before the page was there and a person should know.
 */
notices: Array<StartNotice>, };

/**
 * What a node answers to a configuration.
 */
export type ApplyAnswer = { 
/**
 * What it does, or would do; nothing when it does not say.
 */
mode: ApplyWay | null, 
/**
 * In its own words, with the difference after a dry run. May quote secrets.
 */
words: string, 
/**
 * What it accepts and regrets.
 */
warnings: Array<string>, };

/**
 * What applying takes.
 */
export type ApplyTakes = "nothing" | "no_reboot" | "reboot" | "install" | "refused";

/**
 * A way to apply a configuration.
 */
export type ApplyWay = "auto" | "no_reboot" | "try" | "staged" | "reboot";

/**
 * A processor architecture, by Talos' names.
 */
export type Arch = "amd64" | "arm64";

/**
 * Names a file of an image that was set aside.
 */
export type AsideRef = { 
/**
 * The image.
 */
image: ImageId, 
/**
 * The file's name.
 */
file: string, };

/**
 * Whose authority.
 */
export type AuthorityOf = "talos" | "kubernetes" | "etcd" | "aggregator";

/**
 * An authority of a cluster.
 */
export type AuthorityView = { 
/**
 * Whose.
 */
of: AuthorityOf, 
/**
 * RFC 3339: until when it counts.
 */
expires_at: string, 
/**
 * True when less than a tenth of its life, or thirty days, is left.
 */
renew: boolean, };

/**
 * What is awaited, on whom, since when.
 */
export type Blocker = { 
/**
 * What is awaited.
 */
code: BlockerCode, 
/**
 * Values for the sentence.
 */
params: { [key in string]: string }, 
/**
 * RFC 3339.
 */
since: string, 
/**
 * What went wrong before, where that is why.
 */
problem: Problem | null, };

/**
 * What a stage waits for at this moment.
 */
export type BlockerCode = "factory_answer" | "factory_builds" | "bytes" | "same_file" | "turn" | "retry" | "image_check" | "network_up" | "qemu_greeting" | "first_output" | "guest_shutdown" | "process_end" | "password" | "other_fix" | "cluster_stuck";

/**
 * A single board computer.
 */
export type Board = { 
/**
 * Its id in links.
 */
id: string, 
/**
 * Its own name.
 */
label: string, 
/**
 * Name of its overlay; may differ from the id.
 */
overlay_name: string, 
/**
 * Image of its overlay, part of the schematic's id.
 */
overlay_image: string, 
/**
 * Not offered for older versions.
 */
min_version: TalosVersion, 
/**
 * Below the documentation's address of a version; absent where there is no page.
 */
documentation_path: string | null, };

/**
 * How machines boot from an image.
 */
export type BootMedium = "disk_image" | "iso";

/**
 * How a platform starts an image.
 */
export type BootMethod = "iso" | "disk-image" | "pxe";

/**
 * What a machine says about itself on its console, as far as Crete understood it.
 */
export type BootStage = "silent" | "firmware" | "kernel" | "talos" | "maintenance" | "panic";

/**
 * Where a machine's boot stands, from its console.
 */
export type BootView = { 
/**
 * The stage.
 */
stage: BootStage, 
/**
 * Values for the sentence.
 */
params: { [key in string]: string }, 
/**
 * The fingerprint of its certificate in maintenance mode, as it was printed last.
 */
fingerprint: string | null, 
/**
 * Bytes ttyS0 printed since this start.
 */
console_bytes: number, };

/**
 * Boot loaders that can be asked for. The factory's `none` is the same as leaving the key out.
 */
export type Bootloader = "dual-boot" | "sd-boot" | "grub";

/**
 * An object of whatever kind whose folder does not parse. Listed, never hidden or deleted.
 */
export type BrokenView = { 
/**
 * `images`, `machines` or `jobs`.
 */
kind: string, 
/**
 * Absolute path of its folder.
 */
path: string, 
/**
 * What is wrong with it, in the parser's words.
 */
error: string, 
/**
 * What is wrong with it and what to do, where that is known.
 */
problem: Problem | null, };

/**
 * A process that is busy.
 */
export type BusyProcess = { 
/**
 * Its id.
 */
pid: number, 
/**
 * Its command.
 */
command: string, 
/**
 * Percent of one processor.
 */
cpu: number, 
/**
 * Bytes of memory.
 */
memory: number, 
/**
 * Its threads.
 */
threads: number, };

/**
 * Why a check is as it is; one sentence each in the page's catalogue.
 *
 * `fine` where it is good and there is nothing more to say.
 */
export type CauseCode = "fine" | "cut_off" | "cannot_tell" | "cpu_too_old" | "no_cpu_flag" | "disabled_in_firmware" | "inside_virtual_machine" | "no_hypervisor_mode" | "module_not_loaded" | "module_blacklisted" | "module_forbidden" | "kernel_without_kvm" | "device_missing" | "container_without_kvm" | "flatpak_without_kvm" | "snap_without_kvm" | "no_permission" | "group_missing" | "device_closed" | "log_in_again" | "not_at_screen" | "policy_denies" | "fake_kvm" | "busy" | "busy_program" | "busy_machine" | "api_version" | "create_vm_failed" | "not_installed" | "hidden_by_sandbox" | "too_old" | "no_answer" | "library_missing" | "does_not_start" | "strange_answer" | "qemu_without_kvm" | "feature_missing" | "short" | "virtual_machine" | "container" | "flatpak" | "snap";

/**
 * Whose certificate it is.
 */
export type CertificateOf = "talos_authority" | "kubernetes_authority" | "etcd_authority" | "aggregator_authority" | "talos_client" | "kubeconfig" | "talosconfig";

/**
 * A certificate and its end.
 */
export type CertificateView = { 
/**
 * Whose.
 */
of: CertificateOf, 
/**
 * RFC 3339.
 */
not_after: string, };

/**
 * One change of a topic.
 */
export type Change = { "kind": "init" } | { "kind": "item", 
/**
 * Its key.
 */
key: string, 
/**
 * Its value.
 */
value: unknown, } | { "kind": "init_done" } | { "kind": "upsert", 
/**
 * Its key.
 */
key: string, 
/**
 * Its value.
 */
value: unknown, } | { "kind": "remove", 
/**
 * Its key.
 */
key: string, };

/**
 * How the last change of the patches stands.
 */
export type ChangeState = "rolling" | "done" | "stopped";

/**
 * How a value differs.
 */
export type ChangeWay = "added" | "removed" | "changed";

/**
 * One check.
 */
export type Check = { 
/**
 * What was checked.
 */
code: CheckCode, 
/**
 * How it ended.
 */
state: CheckState, 
/**
 * Why.
 */
cause: CauseCode, 
/**
 * Values for the sentence: of the cause, and of the good state (`version`, `path`, `bytes` …).
 */
params: { [key in string]: string }, 
/**
 * What was looked at.
 */
evidence: Array<Evidence>, 
/**
 * What can be done, best first.
 */
remedies: Array<Remedy>, };

/**
 * What is checked. Order is the order on the page.
 */
export type CheckCode = "cpu_level" | "kvm" | "qemu" | "qemu_img" | "firmware" | "memory" | "disk" | "environment";

/**
 * How a check ended.
 */
export type CheckState = "ok" | "limited" | "failed";

/**
 * What can be asked of a cluster.
 */
export type ClusterAction = "start" | "stop" | "restart" | "cancel" | "delete" | "add_workers" | "remove_worker" | "kubeconfig" | "configure" | "try_sample" | "end_sample";

/**
 * An action and whether it can be done now.
 */
export type ClusterActionView = { 
/**
 * The action.
 */
action: ClusterAction, 
/**
 * Why not; nothing when it can be done.
 */
denied: ClusterDenied | null, };

/**
 * The last change of the patches, kept so that it goes on after a crash and can be taken back.
 */
export type ClusterChange = { 
/**
 * How it stands.
 */
state: ChangeState, 
/**
 * RFC 3339.
 */
begun_at: string, 
/**
 * RFC 3339; nothing while it goes on.
 */
ended_at: string | null, 
/**
 * The patches before it.
 */
before: ClusterPatches, };

/**
 * A cluster whose creation began.
 */
export type ClusterCreated = { 
/**
 * The cluster.
 */
cluster: ClusterId, 
/**
 * The job.
 */
job: JobId, };

/**
 * Why an action cannot be done now.
 */
export type ClusterDenied = "stopped" | "running" | "busy" | "not_formed" | "formed" | "not_running" | "still_running" | "no_workers" | "not_ours" | "practice" | "nothing_to_do" | "name_taken" | "endpoint_taken";

/**
 * What the form sends; nothing in it has been checked.
 */
export type ClusterDraft = { 
/**
 * A DNS label.
 */
name: string, 
/**
 * Which Talos, on which medium.
 */
image: ClusterImage, 
/**
 * Version of Kubernetes, without `v`: `1.36.3`.
 */
kubernetes: string, 
/**
 * Machines that run etcd and the API.
 */
control_planes: NodeGroup, 
/**
 * Machines that only work.
 */
workers: NodeGroup, 
/**
 * Sizes of single machines.
 */
sizes: Array<NodeSizes>, 
/**
 * Where they are.
 */
network: ClusterNetwork, 
/**
 * How the API is reached.
 */
endpoint: EndpointKind, 
/**
 * How pods reach one another.
 */
cni: CniKind, 
/**
 * Network of the pods; empty for `10.244.0.0/16`.
 */
pod_subnet: string, 
/**
 * Network of the services; empty for `10.96.0.0/12`.
 */
service_subnet: string, 
/**
 * Whether ordinary pods run on control planes too.
 */
schedule_on_control_planes: boolean, 
/**
 * Images taken from elsewhere.
 */
mirrors: Array<RegistryMirror>, 
/**
 * Changes to the configurations.
 */
patches: ClusterPatches, 
/**
 * Machines are started and left waiting for a configuration, for people with tools of their own.
 */
leave_in_maintenance: boolean, 
/**
 * Omni's own link, with which machines join it; empty otherwise.
 */
omni: string, 
/**
 * A file of the person's with the secrets that the cluster is made with: a `secrets.yaml`, or the
 * configuration of a control plane. Empty for new ones.
 */
secrets_file: string, };

/**
 * The ports by which the Kubernetes API is reached.
 */
export type ClusterEndpoint = { 
/**
 * Host of the API as the machines reach it: the gateway's address, or the virtual one.
 */
inside: string, 
/**
 * Its port there.
 */
inside_port: number, 
/**
 * Address of this computer that leads there.
 */
outside: string, 
/**
 * Its port there.
 */
outside_port: number, 
/**
 * The port there that leads to Talos on the control planes; 0 while there is none.
 */
talos_port: number, };

/**
 * Something that happened.
 */
export type ClusterEvent = { 
/**
 * RFC 3339.
 */
at: string, 
/**
 * What.
 */
code: ClusterEventCode, 
/**
 * Values for the sentence.
 */
params: { [key in string]: string }, };

/**
 * What happened to a cluster.
 */
export type ClusterEventCode = "formed" | "recovered" | "degraded" | "started" | "stopped" | "woke" | "node_ready" | "node_lost" | "leader_moved" | "endpoint_moved" | "worker_came" | "worker_went" | "bootstrapped" | "configured" | "reconfigured" | "sample_came" | "sample_went";

/**
 * Where the files for a person's tools are, once they were made.
 */
export type ClusterFiles = { 
/**
 * The kubeconfig.
 */
kubeconfig: string | null, 
/**
 * The talosconfig.
 */
talosconfig: string | null, };

/**
 * A cluster.
 */
export type ClusterId = string;

/**
 * The image that the machines boot from.
 */
export type ClusterImage = { "kind": "factory", 
/**
 * Talos version.
 */
version: TalosVersion, 
/**
 * Processor architecture.
 */
arch: Arch, 
/**
 * Disk image, or ISO with installation.
 */
medium: BootMedium, 
/**
 * What it holds beyond the plain one; nothing for Crete's own, with a serial console.
 */
schematic: Schematic | null, } | { "kind": "library", 
/**
 * Which.
 */
image: ImageId, };

/**
 * What would be lost by deleting a cluster, counted before it happens.
 */
export type ClusterLoss = { 
/**
 * Names of its machines.
 */
machines: Array<string>, 
/**
 * Bytes on this computer.
 */
bytes: number, 
/**
 * The network that goes with it.
 */
network: string | null, 
/**
 * The image, which stays in the library.
 */
image_kept: string | null, };

/**
 * The network that the machines are in.
 */
export type ClusterNetwork = { "kind": "new", 
/**
 * Its subnet; empty for one that collides with nothing.
 */
subnet: string, } | { "kind": "existing", 
/**
 * Which.
 */
network: NetworkId, };

/**
 * One machine of a cluster, as wanted.
 */
export type ClusterNode = { 
/**
 * Its name in the cluster: `cp-1`, `w-2`.
 */
name: string, 
/**
 * What it is.
 */
role: NodeRole, 
/**
 * The machine. Decided before it is made, so that making it twice makes one.
 */
machine: MachineId, 
/**
 * Its sizes.
 */
sizes: Sizes, 
/**
 * True while it is being taken out of the cluster.
 */
leaving: boolean, 
/**
 * True when it is taken out without asking it: a person said that it will not come back.
 */
dead: boolean, };

/**
 * A draft with suggested values, and what this computer allows.
 */
export type ClusterOffer = { 
/**
 * Every field filled: the form can be sent as it opens.
 */
draft: ClusterDraft, 
/**
 * Most machines together: of the smallest ones that this computer's memory holds.
 */
max_nodes: number, 
/**
 * Most virtual processors of one machine.
 */
max_vcpus: number, 
/**
 * Most memory of one machine, MiB.
 */
max_memory_mib: number, 
/**
 * Least memory of a control plane, MiB.
 */
min_control_plane_mib: number, 
/**
 * Least memory of a worker, MiB.
 */
min_worker_mib: number, 
/**
 * Least disk, GiB.
 */
min_disk_gib: number, };

/**
 * Asks for a draft to begin with.
 */
export type ClusterOfferRequest = { 
/**
 * The shape; nothing for the one that fits this computer best.
 */
preset: ClusterPreset | null, 
/**
 * Version of Talos; nothing for the newest stable one.
 */
talos: TalosVersion | null, };

/**
 * A cluster that is there, or a draft of one.
 */
export type ClusterOrDraft = { "of": "cluster", 
/**
 * Which.
 */
cluster: ClusterId, } | { "of": "draft", 
/**
 * It.
 */
draft: ClusterDraft, };

/**
 * Patches of configurations, each one YAML.
 */
export type ClusterPatches = { 
/**
 * For every machine.
 */
cluster: Array<string>, 
/**
 * For control planes.
 */
control_plane: Array<string>, 
/**
 * For workers.
 */
worker: Array<string>, 
/**
 * For one machine each.
 */
nodes: Array<NodePatches>, };

/**
 * What a cluster is seen to do.
 */
export type ClusterPhase = "creating" | "unfinished" | "maintenance" | "handed_over" | "starting" | "healthy" | "degraded" | "unreachable" | "stopping" | "stopped" | "undoing";

/**
 * What a draft would become. Nothing is made or sent.
 */
export type ClusterPlan = { 
/**
 * What is not acceptable, field by field. It can be created when this is empty.
 */
fields: Array<FieldProblem>, 
/**
 * The preset of these counts; nothing for free ones.
 */
preset: ClusterPreset | null, 
/**
 * The machines, control planes first.
 */
nodes: Array<PlannedNode>, 
/**
 * How many control planes may fail.
 */
may_fail: number, 
/**
 * Version of Talos.
 */
talos: TalosVersion | null, 
/**
 * Which Kubernetes goes with it; nothing when clusters are not offered for it.
 */
support: KubernetesSupport | null, 
/**
 * The image that is there already.
 */
image: ImageId | null, 
/**
 * Bytes to download; 0 when the image is there, or when it is not known.
 */
download: number, 
/**
 * The network it would be in: the name of a new one, or of one that is there.
 */
network: string, 
/**
 * Where the API would be reached inside; empty while that depends on a network to come.
 */
endpoint: string, 
/**
 * All machines together.
 */
total: Sizes, 
/**
 * What that asks too much of.
 */
strains: Array<Strain>, 
/**
 * The steps in order.
 */
steps: Array<PlannedStep>, 
/**
 * Median of earlier runs of the same shape, seconds; nothing without any.
 */
usual_s: number | null, };

/**
 * A shape that is offered.
 */
export type ClusterPreset = "solo" | "small" | "control_plane" | "high_availability";

/**
 * A recipe, as YAML in a file of the person's. Dropped onto the window it gives the same cluster.
 */
export type ClusterRecipe = { 
/**
 * The form of this file: what tells it from any other YAML.
 */
crete_cluster: number, 
/**
 * The cluster's name.
 */
name: string, 
/**
 * Version of Talos.
 */
talos: TalosVersion, 
/**
 * Version of Kubernetes, without `v`.
 */
kubernetes: string, 
/**
 * Which image.
 */
image: RecipeImage, 
/**
 * Which machines.
 */
machines: RecipeMachines, 
/**
 * Name of a network that was there before the cluster, and is taken where there is one of that
 * name; nothing for one of its own.
 */
network?: string | null, 
/**
 * Subnet of its network.
 */
subnet?: string | null, 
/**
 * How the API is reached.
 */
endpoint: EndpointKind, 
/**
 * How pods reach one another.
 */
cni: CniKind, 
/**
 * Network of the pods.
 */
pod_subnet?: string, 
/**
 * Network of the services.
 */
service_subnet?: string, 
/**
 * Whether ordinary pods run on control planes too.
 */
schedule_on_control_planes: boolean, 
/**
 * Images taken from elsewhere.
 */
mirrors?: Array<RegistryMirror>, 
/**
 * Changes to the configurations.
 */
patches?: ClusterPatches, 
/**
 * Whether machines are left waiting for a configuration.
 */
leave_in_maintenance?: boolean, 
/**
 * Omni's own link without its join token: that is a secret, and is asked for.
 */
omni?: string, };

/**
 * Names one cluster.
 */
export type ClusterRef = { 
/**
 * The cluster.
 */
cluster: ClusterId, };

/**
 * What can be done about a cause. The page makes a button or a sentence of it.
 */
export type ClusterRemedy = { "kind": "wait" } | { "kind": "mend_link", 
/**
 * The machine.
 */
machine: MachineId, } | { "kind": "start_machine", 
/**
 * The machine.
 */
machine: MachineId, } | { "kind": "restart_machine", 
/**
 * The machine.
 */
machine: MachineId, } | { "kind": "open_console", 
/**
 * The machine.
 */
machine: MachineId, } | { "kind": "open_node", 
/**
 * The machine.
 */
machine: MachineId, } | { "kind": "open_image" } | { "kind": "fetch_image" } | { "kind": "check_internet" } | { "kind": "use_mirror" } | { "kind": "check_time_servers" } | { "kind": "correct_patch" } | { "kind": "larger_disk" } | { "kind": "more_memory" } | { "kind": "install_cni" } | { "kind": "open_host_check" } | { "kind": "look_at_kubernetes" } | { "kind": "free_etcd" } | { "kind": "remove_etcd_member" } | { "kind": "uncordon" } | { "kind": "start_control_planes" } | { "kind": "replace_node", 
/**
 * The machine.
 */
machine: MachineId, } | { "kind": "take_out", 
/**
 * The machine.
 */
machine: MachineId, } | { "kind": "cancel_creation" };

/**
 * The sample app as wanted, on disk for as long as anything of it is on the cluster.
 */
export type ClusterSample = { 
/**
 * The port of this computer that leads to it, once it is open.
 */
forward: ForwardId | null, 
/**
 * True while it is taken away.
 */
leaving: boolean, };

/**
 * A cluster as wanted, on disk as `clusters/<id>/spec.json`. Its secrets are in a file beside it.
 */
export type ClusterSpec = { 
/**
 * Version of this record's form.
 */
schema_version: number, 
/**
 * Its id.
 */
id: ClusterId, 
/**
 * A DNS label, unique.
 */
name: string, 
/**
 * Version of Talos.
 */
talos: TalosVersion, 
/**
 * Version of Kubernetes, without `v`.
 */
kubernetes: string, 
/**
 * Processor architecture.
 */
arch: Arch, 
/**
 * How machines boot.
 */
medium: BootMedium, 
/**
 * What the image holds; nothing for a file of the person's.
 */
schematic: Schematic | null, 
/**
 * The installer's image, with the same schematic.
 */
installer: string, 
/**
 * The image that machines boot from, once it is decided.
 */
image: ImageId | null, 
/**
 * Its machines, control planes first.
 */
nodes: Array<ClusterNode>, 
/**
 * The network; nothing until it is made.
 */
network: NetworkId | null, 
/**
 * Whether the network was made for this cluster, and goes with it.
 */
own_network: boolean, 
/**
 * Subnet wished for a network of its own; empty for any.
 */
subnet: string, 
/**
 * How the API is reached.
 */
endpoint: EndpointKind, 
/**
 * Where it is reached, once its network is there.
 */
api: ClusterEndpoint | null, 
/**
 * How pods reach one another.
 */
cni: CniKind, 
/**
 * Network of the pods; empty for the default.
 */
pod_subnet: string, 
/**
 * Network of the services; empty for the default.
 */
service_subnet: string, 
/**
 * Whether ordinary pods run on control planes too.
 */
schedule_on_control_planes: boolean, 
/**
 * Images taken from elsewhere.
 */
mirrors: Array<RegistryMirror>, 
/**
 * Changes to the configurations.
 */
patches: ClusterPatches, 
/**
 * Machines are left waiting for a configuration.
 */
leave_in_maintenance: boolean, 
/**
 * Omni's own link; empty otherwise.
 */
omni: string, 
/**
 * What it is to be.
 */
wish: ClusterWish, 
/**
 * Work that switches machines on, from its beginning to its end: whoever comes after a crash
 * goes on with it. Nothing once it failed: it is begun again by a person.
 */
begun: ClusterWork | null, 
/**
 * RFC 3339.
 */
created_at: string, 
/**
 * RFC 3339: when it was as wished for the first time, healthy or with all machines waiting.
 * Until then it is being created.
 */
formed_at: string | null, 
/**
 * The last change of its patches.
 */
change: ClusterChange | null, 
/**
 * The sample app, while anything of it is on the cluster.
 */
sample: ClusterSample | null, };

/**
 * A step of the work on a cluster.
 */
export type ClusterStep = { 
/**
 * What it does.
 */
code: StageCode, 
/**
 * RFC 3339; nothing while it has not begun.
 */
started_at: string | null, 
/**
 * RFC 3339; nothing while it goes on.
 */
ended_at: string | null, 
/**
 * Median of earlier runs on this computer, seconds; nothing without any.
 */
usual_s: number | null, 
/**
 * How many machines have it behind them, where it is done for each.
 */
done: number, 
/**
 * Of how many.
 */
of: number, };

/**
 * A cluster as observed.
 */
export type ClusterView = { 
/**
 * As wanted.
 */
spec: ClusterSpec, 
/**
 * What it does.
 */
phase: ClusterPhase, 
/**
 * RFC 3339: since when.
 */
since: string, 
/**
 * Its machines, control planes first.
 */
members: Array<MemberView>, 
/**
 * Why it does not get on, worst first; those of machines included.
 */
stuck: Array<Stuck>, 
/**
 * The checks in order.
 */
health: Array<HealthCheck>, 
/**
 * RFC 3339: when they were made last.
 */
checked_at: string | null, 
/**
 * The work that goes on, or went on last.
 */
timeline: Timeline, 
/**
 * etcd's arithmetic.
 */
quorum: Quorum, 
/**
 * When certificates end.
 */
certificates: Array<CertificateView>, 
/**
 * Files for a person's tools.
 */
files: ClusterFiles, 
/**
 * The sample app, while anything of it is on the cluster.
 */
sample: SampleView | null, 
/**
 * What happened lately, newest first.
 */
events: Array<ClusterEvent>, 
/**
 * What can be asked of it now.
 */
actions: Array<ClusterActionView>, 
/**
 * The job that works on it.
 */
job: JobId | null, 
/**
 * The job that failed, until something else is begun.
 */
failed: JobId | null, };

/**
 * What a cluster is to be.
 */
export type ClusterWish = "running" | "stopped" | "undone" | "deleted";

/**
 * What is done with a cluster.
 */
export type ClusterWork = "create" | "start" | "stop" | "restart" | "add_workers" | "remove_worker" | "configure" | "try_sample" | "end_sample";

/**
 * How pods reach one another.
 */
export type CniKind = "flannel" | "none";

/**
 * Commands that would do the same without Crete.
 */
export type CommandStep = { 
/**
 * The step they belong to.
 */
code: StageCode, 
/**
 * Command lines, to copy.
 */
lines: Array<string>, };

/**
 * What would do the same without Crete.
 */
export type CommandsAnswer = { 
/**
 * Step by step.
 */
steps: Array<CommandStep>, };

/**
 * What a draft comes to.
 */
export type Composition = { 
/**
 * How each step stands, in order.
 */
steps: Array<[StudioStep, StepState]>, 
/**
 * What there is to say.
 */
remarks: Array<Remark>, 
/**
 * The architecture in force: a board or a platform may decide it.
 */
arch: Arch | null, 
/**
 * The recipe of what is answered so far.
 */
schematic: Schematic, 
/**
 * Its canonical text.
 */
yaml: string, 
/**
 * Its id, computed here.
 */
schematic_id: string, 
/**
 * The kernel command line to be expected; empty while version or platform are open.
 */
cmdline: string, 
/**
 * Files, addresses and commands; empty until everything needed is answered.
 */
outputs: Array<Output>, 
/**
 * The same choices as a link of the factory's own wizard.
 */
link: string, };

/**
 * A configuration for a node, and how it is to be applied.
 */
export type ConfigApply = { 
/**
 * The machine.
 */
machine: MachineId, 
/**
 * The text.
 */
text: string, 
/**
 * How.
 */
mode: ApplyWay, };

/**
 * A value that differs.
 */
export type ConfigChange = { 
/**
 * The document it is in; empty for the main one.
 */
document: string, 
/**
 * Its path there; empty when the whole document came or went.
 */
path: string, 
/**
 * How it differs.
 */
way: ChangeWay, 
/**
 * What it was; nothing when it was not there, or is secret.
 */
before: string | null, 
/**
 * What it is to be; nothing when it is to go, or is secret.
 */
after: string | null, 
/**
 * True when its values are secret.
 */
secret: boolean, 
/**
 * True when the node has to restart for it.
 */
needs_reboot: boolean, };

/**
 * How an edited configuration differs from the one the node lives by.
 */
export type ConfigComparison = { 
/**
 * Value by value.
 */
changes: Array<ConfigChange>, 
/**
 * Line by line.
 */
rows: Array<DiffRow>, 
/**
 * What Talos would say, before it is asked.
 */
findings: Array<ConfigFinding>, 
/**
 * What applying takes.
 */
takes: ApplyTakes, 
/**
 * The ways to apply it, best first.
 */
modes: Array<ModeOffer>, };

/**
 * A configuration for a node, to be compared with what it lives by.
 */
export type ConfigDraft = { 
/**
 * The machine.
 */
machine: MachineId, 
/**
 * The text.
 */
text: string, };

/**
 * One thing to know about a text.
 */
export type ConfigFinding = { 
/**
 * How bad it is.
 */
severity: ConfigSeverity, 
/**
 * What kind it is.
 */
code: ConfigFindingCode, 
/**
 * The document, such as `LinkConfig/eth0`; empty for the main one and between documents.
 */
document: string, 
/**
 * The path in the document, such as `machine.install.disk`; empty when it is no single place.
 */
path: string, 
/**
 * The line in the text, from 1; 0 when it is no single place.
 */
line: number, 
/**
 * Talos' words, without values that may be secret.
 */
words: string, };

/**
 * What kind of finding it is: the page has a sentence of its own for each.
 */
export type ConfigFindingCode = "syntax" | "unknown_key" | "unknown_kind" | "wrong_value" | "rule" | "subnets_overlap" | "memory_short" | "version_skew" | "disk_missing" | "erases";

/**
 * What a text is meant to be.
 */
export type ConfigForm = "whole" | "part" | "patch";

/**
 * Which kinds and keys a version knows.
 */
export type ConfigKeys = { 
/**
 * The version line, `1.13`; nothing where Crete knows none.
 */
minor: string | null, 
/**
 * The type of the document that has no kind.
 */
main: string, 
/**
 * Types of documents by kind.
 */
kinds: { [key in string]: string }, 
/**
 * Keys by type.
 */
records: { [key in string]: { [key in string]: ConfigShape } }, };

/**
 * Asks for a version's keys.
 */
export type ConfigKeysRequest = { 
/**
 * The version.
 */
version: TalosVersion, };

/**
 * Where a configuration is to work.
 */
export type ConfigMode = "metal" | "cloud" | "container";

/**
 * How bad a finding is.
 */
export type ConfigSeverity = "error" | "warning";

/**
 * What may stand under a key.
 */
export type ConfigShape = { "kind": "free" } | { "kind": "text", 
/**
 * The words it may be; empty for any.
 */
options: Array<string>, } | { "kind": "number" } | { "kind": "truth" } | { "kind": "list", 
/**
 * Of what.
 */
of: ConfigShape, } | { "kind": "map", 
/**
 * Of what.
 */
of: ConfigShape, } | { "kind": "record", 
/**
 * The name of its type.
 */
name: string, };

/**
 * A text to be judged.
 */
export type ConfigText = { 
/**
 * YAML. May hold secrets.
 */
text: string, 
/**
 * Whose rules count.
 */
version: TalosVersion, 
/**
 * Where it is to work.
 */
mode: ConfigMode, 
/**
 * What it is meant to be.
 */
form: ConfigForm, };

/**
 * What is said about a text.
 */
export type ConfigVerdict = { 
/**
 * The version line whose rules were used, `1.13`; nothing where Crete knows none, and then
 * nothing was looked at.
 */
minor: string | null, 
/**
 * What is wrong, and what is accepted and regretted; by line.
 */
findings: Array<ConfigFinding>, };

/**
 * What the factory made of a draft.
 */
export type ConfirmedAnswer = { 
/**
 * The id, by the factory: this one counts.
 */
id: string, 
/**
 * The id computed here.
 */
predicted: string, };

/**
 * What an action on one machine would do.
 */
export type Consequence = { 
/**
 * What.
 */
code: ConsequenceCode, 
/**
 * Values for the sentence.
 */
params: { [key in string]: string }, 
/**
 * True when it is refused unless the person says that it is meant.
 */
confirm: boolean, };

/**
 * What an action would do to the cluster.
 */
export type ConsequenceCode = "none" | "quorum_lost" | "no_spare" | "spare" | "api_away" | "pods_move" | "last_worker";

/**
 * Shares of all processors' time, percent.
 */
export type CpuShares = { 
/**
 * In use: all but idle and waiting.
 */
busy: number, 
/**
 * In programs.
 */
user: number, 
/**
 * In the kernel.
 */
system: number, 
/**
 * Waiting for disks.
 */
waiting: number, 
/**
 * Taken by the host.
 */
stolen: number, };

/**
 * A machine that was created.
 */
export type Created = { 
/**
 * Its id.
 */
machine: MachineId, };

/**
 * What the image holds beyond the plain one.
 */
export type Customization = { 
/**
 * Machine configuration inside the image (Talos 1.12 and later).
 */
embeddedMachineConfiguration: string, 
/**
 * Appended to the kernel command line; `-name` removes a default.
 */
extraKernelArgs: Array<string>, 
/**
 * Values of the META partition.
 */
meta: Array<MetaValue>, 
/**
 * System extensions.
 */
systemExtensions: SystemExtensions, 
/**
 * Boot loader; absent means the factory decides.
 */
bootloader: Bootloader | null, 
/**
 * SecureBoot options.
 */
secureboot: SecureBoot, 
/**
 * Disk image options.
 */
diskImage: DiskImage, };

/**
 * Why an action cannot be done now.
 */
export type DenyReason = "not_running" | "still_running" | "stopping" | "starting" | "image_not_ready" | "arch_not_runnable" | "deleting";

/**
 * A line of a comparison.
 */
export type DiffRow = { 
/**
 * How it differs.
 */
way: RowWay, 
/**
 * Its line in what is, from 1.
 */
before: number | null, 
/**
 * Its line in what is to be, from 1.
 */
after: number | null, 
/**
 * The text.
 */
text: string, 
/**
 * True when it is secret.
 */
secret: boolean, };

/**
 * Disk image options.
 */
export type DiskImage = { 
/**
 * Bytes; 0 means the default of 512.
 */
sectorSize: number, };

/**
 * Pages of Talos' documentation that Crete links to.
 */
export type DocsPage = "whats_new" | "support_matrix" | "kernel_arguments" | "configuration_sources";

/**
 * A download that began, or was already there.
 */
export type DownloadStarted = { 
/**
 * The image.
 */
image: ImageId, 
/**
 * The job; absent when the image was ready already.
 */
job: JobId | null, };

/**
 * A draft of the studio.
 */
export type DraftId = string;

/**
 * A draft with suggested values, and what this computer allows.
 */
export type DraftOffer = { 
/**
 * Every field filled: the form can be sent as it opens.
 */
draft: MachineDraft, 
/**
 * Most virtual processors.
 */
max_vcpus: number, 
/**
 * Most memory, MiB.
 */
max_memory_mib: number, 
/**
 * Least disk for the image, GiB.
 */
min_disk_gib: number, };

/**
 * Names one draft.
 */
export type DraftRef = { 
/**
 * The draft.
 */
id: DraftId, };

/**
 * A draft that was kept.
 */
export type DraftSaved = { 
/**
 * Its id.
 */
id: DraftId, };

/**
 * How a draft stands: no problem means it can be created.
 */
export type DraftVerdict = { 
/**
 * Field by field.
 */
fields: Array<FieldProblem>, };

/**
 * Files that a person holds over the window, or let go there.
 */
export type DropView = { 
/**
 * What would become of each; of those that were let go, the ones that cannot be used.
 */
files: Array<ImportPlan>, 
/**
 * The text of one that was let go and is no image: the studio may know what it is.
 */
text: string | null, };

/**
 * How the Kubernetes API is reached.
 */
export type EndpointKind = { "kind": "load_balancer" } | { "kind": "virtual_ip", 
/**
 * The address; empty for a free one.
 */
address: string, };

/**
 * What went wrong. The page decides only on this, and makes its sentence from it.
 *
 * A code exists when the page has a sentence or a remedy of its own for it.
 */
export type ErrorCode = "internal" | "bad_request" | "invalid" | "not_found" | "denied" | "cancelled" | "interrupted" | "factory_unknown_host" | "factory_unreachable" | "factory_silent" | "offline" | "factory_tls" | "certificate_issuer" | "certificate_expired" | "certificate_not_yet_valid" | "certificate_name" | "not_tls" | "insecure_redirect" | "proxy_unreachable" | "proxy_sign_in" | "proxy_refuses" | "not_a_proxy" | "captive_portal" | "not_a_factory" | "factory_refused" | "extension_not_there" | "overlay_not_there" | "version_not_there" | "answer_refused" | "factory_internal" | "factory_asks_to_wait" | "link_refused" | "not_the_file" | "schematic_differs" | "download_interrupted" | "download_stalled" | "download_corrupt" | "image_damaged" | "image_differs" | "import_refused" | "import_damaged" | "disk_full" | "file" | "qemu_missing" | "qemu_too_old" | "firmware_missing" | "qemu_failed" | "qemu_silent" | "arch_not_runnable" | "network_missing" | "network_program_missing" | "network_failed" | "network_in_use" | "network_is_default" | "machines_run" | "no_subnet_free" | "memory_short" | "image_in_use" | "image_not_ready" | "file_exists" | "folder_unusable" | "locked" | "practice_missing" | "setting" | "access_changed" | "access_read_only" | "access_unreadable" | "access_not_here" | "secrets_unreadable" | "fix_not_needed" | "fix_dismissed" | "fix_not_authorised" | "fix_failed" | "cluster_denied" | "machine_in_cluster" | "quorum_lost" | "configuration_refused" | "not_a_recipe" | "recipe_image_missing" | "recipe_image_differs" | "secrets_unusable" | "tool_missing" | "tool_failed" | "configuration_not_kept" | "sample_refused" | "fix_no_pkexec" | "fix_no_agent" | "talos_refused" | "talos_interrupted" | "talos_silent" | "talos_unreachable" | "not_talos" | "talos_clock" | "talos_another_authority" | "talos_client_unknown" | "talos_client_expired" | "talos_client_required" | "talos_address_not_covered" | "talos_pin_changed" | "talos_not_configured" | "talos_not_offered" | "talos_control_plane_only" | "talos_not_authorized" | "talos_no_forwarding" | "talos_unknown_resource" | "talos_not_found" | "talos_configuration_refused" | "talos_configuration_unreadable" | "talos_needs_reboot" | "talos_not_yet" | "talos_time" | "talos_already_bootstrapped" | "talos_busy" | "talos_container" | "talos_unknown_name" | "talos_bad_request" | "talos_bookmark_lost" | "talos_exhausted" | "talos_too_many_pings" | "talos_ended" | "talos_program_failed" | "talos_other" | "credentials_unusable" | "machine_off";

/**
 * A machine's part in etcd.
 */
export type EtcdPart = { 
/**
 * Its id, hexadecimal, as etcd's own tools write it.
 */
id: string, 
/**
 * True for the one that leads.
 */
leader: boolean, 
/**
 * True until it has a vote.
 */
learner: boolean, };

/**
 * A change with its topic and generation.
 */
export type EventFrame = { 
/**
 * The topic.
 */
topic: Topic, 
/**
 * Grows with each frame of this topic; a smaller one is old news.
 */
generation: number, 
/**
 * What changed.
 */
change: Change, };

/**
 * A fact behind a check: what was looked at, and what was there. Exact words for the expert.
 */
export type Evidence = { 
/**
 * What was looked at: a path, a command, a flag.
 */
what: string, 
/**
 * What was found.
 */
found: string, };

/**
 * What was seen, in the exact words of who said it.
 */
export type EvidenceLine = { 
/**
 * Who said it.
 */
source: EvidenceSource, 
/**
 * Name of the node it is about; empty for the cluster.
 */
node: string, 
/**
 * The words.
 */
text: string, };

/**
 * Where an observation comes from.
 */
export type EvidenceSource = "qemu" | "console" | "network" | "talos" | "kubernetes";

/**
 * Why a machine is off.
 */
export type ExitReason = { "reason": "never_started" } | { "reason": "guest_shutdown" } | { "reason": "stopped", 
/**
 * The rung that worked.
 */
rung: StopRung, } | { "reason": "qemu_exited", 
/**
 * Exit status, when it ended by itself.
 */
status: number | null, 
/**
 * Signal, when it was killed.
 */
signal: number | null, 
/**
 * QEMU's own last words.
 */
words: string, } | { "reason": "earlier" } | { "reason": "gone_while_away" } | { "reason": "start_failed", 
/**
 * Why.
 */
problem: Problem, };

/**
 * A system extension of one Talos version.
 */
export type Extension = { 
/**
 * Name without registry and tag, the key in a schematic.
 */
name: string, 
/**
 * Registry, name and tag.
 */
reference: string, 
/**
 * The tag alone.
 */
tag: string, 
/**
 * Who made it; may be empty.
 */
author: string, 
/**
 * What it is, by its authors, without the tier; may be empty for old versions.
 */
description: string, 
/**
 * Absent before Talos 1.11.
 */
tier: ExtensionTier | null, 
/**
 * Crete's shelf.
 */
category: ExtensionCategory, };

/**
 * What an extension is about. The factory does not say; this is Crete's own shelf.
 */
export type ExtensionCategory = "container_runtime" | "digital_video" | "driver" | "example" | "firmware" | "gpu" | "guest_agent" | "misc" | "network" | "nvidia" | "power" | "storage" | "tool";

/**
 * Support tier of an extension.
 */
export type ExtensionTier = "core" | "extra" | "contrib" | "deprecated";

/**
 * A version's system extensions, and how old this list is.
 */
export type ExtensionsAnswer = { 
/**
 * In the factory's order.
 */
extensions: Array<Extension>, 
/**
 * RFC 3339: when the factory gave this list.
 */
fetched_at: string, 
/**
 * Why a newer list could not be had; the old one is shown then.
 */
stale: Problem | null, 
/**
 * The factory's host.
 */
host: string, };

/**
 * Asks for a version's system extensions.
 */
export type ExtensionsRequest = { 
/**
 * The version.
 */
version: TalosVersion, 
/**
 * True to ask the factory even if the list is fresh.
 */
refresh: boolean, };

/**
 * Kinds of facts about a node.
 */
export type FactKind = "diagnostics" | "services" | "static_pods" | "members" | "cluster" | "kubernetes" | "etcd" | "addresses" | "links" | "routes" | "resolvers" | "time_servers" | "network" | "disks" | "system_disk" | "partitions" | "volumes" | "mounts" | "extensions" | "time" | "security" | "system" | "processors" | "memory" | "platform" | "kernel_cmdline" | "meta_keys";

/**
 * A recipe, and the factory that makes a file of it.
 */
export type FactoryOrigin = { 
/**
 * The recipe.
 */
schematic: Schematic, 
/**
 * The id the factory confirmed; the predicted one until then.
 */
schematic_id: string, 
/**
 * The factory's base address at creation.
 */
factory: string, 
/**
 * File name at the factory.
 */
asset: string, };

/**
 * Facts about a node.
 */
export type Facts = { "kind": "diagnostics", "list": Array<NodeDiagnostic> } | { "kind": "services", "list": Array<NodeService> } | { "kind": "static_pods", "list": Array<NodeStaticPod> } | { "kind": "members", "list": Array<NodeMember> } | { "kind": "cluster", "list": Array<NodeCluster> } | { "kind": "kubernetes", "list": Array<NodeKubernetes> } | { "kind": "etcd", "list": Array<NodeEtcd> } | { "kind": "addresses", "list": Array<NodeAddress> } | { "kind": "links", "list": Array<NodeLink> } | { "kind": "routes", "list": Array<NodeRoute> } | { "kind": "resolvers", "list": Array<NodeResolvers> } | { "kind": "time_servers", "list": Array<string> } | { "kind": "network", "list": Array<NodeNetwork> } | { "kind": "disks", "list": Array<NodeDisk> } | { "kind": "system_disk", "list": Array<string> } | { "kind": "partitions", "list": Array<NodePartition> } | { "kind": "volumes", "list": Array<NodeVolume> } | { "kind": "mounts", "list": Array<NodeMount> } | { "kind": "extensions", "list": Array<NodeExtension> } | { "kind": "time", "list": Array<NodeTime> } | { "kind": "security", "list": Array<NodeSecurity> } | { "kind": "system", "list": Array<NodeSystem> } | { "kind": "processors", "list": Array<NodeProcessor> } | { "kind": "memory", "list": Array<NodeMemoryModule> } | { "kind": "platform", "list": Array<string> } | { "kind": "kernel_cmdline", "list": Array<string> } | { "kind": "meta_keys", "list": Array<NodeMetaKey> };

/**
 * Names one file among the results of a studio draft.
 */
export type FetchOutput = { 
/**
 * The answers.
 */
draft: StudioDraft, 
/**
 * File name at the factory, for example `metal-amd64.raw.zst`.
 */
asset: string, };

/**
 * What can be wrong with a field.
 */
export type FieldCode = "missing" | "too_long" | "characters" | "taken" | "too_small" | "too_large" | "not_a_url" | "not_a_path" | "unknown" | "unreadable" | "not_a_subnet" | "collides" | "not_an_address" | "not_in_subnet" | "not_exposed" | "in_use" | "talos_too_old" | "not_a_version" | "kubernetes_not_taken" | "even_control_planes" | "too_many_nodes" | "not_a_patch" | "configuration_refused" | "not_a_cidr" | "needs_control_planes" | "not_omni" | "not_secrets" | "not_for_clusters";

/**
 * A problem with one field of a form.
 */
export type FieldProblem = { 
/**
 * The field's path in the request, for example `memory_mib`.
 */
field: string, 
/**
 * What is wrong with it.
 */
code: FieldCode, 
/**
 * Values for the sentence.
 */
params: { [key in string]: string }, };

/**
 * Names a file of the person's.
 */
export type FileRef = { 
/**
 * Absolute path.
 */
path: string, };

/**
 * A pair of UEFI firmware files.
 */
export type FirmwareInfo = { 
/**
 * The code, read-only.
 */
code: string, 
/**
 * The template of the variable store.
 */
vars_template: string, 
/**
 * Format of both: `raw` or `qcow2`.
 */
format: string, 
/**
 * Which architecture it is for.
 */
arch: Arch, };

/**
 * A change of this computer that Crete can make with the administrator's permission.
 *
 * The page sends only this code; the commands are derived again from a fresh look.
 */
export type FixCode = "install_packages" | "load_module" | "join_group" | "join_group_and_open" | "open_device";

/**
 * A port of this computer that leads to a machine.
 */
export type Forward = { 
/**
 * Its id.
 */
id: ForwardId, 
/**
 * What the person calls it; may be empty.
 */
name: string, 
/**
 * What it is of.
 */
protocol: Protocol, 
/**
 * The machine it leads to.
 */
machine: MachineId, 
/**
 * The machine's port.
 */
port: number, 
/**
 * Where this computer listens.
 */
listen: string, 
/**
 * The port it listens on.
 */
listen_port: number, 
/**
 * A person said that others than this computer may come in.
 */
exposed: boolean, };

/**
 * A draft to check: of a new port, or of one that is there.
 */
export type ForwardCheck = { 
/**
 * The port that is there.
 */
forward: ForwardId | null, 
/**
 * The draft.
 */
draft: ForwardDraft, };

/**
 * What the form for a port of this computer sends; nothing in it has been checked.
 */
export type ForwardDraft = { 
/**
 * What the person calls it; may be empty.
 */
name: string, 
/**
 * What it is of.
 */
protocol: Protocol, 
/**
 * The machine it leads to.
 */
machine: MachineId, 
/**
 * The machine's port.
 */
port: number, 
/**
 * The address of this computer; empty for the machine's own on 127.0.0.0/8.
 */
listen: string, 
/**
 * The port of this computer; 0 for a free one.
 */
listen_port: number, 
/**
 * True when others than this computer may come in.
 */
exposed: boolean, };

/**
 * Such a port, and what it is to become.
 */
export type ForwardEdit = { 
/**
 * The port.
 */
forward: ForwardId, 
/**
 * All of it.
 */
draft: ForwardDraft, };

/**
 * A port of this computer that leads to a machine.
 */
export type ForwardId = string;

/**
 * A free port of this computer for a port of a machine.
 */
export type ForwardOffer = { 
/**
 * The address.
 */
listen: string, 
/**
 * The port.
 */
listen_port: number, 
/**
 * Who has the port that would have been the first choice.
 */
taken_by: string | null, 
/**
 * True when that one may only be used by an administrator.
 */
privileged: boolean, };

/**
 * Names one port of this computer that leads to a machine.
 */
export type ForwardRef = { 
/**
 * The port.
 */
forward: ForwardId, };

/**
 * How a port of this computer stands.
 */
export type ForwardView = { 
/**
 * The port.
 */
id: ForwardId, 
/**
 * True while connections are taken.
 */
open: boolean, 
/**
 * Whether the machine takes connections there; nothing when nobody knows.
 */
answers: boolean | null, 
/**
 * Why the port is not held, in the system's own words.
 */
fault: string | null, 
/**
 * Who has the port instead.
 */
owner: string | null, };

/**
 * Why the processors of a machine that is on stand still.
 */
export type HaltReason = "paused" | "io_error" | "suspended" | "other";

/**
 * A check and what it saw.
 */
export type HealthCheck = { 
/**
 * Which.
 */
code: HealthCode, 
/**
 * How it stands.
 */
state: HealthState, 
/**
 * The figures behind it.
 */
params: { [key in string]: string }, 
/**
 * Exact words of what was asked, where it is not as wanted.
 */
words: Array<EvidenceLine>, 
/**
 * RFC 3339: since when it stands so.
 */
since: string, };

/**
 * A check. The first nine ask Talos, the others Kubernetes.
 *
 * Every one tells how many are as wanted (`met`) of how many (`of`), and which are not (`nodes`).
 */
export type HealthCode = "etcd" | "etcd_agrees" | "etcd_members" | "apid" | "memory" | "disk" | "diagnostics" | "kubelet" | "booted" | "nodes_known" | "static_pods" | "control_plane" | "nodes_ready" | "kube_proxy" | "core_dns" | "schedulable";

/**
 * How a check stands.
 */
export type HealthState = "unknown" | "pass" | "fail" | "skipped";

/**
 * What is taken of the offers.
 */
export type HostChoice = { 
/**
 * True for the proxy.
 */
proxy: boolean, 
/**
 * Fingerprints of authorities.
 */
roots: Array<string>, 
/**
 * Time servers.
 */
time: Array<string>, 
/**
 * Registries whose mirrors are taken.
 */
mirrors: Array<string>, };

/**
 * Names a change of this computer. What runs is decided by the engine alone.
 */
export type HostFix = { 
/**
 * The change.
 */
fix: FixCode, };

/**
 * Which host shows the page.
 */
export type HostKind = "window" | "browser";

/**
 * All that was found.
 */
export type HostOffers = { 
/**
 * The proxy.
 */
proxy: ProxyOffer | null, 
/**
 * Authorities that somebody added.
 */
roots: Array<RootOffer>, 
/**
 * Time servers that somebody set.
 */
time: Array<TimeOffer>, 
/**
 * Mirrors of registries.
 */
mirrors: Array<MirrorOffer>, };

/**
 * Asks for the patch that a choice comes to.
 */
export type HostPatchRequest = { 
/**
 * In whose form.
 */
version: TalosVersion, 
/**
 * What is taken.
 */
choice: HostChoice, 
/**
 * Networks and names that are never asked through the proxy, besides the usual ones.
 */
direct: Array<string>, };

/**
 * Everything found out about this computer at one moment.
 */
export type HostReport = { 
/**
 * Can machines run?
 */
verdict: Verdict, 
/**
 * The accelerator machines will use.
 */
accelerator: Accelerator, 
/**
 * This computer's own architecture.
 */
arch: Arch, 
/**
 * All checks, in the order of the page.
 */
checks: Array<Check>, 
/**
 * QEMU per architecture, where found.
 */
qemu: Array<QemuInfo>, 
/**
 * `qemu-img`, where found.
 */
qemu_img: string | null, 
/**
 * `pkexec`, where found: without it Crete cannot ask for the administrator's password.
 */
pkexec: string | null, 
/**
 * Firmware per architecture, where found.
 */
firmware: Array<FirmwareInfo>, 
/**
 * RFC 3339.
 */
checked_at: string, };

/**
 * Live figures of this computer.
 */
export type HostUsage = { 
/**
 * Bytes.
 */
memory_total: number, 
/**
 * Bytes.
 */
memory_used: number, 
/**
 * Bytes that Crete's machines hold (resident).
 */
memory_machines: number, 
/**
 * Bytes that they were given beyond that, and may still take.
 */
memory_promised: number, 
/**
 * Part of the last ten seconds in which something waited for memory, 0 to 100: `some avg10`
 * of `/proc/pressure/memory`. Absent where this kernel does not measure it.
 */
memory_pressure: number | null, 
/**
 * 0 to 100, over all processors.
 */
cpu_percent: number, 
/**
 * Logical processors.
 */
cpus: number, 
/**
 * Virtual processors of machines that are up.
 */
vcpus: number, 
/**
 * Bytes free where Crete keeps its files.
 */
disk_free: number, 
/**
 * Bytes by which the disks of all machines may still grow.
 */
disk_promised: number, 
/**
 * Bytes of that file system.
 */
disk_total: number, };

/**
 * What a computer can be inside of. Each passes virtualization on in its own way.
 */
export type Hypervisor = "kvm" | "qemu" | "vmware" | "virtualbox" | "hyper_v" | "wsl" | "xen" | "parallels" | "apple" | "cloud" | "other";

/**
 * What a person chooses in the first step of the studio.
 */
export type ImageChoice = { 
/**
 * Talos version.
 */
version: TalosVersion, 
/**
 * Processor architecture.
 */
arch: Arch, 
/**
 * Disk image or ISO.
 */
medium: BootMedium, };

/**
 * The complete file of an image, as machines boot from it.
 */
export type ImageFile = { 
/**
 * File name in the image's folder.
 */
name: string, 
/**
 * `raw`, `qcow2` or `iso`.
 */
format: ImageFormat, 
/**
 * Bytes that arrived, packed as they came.
 */
downloaded: number, 
/**
 * SHA-256 of what arrived, lower-case hexadecimal.
 */
sha256: string, 
/**
 * Bytes a machine sees.
 */
virtual_size: number, 
/**
 * What was checked, with its result, in the order of [`Layer`].
 */
layers: Array<LayerCheck>, };

/**
 * Format of an image's file as QEMU opens it.
 */
export type ImageFormat = "raw" | "qcow2" | "iso";

/**
 * An image: a recipe and its downloaded file.
 */
export type ImageId = string;

/**
 * Where an image comes from.
 */
export type ImageOrigin = { "kind": "factory" } & FactoryOrigin | { "kind": "imported" } & ImportOrigin;

/**
 * What will be asked of the factory for a choice, before anything is sent.
 */
export type ImagePlan = { 
/**
 * The schematic.
 */
schematic: Schematic, 
/**
 * Its canonical YAML.
 */
yaml: string, 
/**
 * Its id, computed here.
 */
schematic_id: string, 
/**
 * File name at the factory, for example `metal-amd64.raw.zst`.
 */
asset: string, 
/**
 * The whole address.
 */
url: string, 
/**
 * Estimated bytes of the download; 0 when unknown.
 */
estimated_size: number, 
/**
 * The image that already exists for exactly this choice.
 */
existing: ImageId | null, };

/**
 * Names one image.
 */
export type ImageRef = { 
/**
 * The image.
 */
image: ImageId, };

/**
 * An image as wanted, on disk as `images/<id>/spec.json`.
 */
export type ImageSpec = { 
/**
 * Version of this record's form.
 */
schema_version: number, 
/**
 * The image's id.
 */
id: ImageId, 
/**
 * Where it comes from.
 */
origin: ImageOrigin, 
/**
 * Its Talos version; unknown for a file that does not tell.
 */
version: TalosVersion | null, 
/**
 * Its processor architecture; unknown for a file that does not tell.
 */
arch: Arch | null, 
/**
 * How machines boot from it.
 */
medium: BootMedium, 
/**
 * RFC 3339.
 */
created_at: string, 
/**
 * Set once, when the file is complete and ready; taken back when it is set aside.
 */
file: ImageFile | null, 
/**
 * SHA-256 of the file machines boot from, recorded at first use. It stays when the file is
 * set aside: a machine made from it must not find another one in its place.
 */
digest: string | null, };

/**
 * An image as observed.
 */
export type ImageView = { 
/**
 * As wanted.
 */
spec: ImageSpec, 
/**
 * Files that failed a check, oldest first. They are kept and never used.
 */
set_aside: Array<SetAsideFile>, 
/**
 * Machines that boot from it.
 */
used_by: Array<MachineId>, 
/**
 * Why a machine of it cannot start here, where that is so.
 */
not_runnable: Problem | null, } & ({ "state": "working", 
/**
 * The job.
 */
job: JobId, } | { "state": "ready" } | { "state": "paused", 
/**
 * The job, which goes on when the person says so.
 */
job: JobId, 
/**
 * Bytes that are there.
 */
received: number, 
/**
 * Bytes of the whole file, where the server said so.
 */
total: number | null, } | { "state": "incomplete", 
/**
 * Bytes that are there.
 */
received: number, 
/**
 * Why it stopped, unless the program was simply closed.
 */
problem: Problem | null, });

/**
 * What a file is.
 */
export type ImportFound = { 
/**
 * How it is packed.
 */
packing: Packing, 
/**
 * What it is when it is unpacked.
 */
format: ImageFormat, 
/**
 * How machines boot from it.
 */
medium: BootMedium, 
/**
 * Its processor architecture, where the file tells at first sight.
 */
arch: Arch | null, 
/**
 * Its Talos version, where the file tells at first sight.
 */
version: TalosVersion | null, };

/**
 * A file that a person gave.
 */
export type ImportOrigin = { 
/**
 * Its name there; the image is called so.
 */
file_name: string, 
/**
 * Where it was. For a file from the images folder, where it lies in the image's own.
 */
path: string, 
/**
 * True when it was put into the images folder: it is moved in rather than copied.
 */
taken: boolean, 
/**
 * How it is packed.
 */
packing: Packing, 
/**
 * What it is when it is unpacked.
 */
format: ImageFormat, };

/**
 * What will become of a file, before anything is done with it.
 */
export type ImportPlan = { 
/**
 * Absolute path.
 */
path: string, 
/**
 * Its name.
 */
file_name: string, 
/**
 * Its length; 0 when it cannot be read.
 */
bytes: number, 
/**
 * What it is; absent when it cannot be used.
 */
found: ImportFound | null, 
/**
 * Why it cannot be used.
 */
problem: Problem | null, };

/**
 * A person's talosconfig for a machine.
 */
export type ImportTalosconfig = { 
/**
 * The machine.
 */
machine: MachineId, 
/**
 * The file, an absolute path.
 */
path: string, 
/**
 * The context in it; nothing for the one in use.
 */
context: string | null, };

/**
 * A job, on disk as `jobs/<id>.json` and on the page alike.
 */
export type Job = { 
/**
 * Version of this record's form.
 */
schema_version: number, 
/**
 * Its id.
 */
id: JobId, 
/**
 * What was asked.
 */
request: JobRequest, 
/**
 * The object's name at that time, for the title.
 */
subject: string, 
/**
 * How it stands.
 */
state: JobState, 
/**
 * Its plan.
 */
stages: Array<Stage>, 
/**
 * RFC 3339.
 */
created_at: string, 
/**
 * RFC 3339.
 */
ended_at: string | null, 
/**
 * Why it failed.
 */
problem: Problem | null, 
/**
 * True while it can be cancelled.
 */
cancellable: boolean, 
/**
 * True while it can be paused.
 */
pausable: boolean, 
/**
 * RFC 3339: since when it is paused.
 */
paused_at: string | null, };

/**
 * A job with its kept log.
 */
export type JobDetails = { 
/**
 * The job.
 */
job: Job, 
/**
 * Its log, oldest first.
 */
log: Array<JobLogLine>, };

/**
 * A job: one persisted piece of long work.
 */
export type JobId = string;

/**
 * A line of a job's kept log. Exact words for the expert, not a sentence for the person.
 */
export type JobLogLine = { 
/**
 * RFC 3339.
 */
at: string, 
/**
 * The stage it belongs to.
 */
stage: StageCode | null, 
/**
 * The text.
 */
text: string, };

/**
 * Names one job.
 */
export type JobRef = { 
/**
 * The job.
 */
job: JobId, };

/**
 * What was asked: enough to do it again.
 */
export type JobRequest = { "kind": "download", 
/**
 * The image.
 */
image: ImageId, } | { "kind": "import", 
/**
 * The image.
 */
image: ImageId, } | { "kind": "verify", 
/**
 * The image.
 */
image: ImageId, } | { "kind": "save", 
/**
 * Which file, and where.
 */
order: SaveOrder, } | { "kind": "start", 
/**
 * The machine.
 */
machine: MachineId, } | { "kind": "stop", 
/**
 * The machine.
 */
machine: MachineId, } | { "kind": "cluster", 
/**
 * The cluster.
 */
cluster: ClusterId, 
/**
 * What is done.
 */
work: ClusterWork, } | { "kind": "fix_host", 
/**
 * How.
 */
fix: FixCode, };

/**
 * A job that began; absent when there was nothing to do.
 */
export type JobStarted = { 
/**
 * The job.
 */
job: JobId | null, };

/**
 * How a stage or a job stands.
 */
export type JobState = "queued" | "running" | "done" | "failed" | "cancelled" | "paused" | "interrupted";

/**
 * The versions of Kubernetes that a Talos takes.
 */
export type KubernetesSupport = { 
/**
 * What it comes with.
 */
default: string, 
/**
 * First and last minor: `1.31`, `1.36`. Any patch of them can be typed.
 */
oldest: string, 
/**
 * The last minor.
 */
newest: string, 
/**
 * Versions to choose from, newest first: the default, and one of every other minor.
 */
offered: Array<string>, };

/**
 * A layer of verification, from the wire to the disk.
 */
export type Layer = "transport" | "length" | "structure" | "digest";

/**
 * One layer's last check.
 */
export type LayerCheck = { 
/**
 * The layer.
 */
layer: Layer, 
/**
 * Its result.
 */
outcome: LayerOutcome, 
/**
 * RFC 3339.
 */
at: string, 
/**
 * Values for the sentence.
 */
params: { [key in string]: string }, };

/**
 * The result of one layer.
 */
export type LayerOutcome = "good" | "bad" | "absent";

/**
 * A lease.
 */
export type Lease = { 
/**
 * The card.
 */
mac: string, 
/**
 * Its address.
 */
address: string, 
/**
 * Whose it is; nothing for a stranger behind a machine.
 */
machine: MachineId | null, 
/**
 * What the guest calls itself.
 */
host_name: string | null, 
/**
 * Seconds until it ends; nothing while the guest has not asked for it.
 */
remaining_s: number | null, };

/**
 * The studio as it is left.
 */
export type LeaveStudio = { 
/**
 * The answers; absent while nothing was changed.
 */
draft: StudioDraft | null, 
/**
 * The kept draft that they began from.
 */
kept: DraftId | null, };

/**
 * Wishes one worker less.
 */
export type LessWorkers = { 
/**
 * The cluster.
 */
cluster: ClusterId, 
/**
 * The machine.
 */
machine: MachineId, 
/**
 * True to take it away although it does not answer.
 */
dead: boolean, };

/**
 * Where the value of a line comes from.
 */
export type LineOrigin = { 
/**
 * The line, from 1.
 */
line: number, 
/**
 * From where.
 */
origin: ValueOrigin, 
/**
 * The cluster's name; the patch's place among a cluster's, such as `patches.worker.0`.
 */
name: string, };

/**
 * A machine's link, cut or mended.
 */
export type LinkCut = { 
/**
 * The machine.
 */
machine: MachineId, 
/**
 * True to cut it.
 */
cut: boolean, };

/**
 * Names one look.
 */
export type LookRef = { 
/**
 * The look, as numbered by the page.
 */
look: number, };

/**
 * What would be lost by deleting something, counted before it happens.
 */
export type LossPreview = { 
/**
 * Bytes on this computer.
 */
bytes: number, 
/**
 * Names of machines that depend on it.
 */
machines: Array<string>, };

/**
 * What can be asked of a machine.
 */
export type MachineAction = "start" | "stop" | "force_off" | "delete";

/**
 * A machine and the address it is to have.
 */
export type MachineAddress = { 
/**
 * The machine.
 */
machine: MachineId, 
/**
 * An IPv4 address of its network.
 */
address: string, };

/**
 * What other patches would do to one machine.
 */
export type MachineComparison = { 
/**
 * The machine.
 */
machine: MachineId, 
/**
 * Its name.
 */
hostname: string, 
/**
 * What it is.
 */
role: NodeRole, 
/**
 * True when it is compared with what the node lives by; false when the node does not answer,
 * and it is compared with what it was given.
 */
asked: boolean, 
/**
 * How its configuration would differ.
 */
comparison: ConfigComparison, };

/**
 * What a form sends; nothing in it has been checked.
 */
export type MachineDraft = { 
/**
 * A DNS label.
 */
name: string, 
/**
 * The image it boots from.
 */
image: ImageId, 
/**
 * Virtual processors.
 */
vcpus: number, 
/**
 * Memory, MiB.
 */
memory_mib: number, 
/**
 * Disk, GiB.
 */
disk_gib: number, 
/**
 * The network it is in; nothing for the default one.
 */
network: NetworkId | null, };

/**
 * A machine. Also its SMBIOS UUID, so that the guest and QMP report the same value.
 */
export type MachineId = string;

/**
 * A machine and the network it is to be in.
 */
export type MachineNetwork = { 
/**
 * The machine.
 */
machine: MachineId, 
/**
 * The network.
 */
network: NetworkId, };

/**
 * Names one machine.
 */
export type MachineRef = { 
/**
 * The machine.
 */
machine: MachineId, };

/**
 * The expert's view of a machine: what is on disk, and the command that runs it.
 */
export type MachineReveal = { 
/**
 * The spec as YAML.
 */
yaml: string, 
/**
 * QEMU's command line, one argument pair a line, shell-quoted for reading.
 */
command: string, 
/**
 * Folder of the machine.
 */
folder: string, };

/**
 * A machine as wanted, on disk as `machines/<id>/spec.json`.
 */
export type MachineSpec = { 
/**
 * Version of this record's form.
 */
schema_version: number, 
/**
 * Its id, which is also its SMBIOS UUID.
 */
id: MachineId, 
/**
 * A DNS label, unique.
 */
name: string, 
/**
 * The image it boots from.
 */
image: ImageId, 
/**
 * Processor architecture.
 */
arch: Arch, 
/**
 * Virtual processors.
 */
vcpus: number, 
/**
 * Memory, MiB.
 */
memory_mib: number, 
/**
 * Disk, GiB.
 */
disk_gib: number, 
/**
 * MAC address of its network card, `52:54:00:…`.
 */
mac: string, 
/**
 * The network it is in; nothing for the default one.
 */
network: NetworkId | null, 
/**
 * Appended to the kernel command line through SMBIOS (UEFI and UKI boots only).
 */
kernel_args: Array<string>, 
/**
 * RFC 3339.
 */
created_at: string, };

/**
 * A machine as observed.
 */
export type MachineView = { 
/**
 * As wanted.
 */
spec: MachineSpec, 
/**
 * How QEMU executes it, while it runs.
 */
accelerator: Accelerator | null, 
/**
 * QEMU's process id, while it runs.
 */
pid: number | null, 
/**
 * Why its processors stand still, while it is on and they do.
 */
halted: HaltReason | null, 
/**
 * Where its boot stands, while it runs.
 */
boot: BootView | null, 
/**
 * What can be asked of it now.
 */
actions: Array<ActionView>, 
/**
 * The job that works on it.
 */
job: JobId | null, 
/**
 * Bytes its disk takes on this computer.
 */
disk_used: number, 
/**
 * Bytes of memory QEMU holds, while it runs.
 */
memory_used: number, } & ({ "state": "stopped", 
/**
 * Why.
 */
exit: ExitReason, } | { "state": "preparing", 
/**
 * RFC 3339.
 */
since: string, } | { "state": "starting", 
/**
 * RFC 3339.
 */
since: string, } | { "state": "running", 
/**
 * RFC 3339.
 */
since: string, 
/**
 * True when it was found running at the program's start.
 */
adopted: boolean, } | { "state": "stopping", 
/**
 * The step in progress.
 */
rung: StopRung, 
/**
 * RFC 3339: when this step began.
 */
since: string, 
/**
 * Seconds from `since` until the next, harder step.
 */
deadline_s: number, });

/**
 * A machine's place in its network.
 */
export type Member = { 
/**
 * The machine.
 */
machine: MachineId, 
/**
 * Its IPv4 address, which never changes by itself.
 */
address: string, 
/**
 * True while its link is cut.
 */
cut: boolean, };

/**
 * What somebody means to do with a machine of a cluster.
 */
export type MemberDeed = "stop" | "remove";

/**
 * Asks what a deed would do.
 */
export type MemberQuestion = { 
/**
 * The cluster.
 */
cluster: ClusterId, 
/**
 * The machine.
 */
machine: MachineId, 
/**
 * The deed.
 */
deed: MemberDeed, };

/**
 * A machine's time in one stage.
 */
export type MemberSpan = { 
/**
 * The stage.
 */
stage: MemberStage, 
/**
 * RFC 3339.
 */
started_at: string, 
/**
 * RFC 3339; nothing for the present one.
 */
ended_at: string | null, };

/**
 * Where a machine of a cluster stands.
 */
export type MemberStage = "planned" | "off" | "boot" | "maintenance" | "handed_over" | "install" | "join" | "etcd" | "kubernetes" | "ready" | "lost" | "leaving";

/**
 * A machine of a cluster, as observed.
 */
export type MemberView = { 
/**
 * Its name in the cluster: `cp-1`, `w-2`.
 */
name: string, 
/**
 * The machine's name, which is its host name: `knossos-cp-1`.
 */
hostname: string, 
/**
 * What it is.
 */
role: NodeRole, 
/**
 * The machine.
 */
machine: MachineId, 
/**
 * Where it stands.
 */
stage: MemberStage, 
/**
 * Its stages since the work began, oldest first.
 */
spans: Array<MemberSpan>, 
/**
 * Its address in the network.
 */
address: string | null, 
/**
 * What it says it runs.
 */
talos: string | null, 
/**
 * What its kubelet says it is.
 */
kubelet: string | null, 
/**
 * Its part in etcd.
 */
etcd: EtcdPart | null, 
/**
 * True for the one that holds a virtual address.
 */
holds_endpoint: boolean, 
/**
 * Why it does not get on, worst first.
 */
stuck: Array<Stuck>, };

/**
 * One META value.
 */
export type MetaValue = { 
/**
 * 0 to 255.
 */
key: number, 
/**
 * Any text.
 */
value: string, };

/**
 * A mirror of a registry.
 */
export type MirrorOffer = { 
/**
 * The registry's host.
 */
registry: string, 
/**
 * Where to ask instead, in order.
 */
endpoints: Array<string>, 
/**
 * The file it stands in.
 */
source: string, 
/**
 * True when one of them listens on this computer alone.
 */
local: boolean, };

/**
 * Why a way cannot be gone.
 */
export type ModeDenial = "needs_reboot" | "not_offered" | "maintenance" | "no_difference" | "unreadable";

/**
 * A way to apply a configuration, and whether it can be gone.
 */
export type ModeOffer = { 
/**
 * The way.
 */
mode: ApplyWay, 
/**
 * Why not; nothing when it can.
 */
denied: ModeDenial | null, };

/**
 * Wishes more workers.
 */
export type MoreWorkers = { 
/**
 * The cluster.
 */
cluster: ClusterId, 
/**
 * How many more.
 */
count: number, 
/**
 * The sizes of each.
 */
sizes: Sizes, };

/**
 * Somebody who was heard.
 */
export type Neighbour = { 
/**
 * The address, IPv4 or IPv6.
 */
address: string, 
/**
 * The card.
 */
mac: string, 
/**
 * Seconds since.
 */
heard_s: number, 
/**
 * True when two cards claim the address.
 */
contested: boolean, };

/**
 * What of a network can be changed while machines run in it.
 */
export type NetworkChange = { 
/**
 * The network.
 */
network: NetworkId, 
/**
 * A DNS label.
 */
name: string, 
/**
 * Whether machines may reach anything outside.
 */
internet: boolean, };

/**
 * What a form sends; nothing in it has been checked.
 */
export type NetworkDraft = { 
/**
 * A DNS label.
 */
name: string, 
/**
 * Its IPv4 subnet, `10.131.7.0/24`; empty for one that collides with nothing.
 */
subnet: string, 
/**
 * Whether it has IPv6 too.
 */
ipv6: boolean, 
/**
 * The largest IP packet, bytes.
 */
mtu: number, 
/**
 * Whether machines may reach anything outside.
 */
internet: boolean, };

/**
 * Where the Kubernetes API of a cluster is reached, in its network and on this computer.
 */
export type NetworkEndpoint = { 
/**
 * The cluster.
 */
cluster: ClusterId, 
/**
 * Its name, which is part of the endpoint's name in the network.
 */
name: string, 
/**
 * Its control planes.
 */
machines: Array<MachineId>, 
/**
 * The port in the network.
 */
port: number, 
/**
 * An address that moves between the machines; nothing for a port of the gateway.
 */
address: string | null, 
/**
 * The address of this computer that leads there.
 */
listen: string, 
/**
 * Its port.
 */
listen_port: number, 
/**
 * The port of the same address that leads to Talos on the control planes.
 */
talos_port: number, };

/**
 * A network.
 */
export type NetworkId = string;

/**
 * A machine as its network sees it.
 */
export type NetworkMachine = { 
/**
 * The machine.
 */
machine: MachineId, 
/**
 * Its name.
 */
name: string, 
/**
 * Its name inside the network, in full.
 */
full_name: string, 
/**
 * The address of its card.
 */
mac: string, 
/**
 * Its IPv4 address.
 */
address: string, 
/**
 * The address of this computer that stands for it.
 */
host_address: string, 
/**
 * True while the machine is on.
 */
on: boolean, 
/**
 * True while its card is connected.
 */
connected: boolean, 
/**
 * True while its link is cut.
 */
cut: boolean, 
/**
 * Why it was last disconnected, in the network's own words.
 */
fault: string | null, };

/**
 * Names one network.
 */
export type NetworkRef = { 
/**
 * The network.
 */
network: NetworkId, };

/**
 * The expert's view of a network: what is on disk, and the command that runs it.
 */
export type NetworkReveal = { 
/**
 * The spec as YAML.
 */
yaml: string, 
/**
 * The command line of its process, shell-quoted for reading.
 */
command: string, 
/**
 * What its process is told, as YAML.
 */
told: string, 
/**
 * Folder of the network.
 */
folder: string, };

/**
 * A network as wanted, on disk as `networks/<id>/spec.json`.
 */
export type NetworkSpec = { 
/**
 * Version of this record's form.
 */
schema_version: number, 
/**
 * Its id.
 */
id: NetworkId, 
/**
 * A DNS label, unique.
 */
name: string, 
/**
 * True for the one that machines are in for which none was chosen.
 */
is_default: boolean, 
/**
 * Its IPv4 subnet.
 */
subnet: string, 
/**
 * The 127.x.y.0/24 under which its machines are reached from this computer.
 */
loopback: string, 
/**
 * Its IPv6 prefix, a /64; nothing without IPv6.
 */
prefix6: string | null, 
/**
 * The largest IP packet, bytes.
 */
mtu: number, 
/**
 * Whether machines may reach anything outside.
 */
internet: boolean, 
/**
 * Addresses and links of its machines. Those in the trash keep theirs.
 */
members: Array<Member>, 
/**
 * Ports of this computer that lead to machines.
 */
forwards: Array<Forward>, 
/**
 * Endpoints of the clusters in it.
 */
endpoints: Array<NetworkEndpoint>, 
/**
 * RFC 3339.
 */
created_at: string, };

/**
 * What passes through a network; only while the page is visible.
 */
export type NetworkTraffic = { 
/**
 * The network.
 */
network: NetworkId, 
/**
 * Machine by machine.
 */
ports: Array<PortTraffic>, 
/**
 * Connections between machines and outside, and ways in.
 */
connections: number, 
/**
 * Connections that were refused because there were too many.
 */
refused: number, 
/**
 * Who has which address.
 */
leases: Array<Lease>, 
/**
 * Who was heard under which address.
 */
neighbours: Array<Neighbour>, };

/**
 * A network as observed.
 */
export type NetworkView = { 
/**
 * As wanted.
 */
spec: NetworkSpec, 
/**
 * The gateway's address.
 */
gateway: string, 
/**
 * Its machines, by name.
 */
machines: Array<NetworkMachine>, 
/**
 * How each port of this computer stands, in the order of the spec.
 */
forwards: Array<ForwardView>, 
/**
 * Services of this computer that its machines may use.
 */
offers: Array<OfferView>, 
/**
 * A route of this computer that has the same addresses: machines do not reach what is there.
 */
conflict: string | null, 
/**
 * True when this computer lets nobody without root ping, so machines' pings outside fail.
 */
echo_denied: boolean, 
/**
 * Who did what is not its to do.
 */
trespasses: Array<Trespasser>, } & ({ "state": "off" } | { "state": "starting", 
/**
 * RFC 3339.
 */
since: string, } | { "state": "running", 
/**
 * RFC 3339.
 */
since: string, 
/**
 * Its process.
 */
pid: number, 
/**
 * The version of its program.
 */
version: string, 
/**
 * True when that is not this program's: it goes on as it is until it is restarted.
 */
outdated: boolean, } | { "state": "failed", 
/**
 * Why.
 */
problem: Problem, });

/**
 * An address of a link.
 */
export type NodeAddress = { 
/**
 * With the length of its prefix.
 */
address: string, 
/**
 * The link.
 */
link: string, 
/**
 * How far it counts, such as `global`.
 */
scope: string, };

/**
 * A cluster.
 */
export type NodeCluster = { 
/**
 * Its id for discovery.
 */
id: string, 
/**
 * Its name.
 */
name: string, };

/**
 * The configuration that a node lives by.
 */
export type NodeConfig = { 
/**
 * The text, secrets and all; empty while the node has none.
 */
text: string, 
/**
 * Lines on which secrets stand, from 1.
 */
secrets: Array<number>, 
/**
 * Where values come from, as far as Crete knows.
 */
origins: Array<LineOrigin>, 
/**
 * Its Talos, such as `v1.13.9`.
 */
version: string, 
/**
 * True while the node waits for its first configuration.
 */
maintenance: boolean, 
/**
 * True when another one takes effect at the next restart.
 */
staged: boolean, };

/**
 * Something Talos finds wrong.
 */
export type NodeDiagnostic = { 
/**
 * Its id, such as `address-overlap`.
 */
id: string, 
/**
 * In Talos' words.
 */
message: string, 
/**
 * More of them.
 */
details: Array<string>, };

/**
 * A disk.
 */
export type NodeDisk = { 
/**
 * Its device name, such as `vda`.
 */
id: string, 
/**
 * Its path, such as `/dev/vda`.
 */
path: string, 
/**
 * Bytes.
 */
size: number, 
/**
 * What its maker calls it.
 */
model: string, 
/**
 * Its serial number.
 */
serial: string, 
/**
 * How it is connected, such as `virtio`.
 */
transport: string, 
/**
 * True when it turns.
 */
rotational: boolean, 
/**
 * True when nothing can be written.
 */
readonly: boolean, 
/**
 * True when it is a CD.
 */
cdrom: boolean, };

/**
 * A member of etcd.
 */
export type NodeEtcd = { 
/**
 * Its id, hexadecimal.
 */
id: string, 
/**
 * Its host name.
 */
hostname: string, 
/**
 * True while it does not vote yet.
 */
learner: boolean, 
/**
 * True when it is the node itself.
 */
own: boolean, 
/**
 * True when it leads.
 */
leads: boolean, 
/**
 * Bytes of its file; of the node's own member only.
 */
size: number | null, 
/**
 * What is wrong with it: `nospace` or `corrupt`.
 */
alarms: Array<string>, };

/**
 * Something that happened on a node.
 */
export type NodeEvent = { 
/**
 * Talos' id of it.
 */
id: string, 
/**
 * RFC 3339, to the second; absent when the id does not tell.
 */
at: string | null, 
/**
 * The call that caused it; empty when none did.
 */
actor: string, } & ({ "what": "sequence", 
/**
 * Its name.
 */
name: string, 
/**
 * True when it ends.
 */
ends: boolean, 
/**
 * Why it failed; empty when it did not.
 */
error: string, } | { "what": "phase", 
/**
 * Its name.
 */
name: string, 
/**
 * True when it ends.
 */
ends: boolean, } | { "what": "task", 
/**
 * Its name.
 */
name: string, 
/**
 * True when it ends.
 */
ends: boolean, } | { "what": "service", 
/**
 * Its id.
 */
name: string, 
/**
 * Its state in Talos' word, small.
 */
state: string, 
/**
 * In Talos' words.
 */
message: string, 
/**
 * Whether it is healthy; nothing when its check has not said.
 */
healthy: boolean | null, } | { "what": "restart" } | { "what": "configuration_unreadable" } | { "what": "configuration_refused" } | { "what": "addresses", 
/**
 * Its host name.
 */
hostname: string, 
/**
 * All of them.
 */
addresses: Array<string>, } | { "what": "status", 
/**
 * The stage.
 */
stage: NodeStage, 
/**
 * Whether it is ready.
 */
ready: boolean, 
/**
 * What it waits for.
 */
unmet: Array<UnmetCondition>, } | { "what": "unknown", 
/**
 * Its type.
 */
name: string, });

/**
 * An extension.
 */
export type NodeExtension = { 
/**
 * Its name.
 */
name: string, 
/**
 * Its version.
 */
version: string, 
/**
 * Who made it.
 */
author: string, 
/**
 * What it is for.
 */
description: string, };

/**
 * Facts of one kind about a node whose page is open, by `MACHINE/KIND`.
 */
export type NodeFacts = { 
/**
 * The machine.
 */
machine: MachineId, 
/**
 * The kind.
 */
kind: FactKind, 
/**
 * What is known; what was known last when there is a problem too.
 */
facts: Facts | null, 
/**
 * Why they are not told: this Talos does not offer them, or not in its present state.
 */
problem: Problem | null, };

/**
 * Figures of a node now.
 */
export type NodeFigures = { 
/**
 * Shares of all processors' time, percent.
 */
cpu: CpuShares, 
/**
 * Bytes of memory.
 */
memory_total: number, 
/**
 * Bytes in use.
 */
memory_used: number, 
/**
 * The averages of 1, 5 and 15 minutes.
 */
load: [number, number, number], 
/**
 * By link, without the loopback.
 */
links: Array<Rate>, 
/**
 * By disk, without what is made of memory or files.
 */
disks: Array<Rate>, 
/**
 * How many processes there are.
 */
processes: number, 
/**
 * The busiest ones.
 */
busiest: Array<BusyProcess>, };

/**
 * A node's figures, by its machine's id; only while its page is open and seen.
 */
export type NodeFiguresView = { 
/**
 * The machine.
 */
machine: MachineId, 
/**
 * The figures; nothing until there are two looks to compare.
 */
figures: NodeFigures | null, 
/**
 * Why there are none.
 */
problem: Problem | null, };

/**
 * Machines of one role.
 */
export type NodeGroup = { 
/**
 * How many.
 */
count: number, 
/**
 * The sizes of each.
 */
sizes: Sizes, };

/**
 * The node as Kubernetes sees it.
 */
export type NodeKubernetes = { 
/**
 * Its name there.
 */
name: string, 
/**
 * Whether it is ready.
 */
ready: boolean, 
/**
 * Whether it takes no new pods.
 */
unschedulable: boolean, };

/**
 * A link.
 */
export type NodeLink = { 
/**
 * Its name.
 */
name: string, 
/**
 * Physical, or what it is: `bridge`, `vlan`, and so on.
 */
kind: string, 
/**
 * The address of its card.
 */
mac: string, 
/**
 * Whether it carries anything.
 */
up: boolean, 
/**
 * Its state in the kernel's word.
 */
state: string, 
/**
 * Bytes a frame may have.
 */
mtu: number, 
/**
 * Megabits a second; nothing when it does not say.
 */
speed_mbit: number | null, 
/**
 * The driver.
 */
driver: string, };

/**
 * Names under which a node keeps logs.
 */
export type NodeLogs = { 
/**
 * Of Talos' services and programs.
 */
services: Array<string>, 
/**
 * Of containers of Kubernetes; none before it runs.
 */
containers: Array<string>, };

/**
 * Somebody looks at a node from now on.
 */
export type NodeLook = { 
/**
 * The look, as numbered by the page.
 */
look: number, 
/**
 * The machine.
 */
machine: MachineId, 
/**
 * True for everything, false for how it is.
 */
full: boolean, };

/**
 * A member of the cluster.
 */
export type NodeMember = { 
/**
 * Its host name.
 */
hostname: string, 
/**
 * Its addresses.
 */
addresses: Array<string>, 
/**
 * What it is.
 */
role: NodeRole | null, 
/**
 * Its system, such as `Talos (v1.13.9)`.
 */
system: string, };

/**
 * A memory module.
 */
export type NodeMemoryModule = { 
/**
 * Where it sits.
 */
slot: string, 
/**
 * MiB; 0 when it is empty.
 */
size_mib: number, 
/**
 * Who made it.
 */
manufacturer: string, };

/**
 * A value that outlives everything but a reset.
 */
export type NodeMetaKey = { 
/**
 * Its key, such as `0x0c`.
 */
key: string, 
/**
 * Its value.
 */
value: string, };

/**
 * Something that is mounted.
 */
export type NodeMount = { 
/**
 * The volume or its source.
 */
source: string, 
/**
 * Where.
 */
target: string, 
/**
 * Its file system.
 */
filesystem: string, 
/**
 * Whether it is encrypted.
 */
encrypted: boolean, };

/**
 * Whether the network is ready.
 */
export type NodeNetwork = { 
/**
 * It has an address.
 */
address: boolean, 
/**
 * It reaches what it should.
 */
connectivity: boolean, 
/**
 * It has a name.
 */
hostname: boolean, 
/**
 * Its files are written.
 */
files: boolean, };

/**
 * A partition or a file system.
 */
export type NodePartition = { 
/**
 * Its device name.
 */
id: string, 
/**
 * The disk it is on; empty when it is one itself.
 */
parent: string, 
/**
 * Bytes.
 */
size: number, 
/**
 * Where it begins, bytes.
 */
offset: number, 
/**
 * Its file system or kind, such as `xfs`.
 */
format: string, 
/**
 * The partition's label, such as `EPHEMERAL`.
 */
label: string, };

/**
 * Patches of one machine.
 */
export type NodePatches = { 
/**
 * Its name in the cluster: `cp-1`, `w-2`.
 */
node: string, 
/**
 * Each one YAML.
 */
patches: Array<string>, };

/**
 * What is at a machine's Talos API.
 */
export type NodePresence = "off" | "looking" | "starting" | "silent" | "not_talos" | "maintenance" | "configured" | "no_credentials" | "another_cluster";

/**
 * A processor.
 */
export type NodeProcessor = { 
/**
 * The socket.
 */
socket: string, 
/**
 * What it is called.
 */
name: string, 
/**
 * Its cores.
 */
cores: number, 
/**
 * Its threads.
 */
threads: number, };

/**
 * How to restart a node.
 */
export type NodeReboot = { 
/**
 * The machine.
 */
machine: MachineId, 
/**
 * How.
 */
mode: RebootMode, };

/**
 * A piece of what is told, in the order in which it happened.
 */
export type NodeRecord = { "kind": "lines", 
/**
 * Each without its end.
 */
lines: Array<string>, } | { "kind": "event", 
/**
 * What.
 */
event: NodeEvent, } | { "kind": "gap" } | { "kind": "waiting" } | { "kind": "refused", 
/**
 * Why.
 */
problem: Problem, };

/**
 * How to reset a node.
 */
export type NodeReset = { 
/**
 * The machine.
 */
machine: MachineId, 
/**
 * How.
 */
plan: ResetPlan, };

/**
 * Name servers.
 */
export type NodeResolvers = { 
/**
 * Their addresses.
 */
servers: Array<string>, 
/**
 * What is appended to short names.
 */
search: Array<string>, };

/**
 * What a node is in its cluster.
 */
export type NodeRole = "control_plane" | "worker";

/**
 * A route.
 */
export type NodeRoute = { 
/**
 * Where to; `default` when anywhere.
 */
destination: string, 
/**
 * By whom; empty when directly.
 */
gateway: string, 
/**
 * Through which link.
 */
link: string, 
/**
 * The lower the better.
 */
priority: number, };

/**
 * What a node says of itself in short.
 */
export type NodeSays = { 
/**
 * Its stage.
 */
stage: NodeStage, 
/**
 * Whether everything is as it should be. Talos means it in the stages booting and running only.
 */
ready: boolean, 
/**
 * What it waits for.
 */
unmet: Array<UnmetCondition>, 
/**
 * Its Talos, such as `v1.13.9`.
 */
version: string, 
/**
 * Its host name.
 */
hostname: string, 
/**
 * What it is in its cluster; nothing while it is in none.
 */
role: NodeRole | null, 
/**
 * Its addresses without those of Kubernetes.
 */
addresses: Array<string>, };

/**
 * The security state.
 */
export type NodeSecurity = { 
/**
 * Whether the firmware checked what it started.
 */
secure_boot: boolean, 
/**
 * Whether it was started from one signed file.
 */
uki: boolean, 
/**
 * How SELinux is used: `disabled`, `permissive` or `enforcing`.
 */
selinux: string, 
/**
 * How FIPS is used: `disabled`, `enabled` or `strict`.
 */
fips: string, 
/**
 * Whether only signed modules of the kernel are loaded.
 */
signed_modules: boolean, };

/**
 * A service.
 */
export type NodeService = { 
/**
 * Its id, such as `kubelet`.
 */
id: string, 
/**
 * Its state in Talos' word, such as `Running`; empty where only the rest is told.
 */
state: string, 
/**
 * True while it runs.
 */
running: boolean, 
/**
 * Whether its own check finds it healthy; nothing when it has none.
 */
healthy: boolean | null, 
/**
 * What it said last.
 */
message: string, 
/**
 * RFC 3339: when that was.
 */
since: string | null, 
/**
 * What happened to it, oldest first.
 */
events: Array<NodeServiceEvent>, 
/**
 * What Talos lets be done with it over its API.
 */
actions: Array<ServiceAction>, };

/**
 * Something that happened to a service.
 */
export type NodeServiceEvent = { 
/**
 * The state it came to.
 */
state: string, 
/**
 * In Talos' words.
 */
message: string, 
/**
 * RFC 3339.
 */
at: string | null, };

/**
 * How to shut a node down.
 */
export type NodeShutdown = { 
/**
 * The machine.
 */
machine: MachineId, 
/**
 * True to leave out that its pods move elsewhere first.
 */
force: boolean, };

/**
 * Sizes of one machine that differ from those of its role.
 */
export type NodeSizes = { 
/**
 * Its name in the cluster: `cp-1`, `w-2`.
 */
node: string, 
/**
 * Its sizes.
 */
sizes: Sizes, };

/**
 * What of a node is told.
 */
export type NodeSource = { "of": "kernel" } | { "of": "service", 
/**
 * Its id.
 */
id: string, } | { "of": "container", 
/**
 * Its id, such as `kube-system/kube-proxy-abc:kube-proxy`.
 */
id: string, } | { "of": "events" };

/**
 * How far a node's life is.
 */
export type NodeStage = "unknown" | "booting" | "installing" | "maintenance" | "running" | "rebooting" | "shutting_down" | "resetting" | "upgrading";

/**
 * A pod of the control plane.
 */
export type NodeStaticPod = { 
/**
 * Its namespace and name.
 */
id: string, 
/**
 * The phase in Kubernetes' word.
 */
phase: string, 
/**
 * Whether Kubernetes finds it ready.
 */
ready: boolean, 
/**
 * How often its containers were started again.
 */
restarts: number, 
/**
 * Why it waits, in Kubernetes' word; empty when it does not.
 */
waiting: string, };

/**
 * The machine.
 */
export type NodeSystem = { 
/**
 * Who made it.
 */
manufacturer: string, 
/**
 * What they call it.
 */
product: string, 
/**
 * Its version.
 */
version: string, 
/**
 * Its serial number.
 */
serial: string, 
/**
 * Its UUID.
 */
uuid: string, };

/**
 * The clock.
 */
export type NodeTime = { 
/**
 * Whether a time server has set it.
 */
synced: boolean, 
/**
 * Whether nobody is asked.
 */
disabled: boolean, };

/**
 * A node that is looked at, by its machine's id.
 */
export type NodeView = { 
/**
 * The machine.
 */
machine: MachineId, 
/**
 * What is there.
 */
presence: NodePresence, 
/**
 * The certificate it shows in maintenance mode.
 */
fingerprint: string | null, 
/**
 * True when that is the one its console printed.
 */
fingerprint_printed: boolean, 
/**
 * True when its credentials are the machine's own and not a cluster's.
 */
own_credentials: boolean, 
/**
 * What it says of itself; what it said last while `stale_since` is set.
 */
says: NodeSays | null, 
/**
 * RFC 3339: since when what is shown is old. Absent while it is live.
 */
stale_since: string | null, 
/**
 * What keeps it from being spoken to.
 */
problem: Problem | null, };

/**
 * A volume.
 */
export type NodeVolume = { 
/**
 * Its id, such as `EPHEMERAL`.
 */
id: string, 
/**
 * How far it is, such as `ready`.
 */
phase: string, 
/**
 * Where it is.
 */
location: string, 
/**
 * Bytes.
 */
size: number, 
/**
 * Its file system.
 */
filesystem: string, 
/**
 * Whether it is encrypted.
 */
encrypted: boolean, 
/**
 * What is wrong with it; empty when nothing is.
 */
error: string, };

/**
 * No request, or no answer.
 */
export type Nothing = Record<string, never>;

/**
 * A service of this computer that machines may use.
 */
export type OfferView = { 
/**
 * Its name inside the network.
 */
name: string, 
/**
 * The gateway's port.
 */
port: number, };

/**
 * Asks for a cluster to be opened in a program.
 */
export type OpenIn = { 
/**
 * The cluster.
 */
cluster: ClusterId, 
/**
 * In which.
 */
tool: Tool, };

/**
 * What a host may open outside the page. An allow-list, not an address.
 */
export type OpenTarget = { "kind": "data_folder" } | { "kind": "log_folder" } | { "kind": "images_folder" } | { "kind": "machine", 
/**
 * The machine.
 */
machine: MachineId, } | { "kind": "network", 
/**
 * The network.
 */
network: NetworkId, } | { "kind": "image", 
/**
 * The image.
 */
image: ImageId, } | { "kind": "forward", 
/**
 * The port.
 */
forward: ForwardId, } | { "kind": "saved", 
/**
 * The job.
 */
job: JobId, } | { "kind": "broken", 
/**
 * Its key in the `broken` topic; nothing else is opened.
 */
path: string, } | { "kind": "talos_docs", 
/**
 * `major.minor`.
 */
minor: string, 
/**
 * Which page.
 */
page: DocsPage, } | { "kind": "talos_kind", 
/**
 * The version.
 */
version: TalosVersion, 
/**
 * The kind; empty for the main document.
 */
document: string, } | { "kind": "talos_guide", 
/**
 * `major.minor`.
 */
minor: string, 
/**
 * The platform's or the board's id.
 */
place: string, } | { "kind": "extensions_source" } | { "kind": "overlay_source", 
/**
 * The board's id.
 */
board: string, };

/**
 * Something a person pasted.
 */
export type OpenText = { 
/**
 * An id, YAML, a link, an address or a reference.
 */
text: string, };

/**
 * What a pasted text turned out to be.
 */
export type OpenedAnswer = { 
/**
 * The choices.
 */
draft: StudioDraft, 
/**
 * The schematic's id where the text named one.
 */
schematic_id: string | null, };

/**
 * One line of the result.
 */
export type Output = { 
/**
 * What it is.
 */
kind: OutputKind, 
/**
 * How it is used.
 */
form: OutputForm, 
/**
 * File name, or empty.
 */
name: string, 
/**
 * The whole address, reference or command.
 */
text: string, 
/**
 * Signed for SecureBoot.
 */
secure_boot: boolean, 
/**
 * Estimated bytes; 0 when unknown.
 */
estimated_size: number, };

/**
 * How an output is used.
 */
export type OutputForm = "file" | "address" | "reference" | "command" | "page";

/**
 * What a file or text of the result is.
 */
export type OutputKind = "iso" | "disk_image" | "disk_image_qcow2" | "pxe" | "installer" | "kernel" | "cmdline" | "initramfs" | "uki" | "talosctl" | "local_cluster" | "booter" | "whats_new" | "support_matrix" | "guide" | "getting_started" | "iso_guide" | "pxe_guide" | "network_guide" | "secure_boot_guide" | "upgrade_guide" | "production_guide" | "troubleshooting_guide";

/**
 * Extra parts a board needs to boot.
 */
export type Overlay = { 
/**
 * Part of the id, not used to find the overlay.
 */
image: string, 
/**
 * Name in the version's overlay list.
 */
name: string, 
/**
 * Interpreted by the overlay.
 */
options: Record<string, unknown>, };

/**
 * How a file is packed.
 */
export type Packing = "none" | "zstd" | "xz";

/**
 * A mistake of the page itself, kept in the program's log.
 */
export type PageFault = { 
/**
 * What happened, with the stack; cut to 4,000 characters.
 */
text: string, };

/**
 * A patch.
 */
export type PatchText = { 
/**
 * YAML; empty when it would change nothing.
 */
patch: string, };

/**
 * What other patches would do.
 */
export type PatchesComparison = { 
/**
 * What is not acceptable, field by field. They can be applied when this is empty.
 */
fields: Array<FieldProblem>, 
/**
 * Machine by machine, in the order in which they would be changed.
 */
machines: Array<MachineComparison>, };

/**
 * Wishes other patches.
 */
export type PatchesWish = { 
/**
 * The cluster.
 */
cluster: ClusterId, 
/**
 * All of them, as they are to be.
 */
patches: ClusterPatches, };

/**
 * A folder chosen in the desktop's dialog; absent when it was closed.
 */
export type Picked = { 
/**
 * Absolute path.
 */
path: string | null, };

/**
 * A machine that would be made.
 */
export type PlannedNode = { 
/**
 * Its name in the cluster.
 */
name: string, 
/**
 * The machine's name.
 */
hostname: string, 
/**
 * What it is.
 */
role: NodeRole, 
/**
 * Its sizes.
 */
sizes: Sizes, 
/**
 * How many patches apply to it.
 */
patches: number, };

/**
 * A step that would be taken.
 */
export type PlannedStep = { 
/**
 * What it does.
 */
code: StageCode, 
/**
 * Median of earlier runs on this computer, seconds; nothing without any.
 */
usual_s: number | null, };

/**
 * A platform of the Image Factory.
 */
export type Platform = { 
/**
 * Its id in names and addresses.
 */
id: string, 
/**
 * Its own name.
 */
label: string, 
/**
 * Architectures it has.
 */
arches: Array<Arch>, 
/**
 * In the order they are offered.
 */
boot_methods: Array<BootMethod>, 
/**
 * Ending of its disk image; absent where it has none.
 */
disk_image_suffix: string | null, 
/**
 * SecureBoot can be asked for.
 */
secure_boot: boolean, 
/**
 * Not offered for older versions.
 */
min_version: TalosVersion | null, 
/**
 * Below the documentation's address of a version; absent where there is no page.
 */
documentation_path: string | null, };

/**
 * What passes through a machine's port.
 */
export type PortTraffic = { 
/**
 * The machine.
 */
machine: MachineId, 
/**
 * Bits a second that the machine sends.
 */
sent_bps: number, 
/**
 * Bits a second that it receives.
 */
received_bps: number, 
/**
 * Bytes it has sent.
 */
sent: number, 
/**
 * Bytes it has received.
 */
received: number, 
/**
 * Frames that did not reach it or came from it and were not passed on.
 */
dropped: number, };

/**
 * Whether practice mode can be entered at once.
 */
export type PracticeStatus = { 
/**
 * True in practice mode.
 */
active: boolean, 
/**
 * The practice images are on this computer.
 */
images_ready: boolean, 
/**
 * The practice factory's program was found.
 */
factory_found: boolean, 
/**
 * The command that builds what is missing; empty when nothing is.
 */
build_command: string, };

/**
 * Enters or leaves practice mode. The page reloads itself after the answer.
 */
export type PracticeSwitch = { 
/**
 * True to enter.
 */
on: boolean, };

/**
 * Answers that go together, offered under a name. The page says what they add and why.
 */
export type Preset = { 
/**
 * Key of its sentences.
 */
id: PresetId, 
/**
 * Extensions it adds.
 */
extensions: Array<string>, 
/**
 * Kernel arguments it adds.
 */
kernel_args: Array<string>, };

/**
 * The presets.
 */
export type PresetId = "qemu_guest" | "vmware_guest" | "longhorn" | "nfs_volumes" | "nvidia_gpu" | "tailscale" | "gvisor" | "microcode";

/**
 * Asks for presets.
 */
export type PresetsRequest = { 
/**
 * Serial ports have other names on other architectures.
 */
arch: Arch, };

/**
 * An error as the page and the job log get it.
 */
export type Problem = { 
/**
 * What went wrong.
 */
code: ErrorCode, 
/**
 * Values for the sentence.
 */
params: { [key in string]: string }, 
/**
 * The exact words of the system, of QEMU or of a server; shown folded.
 */
detail: string | null, 
/**
 * Field by field, for `invalid`.
 */
fields: Array<FieldProblem>, 
/**
 * What can be done, best first. Never empty for an error a person can meet.
 */
remedies: Array<Remedy>, 
/**
 * Ties the error on the page to the line in the log. Empty until it leaves the engine.
 */
id: string, };

/**
 * Bytes done and to do.
 */
export type Progress = { 
/**
 * Done.
 */
done: number, 
/**
 * In all; 0 when unknown.
 */
total: number, 
/**
 * Bytes a second, smoothed; 0 when unknown.
 */
rate: number, 
/**
 * Seconds left; absent when unknown.
 */
left_s: number | null, };

/**
 * What a port is of.
 */
export type Protocol = "tcp" | "udp";

/**
 * A proxy that programs of this computer use.
 */
export type ProxyOffer = { 
/**
 * The variables, by their lower-case names, in order. An address may hold a password.
 */
variables: Array<[string, string]>, 
/**
 * Where it was found: a file, or empty for the environment of this program.
 */
source: string, 
/**
 * True when it listens on this computer alone: machines do not reach it there.
 */
local: boolean, 
/**
 * True when an address holds a name and a password, which every machine would then hold.
 */
password: boolean, };

/**
 * A part of QEMU that not every build has.
 */
export type QemuFeature = "board" | "stream_network" | "virtio" | "sandbox";

/**
 * A QEMU found on this computer.
 */
export type QemuInfo = { 
/**
 * Absolute path of the program.
 */
path: string, 
/**
 * `major.minor.micro`, as QEMU says.
 */
version: string, 
/**
 * Which architecture it emulates.
 */
arch: Arch, 
/**
 * Accelerators QEMU itself lists.
 */
accelerators: Array<Accelerator>, 
/**
 * Parts it was asked about and has.
 */
features: Array<QemuFeature>, };

/**
 * How many etcd members there are, and how many it takes.
 */
export type Quorum = { 
/**
 * Members with a vote.
 */
members: number, 
/**
 * Those that are well.
 */
healthy: number, 
/**
 * How many it takes.
 */
needed: number, };

/**
 * Bytes a second in two directions.
 */
export type Rate = { 
/**
 * The link or the disk.
 */
name: string, 
/**
 * Received, or read.
 */
inward: number, 
/**
 * Sent, or written.
 */
outward: number, };

/**
 * How a node is restarted.
 */
export type RebootMode = "gentle" | "power_cycle" | "forced";

/**
 * The image of a recipe.
 */
export type RecipeImage = { 
/**
 * Processor architecture.
 */
arch: Arch, 
/**
 * Disk image, or ISO with installation.
 */
medium: BootMedium, 
/**
 * What it holds beyond the plain one; nothing for a file of the person's, which no factory makes.
 */
schematic?: Schematic | null, 
/**
 * The schematic's id: it is computed again and must be this one.
 */
schematic_id?: string | null, 
/**
 * SHA-256 of the file that machines booted from, where it is known. A file of the library with
 * another one is not taken for it.
 */
sha256?: string | null, };

/**
 * The machines of a recipe.
 */
export type RecipeMachines = { 
/**
 * How many control planes.
 */
control_planes: number, 
/**
 * Sizes of each.
 */
control_plane_sizes: Sizes, 
/**
 * How many workers.
 */
workers: number, 
/**
 * Sizes of each.
 */
worker_sizes: Sizes, 
/**
 * Those that differ.
 */
sizes?: Array<NodeSizes>, };

/**
 * A recipe as text.
 */
export type RecipeText = { 
/**
 * YAML.
 */
yaml: string, 
/**
 * A name for its file.
 */
file_name: string, };

/**
 * Images of one registry taken from elsewhere.
 */
export type RegistryMirror = { 
/**
 * The registry's host, or `*`.
 */
registry: string, 
/**
 * Where to ask instead, in order.
 */
endpoints: Array<string>, };

/**
 * A remark on an answer.
 */
export type Remark = { 
/**
 * The step it belongs to.
 */
step: StudioStep, 
/**
 * The draft's field, for example `extensions`.
 */
field: string, 
/**
 * What is said.
 */
code: RemarkCode, 
/**
 * Values for the sentence.
 */
params: { [key in string]: string }, 
/**
 * How much it weighs.
 */
weight: RemarkWeight, };

/**
 * What there is to say about an answer. Values for the sentence stand in brackets.
 */
export type RemarkCode = "version_not_offered" | "boards_need_version" | "unknown_platform" | "unknown_board" | "platform_needs_version" | "board_needs_version" | "arch_not_offered" | "secure_boot_needs_version" | "secure_boot_not_offered" | "extension_not_in_version" | "extension_renamed" | "extensions_not_known" | "console_replaced" | "serial_silent" | "argument_holds_blanks" | "argument_empty" | "installers_ignore_arguments" | "embedded_needs_version" | "embedded_not_yaml" | "options_need_board" | "options_not_mapping" | "foreign_overlay" | "bootloader_needs_version" | "bootloader_ignored" | "meta_key_twice" | "enroll_keys_unknown" | "enroll_keys_need_secure_boot" | "sector_size_odd" | "owner_enterprise_only";

/**
 * How much a remark weighs.
 */
export type RemarkWeight = "note" | "left_out" | "blocks";

/**
 * What a person can do about a problem. The page makes a button or a sentence of it.
 */
export type Remedy = { "kind": "retry" } | { "kind": "enter_practice" } | { "kind": "sign_in_to_network" } | { "kind": "add_certificate", 
/**
 * Whose.
 */
issuer: string, } | { "kind": "check_clock" } | { "kind": "open_settings" } | { "kind": "open_host_check" } | { "kind": "free_space", 
/**
 * The folder.
 */
path: string, } | { "kind": "go_on_emulated" } | { "kind": "fix", 
/**
 * Which one: all that the page sends back.
 */
fix: FixCode, 
/**
 * Exactly what runs, program and arguments, in this order.
 */
commands: Array<Array<string>>, 
/**
 * What takes it back; empty where nothing does.
 */
undo: Array<Array<string>>, } | { "kind": "run_command", 
/**
 * The command line to copy.
 */
command: string, 
/**
 * True when it asks for the administrator's password.
 */
privileged: boolean, } | { "kind": "install_yourself", 
/**
 * What to install.
 */
name: string, } | { "kind": "ask_for_group", 
/**
 * The group.
 */
group: string, } | { "kind": "ask_for_policy" } | { "kind": "log_in_again" } | { "kind": "log_in_at_screen" } | { "kind": "enable_in_firmware", 
/**
 * What vendors call the setting.
 */
setting: string, } | { "kind": "enable_nested", 
/**
 * Which one.
 */
hypervisor: Hypervisor, } | { "kind": "remove_line", 
/**
 * The file.
 */
path: string, 
/**
 * The line.
 */
line: string, } | { "kind": "remove_kernel_argument", 
/**
 * The argument.
 */
argument: string, } | { "kind": "use_another_kernel" } | { "kind": "restart_computer" } | { "kind": "pass_device", 
/**
 * The device.
 */
device: string, } | { "kind": "leave_sandbox" } | { "kind": "upgrade_system", 
/**
 * The first release that will do.
 */
release: string, } | { "kind": "stop_program", 
/**
 * The hypervisor's name.
 */
name: string, } | { "kind": "end_program", 
/**
 * The program's name.
 */
name: string, } | { "kind": "stop_other_hypervisor" } | { "kind": "use_less_memory" } | { "kind": "choose_network" } | { "kind": "install_again" } | { "kind": "download_again" } | { "kind": "choose_another" } | { "kind": "save_instead" } | { "kind": "open_folder", 
/**
 * The folder.
 */
path: string, } | { "kind": "wait_for_it" } | { "kind": "check_machine" } | { "kind": "check_node_clock" } | { "kind": "treat_as_maintenance" } | { "kind": "treat_as_configured" } | { "kind": "use_its_secrets" } | { "kind": "renew_certificate" } | { "kind": "add_cert_san" } | { "kind": "compare_fingerprint" } | { "kind": "configure" } | { "kind": "upgrade_talos" } | { "kind": "ask_control_plane" } | { "kind": "use_administrator" } | { "kind": "correct_configuration" } | { "kind": "allow_reboot" } | { "kind": "nothing_to_do" } | { "kind": "free_room" } | { "kind": "look_at_logs" } | { "kind": "report" };

/**
 * What a reset takes with it, looked up before it happens.
 */
export type ResetLoss = { 
/**
 * What the node is in its cluster.
 */
role: NodeRole | null, 
/**
 * The disk that Talos is on; empty when it is on none.
 */
disk: string, 
/**
 * Volumes that are wiped.
 */
volumes: Array<NodeVolume>, 
/**
 * Members of etcd; nothing when the node is none, or it is not known.
 */
etcd_members: number | null, 
/**
 * True when the cluster's data goes with it: it is the last member of etcd. It cannot leave
 * gracefully then.
 */
last_member: boolean, 
/**
 * True when the disk is left without a system that starts.
 */
unbootable: boolean, };

/**
 * A reset, as a person wants it.
 */
export type ResetPlan = { 
/**
 * What it wipes.
 */
wipe: ResetWipe, 
/**
 * True to leave the cluster first.
 */
graceful: boolean, 
/**
 * True to start again afterwards, false to power off.
 */
reboot: boolean, };

/**
 * A reset of which the loss is asked for.
 */
export type ResetQuestion = { 
/**
 * The machine.
 */
machine: MachineId, 
/**
 * What would be wiped.
 */
wipe: ResetWipe, };

/**
 * What a reset wipes.
 */
export type ResetWipe = "back_to_maintenance" | "system_disk";

/**
 * An edge or a corner of the window.
 */
export type ResizeEdge = "north" | "north_east" | "east" | "south_east" | "south" | "south_west" | "west" | "north_west";

/**
 * A kind of resource that a node has.
 */
export type ResourceKind = { 
/**
 * Its full type, such as `Disks.block.talos.dev`.
 */
name: string, 
/**
 * What people call it, such as `Disk`.
 */
title: string, 
/**
 * Where it is kept.
 */
namespace: string, 
/**
 * Other names for it.
 */
aliases: Array<string>, 
/**
 * True when it holds secrets.
 */
sensitive: boolean, };

/**
 * Names one resource of a node.
 */
export type ResourceRef = { 
/**
 * The machine.
 */
machine: MachineId, 
/**
 * Where the kind is kept.
 */
namespace: string, 
/**
 * Its full type.
 */
kind: string, 
/**
 * Its id.
 */
id: string, };

/**
 * A resource as YAML.
 */
export type ResourceText = { 
/**
 * Its id within its kind.
 */
id: string, 
/**
 * Grows with each change.
 */
version: string, 
/**
 * The controller that keeps it.
 */
owner: string, 
/**
 * True while it is being taken down.
 */
ends: boolean, 
/**
 * What it says.
 */
yaml: string, };

/**
 * A kind of resource of a node.
 */
export type ResourcesOf = { 
/**
 * The machine.
 */
machine: MachineId, 
/**
 * Where the kind is kept.
 */
namespace: string, 
/**
 * Its full type.
 */
kind: string, };

/**
 * Names a file that did not arrive in its folder.
 */
export type ResumeSave = { 
/**
 * The job.
 */
job: JobId, 
/**
 * True when the file that is in its place may be replaced.
 */
replace: boolean, };

/**
 * An authority that somebody added to this computer.
 */
export type RootOffer = { 
/**
 * Its file.
 */
path: string, 
/**
 * Whose it is, as it says itself.
 */
subject: string, 
/**
 * The fingerprint of its first certificate, by which it is chosen.
 */
fingerprint: string, 
/**
 * RFC 3339: until when it counts.
 */
expires_at: string, 
/**
 * True when that is over.
 */
expired: boolean, 
/**
 * The certificates, PEM.
 */
certificates: string, };

/**
 * How a line differs.
 */
export type RowWay = "same" | "added" | "removed";

/**
 * How far the sample app is.
 */
export type SamplePhase = "starting" | "stopped" | "ready" | "leaving";

/**
 * The sample app to read: what "Try it" would do.
 */
export type SampleText = { 
/**
 * Everything that Kubernetes is told, as one YAML.
 */
manifest: string, 
/**
 * What it makes: kind and name, in order.
 */
objects: Array<string>, 
/**
 * The image its pods run.
 */
image: string, };

/**
 * The sample app as observed.
 */
export type SampleView = { 
/**
 * How far it is.
 */
phase: SamplePhase, 
/**
 * How many of its pods are ready.
 */
ready: number, 
/**
 * Of how many.
 */
of: number, 
/**
 * Where a browser finds it; nothing before it is reached.
 */
address: string | null, 
/**
 * The port of this computer that leads to it.
 */
forward: ForwardId | null, 
/**
 * What Kubernetes says while it is not ready; may be empty.
 */
words: string, };

/**
 * Saves a console's text.
 */
export type SaveConsole = { 
/**
 * The machine.
 */
machine: MachineId, };

/**
 * Keeps a draft.
 */
export type SaveDraft = { 
/**
 * The draft to change; absent for a new one.
 */
id: DraftId | null, 
/**
 * Its name.
 */
name: string, 
/**
 * Its answers.
 */
draft: StudioDraft, };

/**
 * Which file goes where: enough to do it again, also after the draft it came from is gone.
 */
export type SaveOrder = { 
/**
 * The folder.
 */
folder: string, 
/**
 * The file's name in it.
 */
file_name: string, 
/**
 * What it is.
 */
output: OutputKind, 
/**
 * Its name at the factory.
 */
asset: string, 
/**
 * Talos version.
 */
version: TalosVersion, 
/**
 * The schematic's canonical text; absent where the file is the same for all schematics.
 */
recipe: string | null, 
/**
 * The schematic's id, computed here.
 */
schematic_id: string, 
/**
 * The set it belongs to.
 */
set: SaveSet | null, };

/**
 * Files among the results of a studio draft, and where they go.
 */
export type SaveOutputs = { 
/**
 * The answers.
 */
draft: StudioDraft, 
/**
 * The addresses of the wanted lines of the result.
 */
outputs: Array<string>, 
/**
 * The folder, an absolute path.
 */
folder: string, 
/**
 * True when files that are there may be replaced.
 */
replace: boolean, };

/**
 * Files that were asked for together.
 */
export type SaveSet = { 
/**
 * Its id.
 */
id: SetId, 
/**
 * How many files it has.
 */
count: number, };

/**
 * The jobs that were begun, one a file.
 */
export type SaveStarted = { 
/**
 * The jobs.
 */
jobs: Array<JobId>, };

/**
 * Where something was saved; absent when the person closed the dialog.
 */
export type Saved = { 
/**
 * Absolute path.
 */
path: string | null, };

/**
 * A draft as kept, on disk as `drafts/<id>/spec.json`.
 */
export type SavedDraft = { 
/**
 * Version of this record's form.
 */
schema_version: number, 
/**
 * Its id.
 */
id: DraftId, 
/**
 * What the person calls it.
 */
name: string, 
/**
 * The answers.
 */
draft: StudioDraft, 
/**
 * RFC 3339.
 */
created_at: string, 
/**
 * RFC 3339.
 */
changed_at: string, };

/**
 * A schematic. Field order is the canonical order of the factory.
 */
export type Schematic = { 
/**
 * Owner; Enterprise factories only.
 */
owner: string, 
/**
 * Overlay of a single board computer.
 */
overlay: Overlay | null, 
/**
 * Everything else.
 */
customization: Customization, };

/**
 * A text with a secret in it.
 */
export type SecretText = { 
/**
 * The text.
 */
text: string, };

/**
 * What a file with secrets holds.
 */
export type SecretsSeen = { 
/**
 * What kind of file it is.
 */
source: SecretsSource, 
/**
 * The cluster's id, by which its machines find one another. No secret.
 */
cluster_id: string, 
/**
 * The authorities.
 */
authorities: Array<AuthorityView>, 
/**
 * What is missing or does not belong together; empty when the secrets can be used.
 */
faults: Array<string>, };

/**
 * What kind of file secrets come from.
 */
export type SecretsSource = "bundle" | "control_plane" | "worker";

/**
 * SecureBoot options.
 */
export type SecureBoot = { 
/**
 * `off`, `manual`, `if-safe`, `force`; any text is accepted at creation.
 */
enrollKeys: string, 
/**
 * Enrol Microsoft's certificates too.
 */
includeWellKnownCertificates: boolean, };

/**
 * A serial port.
 */
export type SerialPort = "ttyS0" | "ttyS1";

/**
 * What can be done with a service.
 */
export type ServiceAction = "start" | "stop" | "restart";

/**
 * What to do with a service.
 */
export type ServiceCall = { 
/**
 * The machine.
 */
machine: MachineId, 
/**
 * The service.
 */
service: string, 
/**
 * What to do.
 */
action: ServiceAction, };

/**
 * A file that failed a check. It is kept, and never used.
 */
export type SetAsideFile = { 
/**
 * File name in the image's `set-aside` folder.
 */
name: string, 
/**
 * Its length.
 */
bytes: number, 
/**
 * RFC 3339.
 */
at: string, 
/**
 * What is wrong with it.
 */
problem: Problem, };

/**
 * Files that are saved together.
 */
export type SetId = string;

/**
 * All preferences. Unknown keys of a newer version are dropped only when a person saves.
 */
export type Settings = { 
/**
 * Base address of the Image Factory.
 */
factory_url: string, 
/**
 * Proxy for the factory; empty means the system's.
 */
proxy: string, 
/**
 * A PEM file of extra certificate authorities; empty means none.
 */
extra_ca: string, 
/**
 * Where images and machines are kept; empty means the default. Used from the next start on.
 */
data_dir: string, 
/**
 * Light or dark.
 */
theme: Theme, 
/**
 * Stronger lines and text, whatever the desktop says.
 */
high_contrast: boolean, 
/**
 * Size of all text, percent.
 */
text_percent: number, 
/**
 * Offered for a new machine.
 */
default_vcpus: number, 
/**
 * Offered for a new machine, MiB.
 */
default_memory_mib: number, 
/**
 * Offered for a new machine, GiB.
 */
default_disk_gib: number, 
/**
 * Console font size, px.
 */
console_font_px: number, };

/**
 * New preferences, checked before they are kept.
 */
export type SettingsChange = { 
/**
 * All of them.
 */
settings: Settings, };

/**
 * The sizes of a machine.
 */
export type Sizes = { 
/**
 * Virtual processors.
 */
vcpus: number, 
/**
 * MiB.
 */
memory_mib: number, 
/**
 * GiB; the disk is sparse and grows to this at most.
 */
disk_gib: number, };

/**
 * One stage of a job.
 */
export type Stage = { 
/**
 * What it does.
 */
code: StageCode, 
/**
 * Share of the whole work, any unit.
 */
weight: number, 
/**
 * How it stands.
 */
state: JobState, 
/**
 * Bytes, where bytes are what it moves.
 */
progress: Progress | null, 
/**
 * What it waits for.
 */
blocker: Blocker | null, 
/**
 * RFC 3339.
 */
started_at: string | null, 
/**
 * RFC 3339.
 */
ended_at: string | null, };

/**
 * What a stage does.
 */
export type StageCode = "schematic" | "transfer" | "verify" | "unpack" | "copy" | "prepare" | "spawn" | "run" | "console" | "power_button" | "end" | "change" | "recheck" | "cluster_image" | "cluster_network" | "cluster_machines" | "switch_on" | "addresses" | "maintenance" | "disks_check" | "configuration" | "apply" | "install" | "sign_in" | "time" | "bootstrap" | "etcd" | "control_plane" | "pod_network" | "nodes_ready" | "health_checks" | "access" | "workers_off" | "control_planes_off" | "leave" | "change_control_planes" | "change_workers" | "sample_apply" | "sample_ready" | "sample_forward" | "sample_remove";

/**
 * Something found at start-up.
 */
export type StartNotice = { "kind": "adopted", 
/**
 * Their names.
 */
names: Array<string>, } | { "kind": "settings_restored" };

/**
 * How a step stands.
 */
export type StepState = "open" | "answered" | "not_needed";

/**
 * One step of stopping a machine, gentlest first.
 */
export type StopRung = "acpi" | "quit" | "terminate" | "kill";

/**
 * One thing that sizes ask too much of.
 */
export type Strain = { 
/**
 * What it is.
 */
code: StrainCode, 
/**
 * The figures behind it.
 */
params: { [key in string]: string }, 
/**
 * It cannot work: a start is refused. Otherwise it will hurt, and the person decides.
 */
refused: boolean, };

/**
 * What a choice of sizes would ask too much of.
 */
export type StrainCode = "memory_short" | "memory_promised" | "memory_pressure" | "processors" | "disk_short" | "disk_promised";

/**
 * What sizes ask too much of. Empty: they fit.
 */
export type Strains = { 
/**
 * In the order of memory, processors, disk.
 */
strains: Array<Strain>, };

/**
 * Bytes of a stream that the page has taken in, or its end.
 */
export type StreamAck = { 
/**
 * The stream, as numbered by the page.
 */
stream: number, 
/**
 * Bytes since the last acknowledgement.
 */
bytes: number, };

/**
 * Names one byte stream.
 */
export type StreamRef = { 
/**
 * The stream, as numbered by the page.
 */
stream: number, };

/**
 * What a page asks to be streamed.
 */
export type StreamRequest = { "kind": "console", 
/**
 * The machine.
 */
machine: MachineId, 
/**
 * The port.
 */
port: SerialPort, } | { "kind": "node", 
/**
 * The machine.
 */
machine: MachineId, 
/**
 * What is told.
 */
source: NodeSource, };

/**
 * A cause, seen.
 */
export type Stuck = { 
/**
 * What it is.
 */
code: StuckCode, 
/**
 * How bad.
 */
weight: StuckWeight, 
/**
 * Values for the sentence.
 */
params: { [key in string]: string }, 
/**
 * The machine it is about; nothing for the cluster.
 */
machine: MachineId | null, 
/**
 * RFC 3339.
 */
since: string, 
/**
 * What it was decided from.
 */
evidence: Array<EvidenceLine>, 
/**
 * What can be done, best first; never empty.
 */
remedies: Array<ClusterRemedy>, };

/**
 * A cause, decided from evidence by the table of rules.
 */
export type StuckCode = "image_on_its_way" | "image_missing" | "image_not_fetched" | "machine_failed" | "machine_off" | "machine_paused" | "link_cut" | "no_address" | "cpu_too_old" | "kernel_panic" | "boots_from_cd" | "disk_missing" | "install_disk_missing" | "disk_too_small" | "configuration_refused" | "apply_busy" | "apply_fails" | "configuration_forgotten" | "installer_unreachable" | "installer_stalls" | "installer_failed" | "installing" | "another_cluster" | "not_talos" | "address_not_covered" | "api_silent" | "api_interrupted" | "calls_hang" | "calls_refused" | "clock_off" | "clock_wrong" | "certificate_expired" | "clock_follows" | "time_not_synchronized" | "bootstrap_not_yet" | "bootstrap_fails" | "pulling_image" | "image_stalls" | "etcd_image_missing" | "etcd_unhealthy" | "etcd_learner" | "etcd_no_space" | "etcd_disagrees" | "etcd_not_member" | "etcd_stranger" | "etcd_no_quorum" | "kubelet_image_missing" | "kubelet_crashes" | "kubelet_not_admitted" | "api_server_crashes" | "control_plane_not_ready" | "pod_network_missing" | "pod_network_none" | "kube_proxy_not_ready" | "dns_not_ready" | "cordoned" | "memory_too_small" | "data_too_small" | "diagnosed" | "leave_refused" | "leave_silent" | "leave_slow" | "leave_remembered" | "waits" | "slow";

/**
 * How bad a cause is.
 */
export type StuckWeight = "normal" | "warning" | "dead";

/**
 * What a person answered so far. `None` means not asked or not answered yet.
 */
export type StudioDraft = { 
/**
 * Hardware.
 */
target: TargetKind | null, 
/**
 * Talos version.
 */
version: TalosVersion | null, 
/**
 * Cloud.
 */
platform: string | null, 
/**
 * Board.
 */
board: string | null, 
/**
 * Architecture.
 */
arch: Arch | null, 
/**
 * Signed images for UEFI's SecureBoot.
 */
secure_boot: boolean, 
/**
 * Names of extensions.
 */
extensions: Array<string>, 
/**
 * Kernel arguments, one each; `-name` removes a default.
 */
kernel_args: Array<string>, 
/**
 * Machine configuration inside the image.
 */
embedded_config: string, 
/**
 * Options of the board's overlay, YAML.
 */
overlay_options: string, 
/**
 * Boot loader; `None` leaves the choice to the factory.
 */
bootloader: Bootloader | null, 
/**
 * Values of the META partition.
 */
meta: Array<MetaValue>, 
/**
 * When keys are enrolled; empty is the default.
 */
enroll_keys: string, 
/**
 * Enrol Microsoft's certificates too.
 */
well_known_certificates: boolean, 
/**
 * Bytes of a sector of the disk image; 0 is the default.
 */
sector_size: number, 
/**
 * An overlay that no known board has, kept from an opened schematic.
 */
foreign_overlay: Overlay | null, 
/**
 * Owner, kept from an opened schematic; only Enterprise factories take it.
 */
owner: string, };

/**
 * The steps, in the order they are asked.
 */
export type StudioStep = "target" | "version" | "place" | "machine" | "extensions" | "customization";

/**
 * System extensions by name.
 */
export type SystemExtensions = { 
/**
 * Names such as `siderolabs/qemu-guest-agent`. Their order is part of the id.
 */
officialExtensions: Array<string>, };

/**
 * A Talos version. Written `v1.13.9` in paths and APIs, read with or without the `v`.
 */
export type TalosVersion = string;

/**
 * What kind of hardware an image is for.
 */
export type TargetKind = "metal" | "cloud" | "sbc";

/**
 * Everything an image can be for, in upstream's order.
 */
export type Targets = { 
/**
 * Bare metal.
 */
metal: Platform, 
/**
 * Clouds.
 */
clouds: Array<Platform>, 
/**
 * Boards.
 */
boards: Array<Board>, };

/**
 * Light or dark.
 */
export type Theme = "system" | "light" | "dark";

/**
 * A time server that somebody set.
 */
export type TimeOffer = { 
/**
 * Its name or address.
 */
server: string, 
/**
 * The file it stands in.
 */
source: string, };

/**
 * The work on a cluster, from its first step to its last.
 */
export type Timeline = { 
/**
 * RFC 3339; nothing when no work goes on or went on since the program began.
 */
started_at: string | null, 
/**
 * RFC 3339.
 */
ended_at: string | null, 
/**
 * Median of earlier runs of the same shape, seconds.
 */
usual_s: number | null, 
/**
 * Its steps, in order.
 */
steps: Array<ClusterStep>, };

/**
 * A program for clusters.
 */
export type Tool = "headlamp" | "freelens" | "terminal";

/**
 * A part of a tool that is not installed.
 */
export type ToolPart = "headlamp" | "freelens" | "terminal" | "kubectl";

/**
 * A tool and whether it is there.
 */
export type ToolView = { 
/**
 * Which.
 */
tool: Tool, 
/**
 * What would be started: a program or a desktop entry; empty when nothing was found.
 */
found: string, 
/**
 * What would have to be installed first.
 */
missing: Array<ToolPart>, 
/**
 * True when it does not take a cluster by itself: the key file has to be chosen in it.
 */
choose: boolean, };

/**
 * The programs that a cluster can be opened in.
 */
export type ToolsAnswer = { 
/**
 * Each with what is missing of it.
 */
tools: Array<ToolView>, };

/**
 * A set of items that is kept live.
 */
export type Topic = "images" | "machines" | "networks" | "clusters" | "traffic" | "nodes" | "facts" | "figures" | "trash" | "drafts" | "jobs" | "broken" | "drops" | "host" | "usage";

/**
 * What something in the trash was.
 */
export type TrashKind = "images" | "machines" | "networks" | "drafts" | "clusters";

/**
 * Names one thing in the trash.
 */
export type TrashRef = { 
/**
 * From [`Trashed`].
 */
trash_id: string, };

/**
 * Something in the trash.
 */
export type TrashView = { 
/**
 * Its place in the trash: what gives it back.
 */
trash_id: string, 
/**
 * What it was.
 */
kind: TrashKind, 
/**
 * Its id, when it was there.
 */
id: string, 
/**
 * Its name.
 */
name: string, 
/**
 * RFC 3339.
 */
deleted_at: string, 
/**
 * Bytes it takes on this computer.
 */
bytes: number, 
/**
 * The image a machine boots from: without it the machine cannot be started again.
 */
image: ImageId | null, };

/**
 * Something went to the trash.
 */
export type Trashed = { 
/**
 * Gives it back with `trash.restore`.
 */
trash_id: string, 
/**
 * Its name, for the sentence.
 */
name: string, };

/**
 * What a machine did that is not its to do; the network let none of it through.
 */
export type TrespassKind = "address" | "dhcp" | "router";

/**
 * A card that used what is another's.
 */
export type Trespasser = { 
/**
 * The card.
 */
mac: string, 
/**
 * What it did.
 */
kind: TrespassKind, 
/**
 * The address it was about.
 */
address: string | null, };

/**
 * Something that a node still waits for.
 */
export type UnmetCondition = { 
/**
 * Talos' name of the check, such as `services`.
 */
name: string, 
/**
 * Talos' own words.
 */
reason: string, };

/**
 * Where a value comes from.
 */
export type ValueOrigin = "crete" | "cluster" | "patch" | "node";

/**
 * The answer to "can this computer run machines?".
 */
export type Verdict = "ready" | "slow" | "blocked";

/**
 * The versions of one minor release.
 */
export type VersionGroup = { 
/**
 * `major.minor`.
 */
minor: string, 
/**
 * Newest first.
 */
versions: Array<TalosVersion>, };

/**
 * Versions as the page offers them.
 */
export type VersionGroups = { 
/**
 * The newest stable version: preselected.
 */
recommended: TalosVersion | null, 
/**
 * Stable versions by minor, newest first.
 */
stable: Array<VersionGroup>, 
/**
 * Alphas, betas and release candidates, newest first.
 */
prerelease: Array<TalosVersion>, };

/**
 * The factory's versions, and how old this list is.
 */
export type VersionsAnswer = { 
/**
 * Grouped for the page.
 */
groups: VersionGroups, 
/**
 * RFC 3339: when the factory gave this list.
 */
fetched_at: string, 
/**
 * Why a newer list could not be had; the old one is shown then.
 */
stale: Problem | null, 
/**
 * The factory's host.
 */
host: string, };

/**
 * Asks for the versions.
 */
export type VersionsRequest = { 
/**
 * True to ask the factory even if the list is fresh.
 */
refresh: boolean, };

/**
 * A fact about what is seen: hidden pages are not fed live figures.
 */
export type Visibility = { 
/**
 * True while the page can be seen.
 */
visible: boolean, };

/**
 * What the page asks of the window.
 */
export type WindowAction = { "kind": "drag" } | { "kind": "resize", 
/**
 * Which one.
 */
edge: ResizeEdge, } | { "kind": "minimize" } | { "kind": "toggle_maximize" } | { "kind": "close" };

/**
 * The studio's table as a person left it: answers that nobody kept under a name yet.
 */
export type Workbench = { 
/**
 * Version of this record's form.
 */
schema_version: number, 
/**
 * The answers; absent while nothing was changed.
 */
draft: StudioDraft | null, 
/**
 * The kept draft that they began from.
 */
kept: DraftId | null, };

/** Every command: its request and its answer. */
export interface Commands {
  /** What runs, and on what. */
  "app.info": { request: Nothing; response: AppInfo };
  /** Tells whether the page can be seen; live figures stop while it cannot. */
  "app.visible": { request: Visibility; response: Nothing };
  /** Keeps a mistake of the page in the program's log. */
  "app.fault": { request: PageFault; response: Nothing };
  /** Checks this computer again. The `host` topic carries the result too. */
  "host.check": { request: Nothing; response: HostReport };
  /** Makes a change the last report offers, with the administrator's permission. */
  "host.fix": { request: HostFix; response: JobStarted };
  /** Gives something back from the trash. */
  "trash.restore": { request: TrashRef; response: Nothing };
  /** Removes something from the trash for good. */
  "trash.purge": { request: TrashRef; response: Nothing };
  /** A job with its kept log. */
  "job.details": { request: JobRef; response: JobDetails };
  /** Cancels a job. */
  "job.cancel": { request: JobRef; response: Nothing };
  /** The person's preferences. */
  "settings.get": { request: Nothing; response: Settings };
  /** Changes preferences. */
  "settings.set": { request: SettingsChange; response: Settings };
  /** Lets the person choose a folder. */
  "dialog.folder": { request: Nothing; response: Picked };
  /** Lets the person choose a file. */
  "dialog.file": { request: Nothing; response: Picked };
  /** Opens something outside the page. */
  "open": { request: OpenTarget; response: Nothing };
  /** Moves, sizes or closes the window. */
  "window.action": { request: WindowAction; response: Nothing };
  /** Whether practice mode can be entered. */
  "practice.status": { request: Nothing; response: PracticeStatus };
  /** Enters or leaves practice mode. */
  "practice.switch": { request: PracticeSwitch; response: Nothing };
  /** Takes note of bytes the page has taken in, so that more may come. */
  "stream.ack": { request: StreamAck; response: Nothing };
  /** Closes a byte stream. */
  "stream.close": { request: StreamRef; response: Nothing };
  /** The factory's Talos versions. */
  "factory.versions": { request: VersionsRequest; response: VersionsAnswer };
  /** Everything an image can be for. */
  "studio.targets": { request: Nothing; response: Targets };
  /** Answers that go together, for an architecture. */
  "studio.presets": { request: PresetsRequest; response: Array<Preset> };
  /** The system extensions of a version. */
  "studio.extensions": { request: ExtensionsRequest; response: ExtensionsAnswer };
  /** What a draft comes to. Sends nothing. */
  "studio.compose": { request: StudioDraft; response: Composition };
  /** Sends a draft's schematic to the factory and takes its id. */
  "studio.confirm": { request: StudioDraft; response: ConfirmedAnswer };
  /** Opens an id, YAML, a link, an address or a reference. */
  "studio.open": { request: OpenText; response: OpenedAnswer };
  /** How the studio was left. */
  "studio.left": { request: Nothing; response: Workbench };
  /** Notes how the studio is left, so that a restart loses no answer. */
  "studio.leave": { request: LeaveStudio; response: Nothing };
  /** Keeps a draft under a name. */
  "draft.save": { request: SaveDraft; response: DraftSaved };
  /** Moves a draft to the trash. */
  "draft.delete": { request: DraftRef; response: Trashed };
  /** Puts files of a studio draft into a folder, outside the library. Several are a set. */
  "output.save": { request: SaveOutputs; response: SaveStarted };
  /** Goes on with a file that is paused or did not arrive. */
  "output.resume": { request: ResumeSave; response: JobStarted };
  /** Stops a file's download for a while. What arrived is kept. */
  "output.pause": { request: JobRef; response: Nothing };
  /** What will be asked of the factory for a choice. Sends nothing. */
  "image.plan": { request: ImageChoice; response: ImagePlan };
  /** Downloads an image, or goes on with it. */
  "image.download": { request: ImageChoice; response: DownloadStarted };
  /** Downloads one file of a studio draft into the library, or goes on with it. */
  "image.fetch": { request: FetchOutput; response: DownloadStarted };
  /** Goes on with a paused or an incomplete image. */
  "image.resume": { request: ImageRef; response: DownloadStarted };
  /** Forgets what arrived of an image, and begins again. */
  "image.start_over": { request: ImageRef; response: DownloadStarted };
  /** Stops the download of an image for a while. What arrived is kept. */
  "image.pause": { request: ImageRef; response: Nothing };
  /** Checks an image's file again, every byte of it. */
  "image.verify": { request: ImageRef; response: JobStarted };
  /** Deletes a file of an image that was set aside, for good. */
  "image.discard": { request: AsideRef; response: Nothing };
  /** What would become of a person's own file. Changes nothing. */
  "image.examine": { request: FileRef; response: ImportPlan };
  /** Makes an image of a copy of a person's own file. */
  "image.import": { request: FileRef; response: DownloadStarted };
  /** What deleting an image would lose. */
  "image.loss": { request: ImageRef; response: LossPreview };
  /** Moves an image to the trash. Refused while machines use it. */
  "image.delete": { request: ImageRef; response: Trashed };
  /** Suggests a machine for an image. */
  "machine.offer": { request: ImageRef; response: DraftOffer };
  /** Checks a draft field by field. */
  "machine.check": { request: MachineDraft; response: DraftVerdict };
  /** What a machine of these sizes would ask too much of now. */
  "machine.strains": { request: Sizes; response: Strains };
  /** Creates a machine. It is off until started. */
  "machine.create": { request: MachineDraft; response: Created };
  /** Starts a machine. */
  "machine.start": { request: MachineRef; response: JobStarted };
  /** Stops a machine, gently first. */
  "machine.stop": { request: MachineRef; response: JobStarted };
  /** Ends a machine at once. */
  "machine.force_off": { request: MachineRef; response: Nothing };
  /** What deleting a machine would lose. */
  "machine.loss": { request: MachineRef; response: LossPreview };
  /** Moves a machine to the trash. */
  "machine.delete": { request: MachineRef; response: Trashed };
  /** The YAML and the command behind a machine. */
  "machine.reveal": { request: MachineRef; response: MachineReveal };
  /** Puts a machine into another network: its cable is plugged in there. */
  "machine.connect": { request: MachineNetwork; response: Nothing };
  /** Gives a machine another address in its network. */
  "machine.address": { request: MachineAddress; response: Nothing };
  /** Cuts or mends a machine's link. */
  "machine.cut": { request: LinkCut; response: Nothing };
  /** Saves what ttyS0 printed to a file the person chooses. */
  "console.save": { request: SaveConsole; response: Saved };
  /** Suggests a network. */
  "network.offer": { request: Nothing; response: NetworkDraft };
  /** Checks a draft field by field, as the person types. */
  "network.check": { request: NetworkDraft; response: DraftVerdict };
  /** Creates a network. */
  "network.create": { request: NetworkDraft; response: NetworkRef };
  /** Changes a network, also while machines run in it. */
  "network.change": { request: NetworkChange; response: Nothing };
  /** Gives a network another subnet, which collides with nothing. Refused while machines run. */
  "network.resubnet": { request: NetworkRef; response: Nothing };
  /** Starts a network's process again, in the version of this program. */
  "network.restart": { request: NetworkRef; response: Nothing };
  /** Moves a network to the trash. Refused while machines are in it. */
  "network.delete": { request: NetworkRef; response: Trashed };
  /** The YAML and the command behind a network. */
  "network.reveal": { request: NetworkRef; response: NetworkReveal };
  /** Suggests a free port of this computer for a port of a machine. */
  "forward.offer": { request: ForwardDraft; response: ForwardOffer };
  /** Checks a draft field by field, as the person types. */
  "forward.check": { request: ForwardCheck; response: DraftVerdict };
  /** Opens a port of this computer that leads to a machine. */
  "forward.open": { request: ForwardDraft; response: ForwardRef };
  /** Changes such a port. */
  "forward.change": { request: ForwardEdit; response: Nothing };
  /** Closes such a port; the answer opens it again. */
  "forward.close": { request: ForwardRef; response: ForwardDraft };
  /** What a node would say about a configuration. Sends nothing. */
  "config.check": { request: ConfigText; response: ConfigVerdict };
  /** The kinds and keys that a version's configurations may hold. */
  "config.keys": { request: ConfigKeysRequest; response: ConfigKeys };
  /** What this computer was set up with that machines need too. Nothing is taken by itself. */
  "config.host_offers": { request: Nothing; response: HostOffers };
  /** The patch that a choice of these comes to. */
  "config.host_patch": { request: HostPatchRequest; response: PatchText };
  /** Looks at a machine's node from now on: the topics tell of it. */
  "node.look": { request: NodeLook; response: Nothing };
  /** Looks no more. */
  "node.unlook": { request: LookRef; response: Nothing };
  /** Takes the certificate that a node in maintenance shows for its own. */
  "node.accept": { request: AcceptFingerprint; response: Nothing };
  /** Keeps the credentials of a person's talosconfig for a machine. */
  "node.credentials": { request: ImportTalosconfig; response: Nothing };
  /** Forgets a machine's own credentials. */
  "node.forget": { request: MachineRef; response: Nothing };
  /** Starts, stops or restarts a service. */
  "node.service": { request: ServiceCall; response: Nothing };
  /** The names under which a node keeps logs. */
  "node.logs": { request: MachineRef; response: NodeLogs };
  /** The kinds of resources that a node has. */
  "node.kinds": { request: MachineRef; response: Array<ResourceKind> };
  /** All resources of a kind as YAML. */
  "node.resources": { request: ResourcesOf; response: Array<ResourceText> };
  /** One resource as YAML. */
  "node.resource": { request: ResourceRef; response: ResourceText };
  /** The configuration that a node lives by, secrets and all. */
  "node.config": { request: MachineRef; response: NodeConfig };
  /** Compares an edited configuration with it. Changes nothing. */
  "node.compare": { request: ConfigDraft; response: ConfigComparison };
  /** Asks a node what it would do with a configuration. */
  "node.try": { request: ConfigApply; response: ApplyAnswer };
  /** Gives a node a configuration. */
  "node.apply": { request: ConfigApply; response: ApplyAnswer };
  /** Restarts a node. */
  "node.reboot": { request: NodeReboot; response: Nothing };
  /** Shuts a node down. */
  "node.shutdown": { request: NodeShutdown; response: Nothing };
  /** What a reset of a node would take with it. */
  "node.reset_loss": { request: ResetQuestion; response: ResetLoss };
  /** Wipes a node. */
  "node.reset": { request: NodeReset; response: Nothing };
  /** The access to a cluster: what was written, and what merging would do. */
  "access.view": { request: ClusterRef; response: AccessView };
  /** A new key file as text, to be copied. Holds a secret. */
  "access.text": { request: AccessRequest; response: SecretText };
  /** Saves a new key file where the person chooses. */
  "access.save": { request: AccessRequest; response: Saved };
  /** Merges a new key into the person's own file. */
  "access.merge": { request: AccessRequest; response: AccessFile };
  /** Makes a new key where the old one is. */
  "access.renew": { request: AccessFileRef; response: Nothing };
  /** Gives a file back as it was, unless it was changed since. */
  "access.undo": { request: AccessFileRef; response: Nothing };
  /** Forgets that a file was written. The file stays. */
  "access.forget": { request: AccessFileRef; response: Nothing };
  /** Saves a cluster's secrets where the person chooses. */
  "access.save_secrets": { request: ClusterRef; response: Saved };
  /** What a person's file of secrets, or the configuration of a node, holds. */
  "access.look_into_secrets": { request: FileRef; response: SecretsSeen };
  /** Suggests a cluster. */
  "cluster.offer": { request: ClusterOfferRequest; response: ClusterOffer };
  /** What a draft would become, and what is not acceptable. Makes and sends nothing. */
  "cluster.plan": { request: ClusterDraft; response: ClusterPlan };
  /** Creates a cluster, until it is healthy. */
  "cluster.create": { request: ClusterDraft; response: ClusterCreated };
  /** Starts a cluster. */
  "cluster.start": { request: ClusterRef; response: JobStarted };
  /** Stops a cluster, workers first. */
  "cluster.stop": { request: ClusterRef; response: JobStarted };
  /** Stops a cluster and starts it again. */
  "cluster.restart": { request: ClusterRef; response: JobStarted };
  /** Gives up creating a cluster and takes away what was made; the image stays. */
  "cluster.cancel": { request: ClusterRef; response: Nothing };
  /** What deleting a cluster would lose. */
  "cluster.loss": { request: ClusterRef; response: ClusterLoss };
  /** Moves a cluster with its machines to the trash. Refused while machines run. */
  "cluster.delete": { request: ClusterRef; response: Trashed };
  /** Looks at a cluster now. */
  "cluster.health": { request: ClusterRef; response: Nothing };
  /** What a deed on one machine would do to its cluster. */
  "cluster.consequence": { request: MemberQuestion; response: Consequence };
  /** Gives a cluster more workers. */
  "cluster.add_workers": { request: MoreWorkers; response: JobStarted };
  /** Takes a worker out of a cluster. */
  "cluster.remove_worker": { request: LessWorkers; response: JobStarted };
  /** The recipe of a cluster: everything but its secrets. */
  "cluster.recipe": { request: ClusterRef; response: RecipeText };
  /** The recipe of a draft. */
  "cluster.draft_recipe": { request: ClusterDraft; response: RecipeText };
  /** A draft from a recipe. */
  "cluster.open_recipe": { request: OpenText; response: ClusterDraft };
  /** Saves a recipe to a file the person chooses. */
  "cluster.save_recipe": { request: ClusterOrDraft; response: Saved };
  /** Commands that would do the same without Crete. */
  "cluster.commands": { request: ClusterOrDraft; response: CommandsAnswer };
  /** The programs that a cluster can be opened in, and what is missing of each. */
  "cluster.tools": { request: Nothing; response: ToolsAnswer };
  /** Opens a cluster in one of them. */
  "cluster.open_in": { request: OpenIn; response: Nothing };
  /** What other patches would do to each machine. Changes nothing. */
  "cluster.compare_patches": { request: PatchesWish; response: PatchesComparison };
  /** Gives a cluster other patches, one machine after another. */
  "cluster.change_patches": { request: PatchesWish; response: JobStarted };
  /** Gives a cluster the patches again that it had before the last change. */
  "cluster.revert_patches": { request: ClusterRef; response: JobStarted };
  /** The sample app to read: what "Try it" would do. */
  "cluster.sample": { request: Nothing; response: SampleText };
  /** Puts the sample app on a cluster. */
  "cluster.try_sample": { request: ClusterRef; response: JobStarted };
  /** Takes it away. */
  "cluster.end_sample": { request: ClusterRef; response: JobStarted };
}

/** The items of every topic. */
export interface TopicItems {
  images: ImageView;
  machines: MachineView;
  networks: NetworkView;
  clusters: ClusterView;
  traffic: NetworkTraffic;
  nodes: NodeView;
  facts: NodeFacts;
  figures: NodeFiguresView;
  drafts: SavedDraft;
  trash: TrashView;
  jobs: Job;
  broken: BrokenView;
  drops: DropView;
  host: HostReport;
  usage: HostUsage;
}

/** Bytes of a stream that may be under way without an acknowledgement. */
export const WINDOW_BYTES = 262144;
