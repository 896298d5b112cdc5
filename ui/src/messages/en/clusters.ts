/** The few words of clusters that the frame and Home show; all others come with their pages. */
import type { ClusterDenied, ClusterPhase } from "../../platform/generated/api";

type Words<K extends string> = Record<K, string>;

export const clusters = {
  title: "Clusters",
  new: "New cluster",
  crumb: "New",
  facts: "Talos {talos} · Kubernetes {kubernetes}",
  machines: { one: "{n} machine", other: "{n} machines" },
  readyOf: "{ready} of {all} machines ready",
  since: "for {time}",
  up: { one: "{n} cluster is up.", other: "{n} clusters are up." },
  sick: { one: "{n} cluster needs a look.", other: "{n} clusters need a look." },
  consoles: "Consoles",
  kubeconfig: "Connect",
  none: "None yet",
  first: "A cluster",
  firstText:
    "Machines with Talos that become one [Kubernetes](kubernetes). Everything is filled in: two clicks from here.",
  firstCost: "4 GiB of memory and up",
  recipe: "Have a recipe file? Drop it on this window.",
  phase: {
    creating: "Creating",
    unfinished: "Not finished",
    maintenance: "Waits for its settings",
    handed_over: "Run by other tools",
    starting: "Starting",
    healthy: "Healthy",
    degraded: "Needs a look",
    unreachable: "Does not answer",
    stopping: "Stopping",
    stopped: "Off",
    undoing: "Cleaning up",
  } satisfies Words<ClusterPhase>,
  denied: {
    stopped: "It is off already.",
    running: "It is on already.",
    busy: "Other work on it goes on.",
    not_formed: "It is not made yet.",
    formed: "It is made already: stop or delete it.",
    not_running: "It has to be on for this.",
    still_running: "It has to be off for this.",
    no_workers: "It has no worker.",
    not_ours: "Its machines are left to other tools.",
    practice: "Practice machines run no pods.",
    nothing_to_do: "It is so already.",
    name_taken: "Another cluster has its name now. Delete that one first.",
    endpoint_taken:
      "Another cluster of its network has the address of its Kubernetes API now. Delete that one first.",
  } satisfies Words<ClusterDenied>,
} as const;
