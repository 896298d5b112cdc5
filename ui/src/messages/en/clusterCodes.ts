/** Sentences for what clusters are seen to do: causes, checks, stages, events. */
import type {
  CertificateOf,
  ClusterEventCode,
  ClusterRemedy,
  ConsequenceCode,
  EvidenceSource,
  HealthCode,
  MemberStage,
  StuckCode,
} from "../../platform/generated/api";

type Words<K extends string> = Record<K, string>;
/** What is the matter with what, and what that means. */
type Causes = Record<StuckCode, { title: string; text: string }>;

export const stuck = {
  image_on_its_way: {
    title: "The Talos image {image} is on its way",
    text: "Machines are made once it is complete.",
  },
  image_missing: {
    title: "The Talos image {image} did not arrive",
    text: "Without it no machine can start. Its own job says why.",
  },
  image_not_fetched: {
    title: "Nobody fetches the Talos image {image}",
    text: "Its download was paused, or the image was deleted. Without it no machine can start.",
  },
  machine_failed: {
    title: "{node} did not start",
    text: "QEMU ended by itself. Its last words are on the machine's page.",
  },
  machine_off: {
    title: "{node} is off",
    text: "The cluster waits for it. It goes on when the machine is on.",
  },
  machine_paused: {
    title: "{node} stands still: {reason}",
    text: "Nothing is lost. Started, it goes on where it stopped.",
  },
  link_cut: {
    title: "{node} is cut off: its link is unplugged",
    text: "The machine runs and reaches nobody. It goes on once the link is mended.",
  },
  no_address: {
    title: "{node} has no address after {seconds}",
    text: "It asked the network and was given none.",
  },
  cpu_too_old: {
    title: "The processor of {node} is too old for Talos",
    text: "Talos needs x86-64-v2: any Intel since 2008, any AMD since 2011. It cannot go on.",
  },
  kernel_panic: {
    title: "Linux stopped on {node}: {line}",
    text: "A kernel panic does not mend itself. Switching it off and on tries again.",
  },
  boots_from_cd: {
    title: "{node} started from its CD although Talos is installed",
    text: "Started again, it boots from its disk.",
  },
  disk_missing: {
    title: "{node} has no disk {disk} to install on",
    text: "Talos sees: {found}.",
  },
  install_disk_missing: {
    title: "The installer did not find the disk {disk} on {node}",
    text: "It is the disk that Talos is to be written to.",
  },
  disk_too_small: {
    title: "The disk of {node} is too small: {size}, and {needed} are needed",
    text: "Disks cannot grow under Talos: the machine has to be made again.",
  },
  configuration_refused: {
    title: "Talos refuses the configuration of {node}",
    text: "In its own words: {text}",
  },
  apply_busy: {
    title: "{node} is busy with another configuration, {seconds} so far",
    text: "It takes the next one when it is through.",
  },
  apply_fails: {
    title: "{node} does not take its configuration, {seconds} so far",
    text: "It is given again and again. The answer: {text}",
  },
  configuration_forgotten: {
    title: "{node} lost its configuration again, given {attempts} times",
    text: "Talos forgets what it cannot carry out. Its console says what went wrong.",
  },
  installer_unreachable: {
    title: "{node} cannot fetch the installer {image}, {attempts} tries so far",
    text: "The registry does not answer this machine. It tries again by itself.",
  },
  installer_stalls: {
    title: "The installer {image} does not arrive on {node}: {done} of {total}, {seconds} so far",
    text: "The connection is open and nothing comes. It goes on by itself if the registry does.",
  },
  installer_failed: {
    title: "Talos could not be installed on {node}",
    text: "The installer said: {text}",
  },
  installing: {
    title: "{node} is being installed, {seconds} so far",
    text: "Talos is written to its disk, and starts from there.",
  },
  clock_follows: {
    title: "{node} does not know yet that this computer slept",
    text: "Its clock stands where it stood. It is set by itself in up to 17 minutes; a restart of the machine sets it now.",
  },
  another_cluster: {
    title: "{node} belongs to another cluster",
    text: "Its disk holds a configuration that this cluster has no keys for.",
  },
  not_talos: {
    title: "Something else than Talos answers on {node}",
    text: "What is at {address} does not speak as Talos does.",
  },
  address_not_covered: {
    title: "The certificate of {node} does not name its address {address}",
    text: "Nobody can sign in there. Talos makes a new certificate when the machine starts.",
  },
  api_silent: {
    title: "Talos does not answer on {node}, {seconds} so far",
    text: "The machine is on. Its console says how far it is.",
  },
  api_interrupted: {
    title: "{node} ends every connection at once, {seconds} so far",
    text: "Talos' API is starting or stopping.",
  },
  calls_hang: {
    title: "{node} takes calls and does not answer them, {seconds} so far",
    text: "It is very busy, or its network loses packets.",
  },
  calls_refused: {
    title: "{node} refuses what it is asked",
    text: "It lets Crete in, and answers: {text}",
  },
  clock_off: {
    title: "The clock of {node} is wrong by about {amount}",
    text: "Certificates are not valid at the time it believes in, so nobody can sign in.",
  },
  clock_wrong: {
    title: "The clock of {node} is wrong, {seconds} so far",
    text: "Certificates are not valid at the time it believes in, so nobody can sign in.",
  },
  certificate_expired: {
    title: "The certificate of {node} is not valid any more, {seconds} so far",
    text: "Talos renews it when the machine starts.",
  },
  time_not_synchronized: {
    title: "{node} hears no time server, {seconds} so far",
    text: "etcd and certificates need the right time. It goes on when one answers.",
  },
  bootstrap_not_yet: {
    title: "{node} is not ready to begin, {seconds} so far",
    text: "It is told to start the cluster as soon as etcd waits for that.",
  },
  bootstrap_fails: {
    title: "{node} does not begin, {seconds} so far",
    text: "It is told again and again. The answer: {text}",
  },
  pulling_image: {
    title: "{node} is pulling {image}, {done} of {total}",
    text: "How long it takes depends on your connection.",
  },
  image_stalls: {
    title: "{image} does not arrive on {node}: {done} of {total}, {seconds} so far",
    text: "The connection is open and nothing comes. It goes on by itself if the registry does.",
  },
  etcd_image_missing: {
    title: "{node} cannot fetch the etcd image {image}",
    text: "The registry does not answer this machine. It tries again by itself.",
  },
  etcd_unhealthy: {
    title: "etcd runs on {node} and is not healthy",
    text: "It may be waiting for other members, or for its disk. It says: {text}",
  },
  etcd_learner: {
    title: "etcd on {node} has no vote yet, {seconds} so far",
    text: "It is copying what the others know, and votes after that.",
  },
  etcd_no_space: {
    title: "etcd on {node} has no room left",
    text: "It takes nothing new until its alarm is cleared and room is made.",
  },
  etcd_disagrees: {
    title: "etcd on {node} counts other members than the others do",
    text: "It lists: {text}",
  },
  etcd_not_member: {
    title: "{node} is no member of etcd, {seconds} so far",
    text: "A control plane that does not count cannot stand in for another one.",
  },
  etcd_stranger: {
    title: "etcd has members that are no control plane of this cluster: {nodes}",
    text: "They count for the majority, and nobody can start them.",
  },
  etcd_no_quorum: {
    title:
      "The cluster stands still: {healthy} of {members} etcd members are well, {needed} are needed",
    text: "Nothing can change until a majority is back. What runs goes on.",
  },
  kubelet_image_missing: {
    title: "{node} cannot fetch the kubelet image {image}",
    text: "The registry does not answer this machine. It tries again by itself.",
  },
  kubelet_crashes: {
    title: "kubelet ends again and again on {node}",
    text: "A patch of its settings is the usual reason. Talos says: {text}",
  },
  kubelet_not_admitted: {
    title: "Kubernetes does not admit {node}, {seconds} so far",
    text: "kubelet runs and cannot sign in to the API.",
  },
  api_server_crashes: {
    title: "The API server ends again and again on {node}, {seconds} so far",
    text: "A patch of its settings is the usual reason. Its log says more.",
  },
  control_plane_not_ready: {
    title: "Parts of the control plane do not run on {node}",
    text: "Talos says: {text}",
  },
  pod_network_missing: {
    title: "The pod network cannot start on {node}",
    text: "Kubernetes says: {text}",
  },
  pod_network_none: {
    title: "No pod network is installed: {node} waits for one",
    text: "You chose to install one yourself. Machines become Ready with it.",
  },
  kube_proxy_not_ready: {
    title: "kube-proxy is not ready on {node}",
    text: "Services do not reach pods there until it is. Kubernetes says: {text}",
  },
  dns_not_ready: {
    title: "The cluster's DNS is not ready: {met} of {of}",
    text: "Names do not resolve in the cluster until it is.",
  },
  cordoned: {
    title: "{node} takes no new pods",
    text: "It is cordoned: somebody, or a patch, told Kubernetes to leave it out.",
  },
  memory_too_small: {
    title: "{node} has too little memory for Talos: {size}",
    text: "It runs, and may end programs when memory is short.",
  },
  data_too_small: {
    title: "{node} has too little room for data: {size}",
    text: "Images and logs of pods share it, and it cannot grow.",
  },
  diagnosed: { title: "Talos complains on {node}", text: "In its own words: {text}" },
  leave_refused: {
    title: "{node} refuses to leave",
    text: "It is told again and again. The answer: {text}",
  },
  leave_silent: {
    title: "{node} does not answer, so it cannot leave, {seconds} so far",
    text: "A machine says goodbye before it goes. Without that, its pods move once Kubernetes misses it.",
  },
  leave_slow: {
    title: "{node} is still leaving, {seconds} so far",
    text: "Its pods move to other machines first. One that may not be moved holds it up.",
  },
  leave_remembered: {
    title: "Kubernetes does not forget {node}",
    text: "The machine goes once that is done. The answer: {text}",
  },
  waits: {
    title: "{node} waits, {seconds} so far",
    text: "Talos waits for: {condition}",
  },
  slow: {
    title: "{node} takes longer than usual: {seconds}, usually {usual}",
    text: "Nothing says why. Its console shows what it does.",
  },
} as const satisfies Causes;

/** A cause as a segment of the timeline names it. */
export const stuckWord = {
  normal: "Working",
  warning: "Stuck",
  dead: "Stopped",
} as const;

export const remedy = {
  wait: "It goes on by itself when the cause is gone.",
  mend_link: "Mend the link",
  start_machine: "Start the machine",
  restart_machine: "Switch it off and on",
  open_console: "Console",
  open_node: "Look at the machine",
  open_image: "Look at the image",
  fetch_image: "Fetch the image",
  check_internet: "Check this computer",
  use_mirror: "Create it again with a mirror",
  check_time_servers: "Let its network reach the internet, or name a time server in a patch.",
  correct_patch: "Correct the patch",
  larger_disk: "Create it again with larger disks",
  more_memory: "Create it again with more memory",
  install_cni: "Install a pod network, for example Cilium, with the kubeconfig of this cluster.",
  open_host_check: "Check this computer",
  look_at_kubernetes: "Ask Kubernetes: kubectl describe node",
  free_etcd: "Free room in etcd: talosctl etcd defrag, then etcd alarm disarm.",
  remove_etcd_member: "Take it out of etcd: talosctl etcd members, then etcd remove-member.",
  uncordon: "Let it take pods again: kubectl uncordon.",
  take_out: "Take it out without waiting",
  start_control_planes: "Start the cluster",
  replace_node: "Take it out and add a new one",
  cancel_creation: "Stop and clean up",
} as const satisfies Words<ClusterRemedy["kind"]>;

/** A check in plain words, and Talos' own condition for it. */
export const health = {
  etcd: { name: "etcd is up", term: "etcd to be healthy" },
  etcd_agrees: { name: "Members agree on each other", term: "members consistent" },
  etcd_members: { name: "Only control planes are members", term: "members are control planes" },
  apid: { name: "Talos answers everywhere", term: "apid ready" },
  memory: { name: "Enough memory", term: "memory sizes" },
  disk: { name: "Enough disk", term: "disk sizes" },
  diagnostics: { name: "No complaints from Talos", term: "no diagnostics" },
  kubelet: { name: "kubelet is up", term: "kubelet healthy" },
  booted: { name: "Every machine finished its start", term: "boot sequence" },
  nodes_known: { name: "Kubernetes knows every machine", term: "nodes report" },
  static_pods: { name: "Control plane pods run", term: "static pods" },
  control_plane: { name: "Control plane is ready", term: "components ready" },
  nodes_ready: { name: "Every machine is Ready", term: "nodes report ready" },
  kube_proxy: { name: "kube-proxy is ready", term: "kube-proxy" },
  core_dns: { name: "Names resolve", term: "coredns" },
  schedulable: { name: "Every machine takes new pods", term: "schedulable" },
} as const satisfies Record<HealthCode, { name: string; term: string }>;

/** A check that is not as wanted, as one sentence with its figures. */
export const healthFails = {
  etcd: "etcd is up on {met} of {of}: not on {nodes}",
  etcd_agrees: "{met} of {of} see the same members: not {nodes}",
  etcd_members: "{met} of {of} members are control planes: look at {nodes}",
  apid: "Talos answers on {met} of {of}: not on {nodes}",
  memory: "{met} of {of} have enough memory: not {nodes}, the least is {least}",
  disk: "{met} of {of} have enough disk: not {nodes}, the least is {least}",
  diagnostics: "Talos complains on {nodes}",
  kubelet: "kubelet is up on {met} of {of}: not on {nodes}",
  booted: "{met} of {of} finished their start: not {nodes}",
  nodes_known: "Kubernetes knows {met} of {of}: not {nodes}",
  static_pods: "Control plane pods run on {met} of {of}: not on {nodes}",
  control_plane: "{met} of {of} parts of the control plane are ready: look at {nodes}",
  nodes_ready: "{met} of {of} machines are Ready: not {nodes}",
  kube_proxy: "kube-proxy is ready on {met} of {of}: not on {nodes}",
  core_dns: "{met} of {of} DNS servers are ready: look at {nodes}",
  schedulable: "{met} of {of} take new pods: not {nodes}",
} as const satisfies Words<HealthCode>;

export const memberStage = {
  planned: "Not made yet",
  off: "Off",
  boot: "Boot",
  maintenance: "Waits for its configuration",
  handed_over: "Configured by other tools",
  install: "Install",
  join: "Join",
  etcd: "etcd",
  kubernetes: "Kubernetes",
  ready: "Ready",
  lost: "Does not answer",
  leaving: "Leaving",
} as const satisfies Words<MemberStage>;

export const event = {
  formed: "Healthy for the first time, after {seconds}",
  recovered: "Healthy again",
  degraded: "Not as wanted any more: {check}",
  started: "Told to start",
  stopped: "Told to stop",
  woke: "This computer slept for {seconds}",
  node_ready: "{node} is ready",
  node_lost: "{node} does not answer any more",
  leader_moved: "{node} leads etcd now",
  endpoint_moved: "{node} holds the API address now",
  worker_came: "{node} joined",
  worker_went: "{node} left",
  bootstrapped: "{node} was told to start the cluster",
  configured: "{node} was given its configuration",
  reconfigured: "{node} was given other patches",
  sample_came: "The sample app answers",
  sample_went: "The sample app is gone",
} as const satisfies Words<ClusterEventCode>;

export const consequence = {
  none: "Nothing that anybody would notice.",
  quorum_lost:
    "This would leave {left} of {members} control planes, and {needed} are needed: the cluster stops.",
  no_spare: "This leaves {left} of {members} control planes: none may fail any more.",
  spare:
    "This leaves {left} of {members} control planes: the cluster goes on, and {spare} more may fail.",
  api_away: "The Kubernetes API is away until {node} is back. What runs goes on.",
  pods_move: "Pods of {node} move to the {workers} other workers.",
  last_worker: "{node} is the last worker: pods have nowhere to run.",
} as const satisfies Words<ConsequenceCode>;

export const certificate = {
  talos_authority: "Talos' authority",
  kubernetes_authority: "Kubernetes' authority",
  etcd_authority: "etcd's authority",
  aggregator_authority: "Aggregated APIs' authority",
  talos_client: "Crete's own, renewed",
  kubeconfig: "The kubeconfig, renewed",
  talosconfig: "The talosconfig, renewed",
} as const satisfies Words<CertificateOf>;

export const source = {
  qemu: "QEMU",
  console: "console",
  network: "network",
  talos: "Talos",
  kubernetes: "Kubernetes",
} as const satisfies Words<EvidenceSource>;
