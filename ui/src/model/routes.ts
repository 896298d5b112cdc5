/** The routes of the page, and their addresses in the fragment. It knows no window. */

/** What a machine's node says of itself. */
export const NODE_TABS = [
  "talos",
  "services",
  "logs",
  "disks",
  "network",
  "config",
  "resources",
] as const;
export type NodeTab = (typeof NODE_TABS)[number];

export const MACHINE_TABS = ["console", "dashboard", ...NODE_TABS, "reveal"] as const;
export type MachineTab = (typeof MACHINE_TABS)[number];

export const NETWORK_TABS = ["overview", "machines", "addresses", "heard", "reveal"] as const;
export type NetworkTab = (typeof NETWORK_TABS)[number];

export const CLUSTER_TABS = [
  "overview",
  "machines",
  "consoles",
  "health",
  "config",
  "access",
] as const;
export type ClusterTab = (typeof CLUSTER_TABS)[number];

export const SETTINGS_PAGES = [
  "appearance",
  "service",
  "storage",
  "machines",
  "practice",
  "keyboard",
  "about",
] as const;
export type SettingsPage = (typeof SETTINGS_PAGES)[number];

export const JOB_FILTERS = ["all", "running", "failed"] as const;
export type JobFilter = (typeof JOB_FILTERS)[number];

export type Route =
  | { page: "home" }
  | { page: "clusters" }
  | { page: "new-cluster" }
  /** With the machine or the check that was chosen in it. */
  | { page: "cluster"; id: string; tab: ClusterTab; chosen: string }
  | { page: "images" }
  | { page: "new-image" }
  | { page: "machines" }
  | { page: "new-machine"; image: string }
  | { page: "machine"; id: string; tab: MachineTab }
  | { page: "networks"; adding: boolean }
  | { page: "network"; id: string; tab: NetworkTab; machine: string }
  | { page: "host" }
  | { page: "activity"; id: string; filter: JobFilter }
  | { page: "trash" }
  | { page: "settings"; topic: SettingsPage }
  | { page: "gallery" };

export type PageName = Route["page"];

function oneOf<T extends string>(known: readonly T[], text: string, otherwise: T): T {
  return known.find((item) => item === text) ?? otherwise;
}

/** Decodes one part of a path; a part that is no valid escape is taken as it stands. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function parse(fragment: string): Route {
  const [path = "", query = ""] = fragment.replace(/^#?\/?/, "").split("?", 2);
  const [first = "", second = "", third = ""] = path.split("/").map(decode);
  const asked = new URLSearchParams(query);
  switch (first) {
    case "clusters":
      if (second === "new") return { page: "new-cluster" };
      if (second === "") return { page: "clusters" };
      return {
        page: "cluster",
        id: second,
        tab: oneOf(CLUSTER_TABS, third, "overview"),
        chosen: asked.get("chosen") ?? "",
      };
    case "images":
      return second === "new" ? { page: "new-image" } : { page: "images" };
    case "machines":
      if (second === "new") return { page: "new-machine", image: asked.get("image") ?? "" };
      if (second === "") return { page: "machines" };
      return { page: "machine", id: second, tab: oneOf(MACHINE_TABS, third, "console") };
    case "networks":
      if (second === "new" || second === "") return { page: "networks", adding: second !== "" };
      return {
        page: "network",
        id: second,
        tab: oneOf(NETWORK_TABS, third, "overview"),
        machine: asked.get("machine") ?? "",
      };
    case "activity":
      return {
        page: "activity",
        id: second,
        filter: oneOf(JOB_FILTERS, asked.get("show") ?? "", "all"),
      };
    case "settings":
      return { page: "settings", topic: oneOf(SETTINGS_PAGES, second, "appearance") };
    case "host":
    case "trash":
    case "gallery":
      return { page: first };
    default:
      return { page: "home" };
  }
}

export function href(route: Route): string {
  const part = encodeURIComponent;
  switch (route.page) {
    case "home":
      return "#/";
    case "new-cluster":
      return "#/clusters/new";
    case "cluster": {
      const query = route.chosen ? `?chosen=${part(route.chosen)}` : "";
      return `#/clusters/${part(route.id)}${route.tab === "overview" ? "" : `/${route.tab}`}${query}`;
    }
    case "new-image":
      return "#/images/new";
    case "new-machine":
      return route.image ? `#/machines/new?image=${part(route.image)}` : "#/machines/new";
    case "machine":
      return `#/machines/${part(route.id)}${route.tab === "console" ? "" : `/${route.tab}`}`;
    case "networks":
      return route.adding ? "#/networks/new" : "#/networks";
    case "network": {
      const query = route.machine ? `?machine=${part(route.machine)}` : "";
      return `#/networks/${part(route.id)}${route.tab === "overview" ? "" : `/${route.tab}`}${query}`;
    }
    case "activity": {
      const query = route.filter === "all" ? "" : `?show=${route.filter}`;
      return `#/activity${route.id ? `/${part(route.id)}` : ""}${query}`;
    }
    case "settings":
      return route.topic === "appearance" ? "#/settings" : `#/settings/${route.topic}`;
    default:
      return `#/${route.page}`;
  }
}

export const toMachine = (id: string, tab: MachineTab = "console"): Route => ({
  page: "machine",
  id,
  tab,
});
export const toCluster = (id: string, tab: ClusterTab = "overview", chosen = ""): Route => ({
  page: "cluster",
  id,
  tab,
  chosen,
});
export const toNewCluster = { page: "new-cluster" } as const satisfies Route;
/** A network, with a machine of it whose wire is looked at. */
export const toNetwork = (id: string, tab: NetworkTab = "overview", machine = ""): Route => ({
  page: "network",
  id,
  tab,
  machine,
});
export const toNetworks = { page: "networks", adding: false } as const satisfies Route;
export const toJob = (id: string): Route => ({ page: "activity", id, filter: "all" });
export const toActivity = { page: "activity", id: "", filter: "all" } as const satisfies Route;
export const toSettings = (topic: SettingsPage = "appearance"): Route => ({
  page: "settings",
  topic,
});

/**
 * What one page is: routes of the same place differ only in a tab, a filter or a selected row, so
 * moving between them keeps the page and the focus where they are.
 */
export function place(route: Route): string {
  if (route.page === "machine" || route.page === "network" || route.page === "cluster")
    return `${route.page} ${route.id}`;
  return route.page;
}
