/** Which component draws which route. Only Home is there from the start. */
import type { Component } from "svelte";
import type { PageName, Route } from "../model/router.svelte";
import HomePage from "../features/home/HomePage.svelte";

type Drawn = Component<Record<string, unknown>>;

export interface Page {
  Page: Drawn;
  /** Parts of other features that this page shows; features do not know one another. */
  parts: Record<string, unknown>;
}

/** A page's own properties are checked where it is written; here it is one of many. */
const drawn = (module: { default: unknown }): Drawn => module.default as Drawn;

const page = async (module: Promise<{ default: unknown }>): Promise<Page> => ({
  Page: drawn(await module),
  parts: {},
});

async function machine(): Promise<Page> {
  const [machine, console, node] = await Promise.all([
    import("../features/machines/MachinePage.svelte"),
    import("../features/consoles/Console.svelte"),
    import("../features/nodes/NodePanel.svelte"),
  ]);
  return { Page: drawn(machine), parts: { Console: console.default, Node: node.default } };
}

async function cluster(): Promise<Page> {
  const [cluster, console] = await Promise.all([
    import("../features/clusters/ClusterPage.svelte"),
    import("../features/consoles/Console.svelte"),
  ]);
  return { Page: drawn(cluster), parts: { Console: console.default } };
}

/** The parts in all their states; left out of what people get. */
async function gallery(): Promise<Page> {
  if (import.meta.env.MODE === "production") return home();
  return page(import("../design/gallery/GalleryPage.svelte"));
}

const home = (): Promise<Page> => page(Promise.resolve({ default: HomePage }));

const PAGES: Record<PageName, () => Promise<Page>> = {
  home,
  clusters: () => page(import("../features/clusters/ClustersPage.svelte")),
  "new-cluster": () => page(import("../features/clusters/NewClusterPage.svelte")),
  cluster,
  images: () => page(import("../features/images/ImagesPage.svelte")),
  "new-image": () => page(import("../features/studio/StudioPage.svelte")),
  machines: () => page(import("../features/machines/MachinesPage.svelte")),
  "new-machine": () => page(import("../features/machines/NewMachinePage.svelte")),
  machine,
  networks: () => page(import("../features/networks/NetworksPage.svelte")),
  network: () => page(import("../features/networks/NetworkPage.svelte")),
  host: () => page(import("../features/host/HostPage.svelte")),
  activity: () => page(import("../features/activity/ActivityPage.svelte")),
  trash: () => page(import("../features/trash/TrashPage.svelte")),
  settings: () => page(import("../features/settings/SettingsPage.svelte")),
  gallery,
};

export const loadPage = (route: Route): Promise<Page> => PAGES[route.page]();
