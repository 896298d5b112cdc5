/** Every route, in both themes and both sizes: no accessibility fault, and a picture to look at. */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { en, fill } from "../../ui/src/messages";
import {
  href,
  MACHINE_TABS,
  NETWORK_TABS,
  NODE_TABS,
  parse,
  place,
  SETTINGS_PAGES,
  toMachine,
  toNetwork,
  toSettings,
  type MachineTab,
  type NetworkTab,
  type NodeTab,
  type PageName,
  type Route,
  type SettingsPage,
} from "../../ui/src/model/routes";
import { sees, untilBooted, walk } from "../journey/journey";
import { until } from "../journey/wait";
import { deleteNetwork } from "./bin";
import { look, LOOKS, SMALLEST, STILL } from "./look";
import { Mouse } from "./mouse";
import { browser, devHost, home, visit } from "./person";

/** Many pages in many looks: some minutes where much else runs. */
const LONG = 15 * 60_000;

/** The machine's own views; what its node says of itself is looked at in `node.test.ts`. */
type MachineView = Exclude<MachineTab, NodeTab>;
const MACHINE_VIEWS = MACHINE_TABS.filter(
  (tab): tab is MachineView => !(NODE_TABS as readonly MachineTab[]).includes(tab),
);

/** Pages of which every tab is looked at: their tabs are the router's own. */
type Tabbed = "machine" | "network" | "settings";
/**
 * A route without an address here does not compile. A cluster's own page needs a cluster, and every
 * tab of it is looked at in `cluster.test.ts`.
 */
type Name =
  | Exclude<PageName, "cluster" | Tabbed>
  | `machine-${MachineView}`
  | `network-${NetworkTab}`
  | `settings-${SettingsPage}`
  | "job"
  | "wire";
type Addresses = Record<Name, string>;

/** An address for each tab of a page. */
function tabs<P extends Tabbed, T extends string>(
  page: P,
  all: readonly T[],
  to: (tab: T) => Route,
): Record<`${P}-${T}`, string> {
  const each = all.map((tab) => [`${page}-${tab}`, href(to(tab))]);
  return Object.fromEntries(each) as Record<`${P}-${T}`, string>;
}

const named = (all: Addresses) => Object.entries(all) as [Name, string][];

interface Known {
  machine: string;
  job: string;
  image: string;
  network: string;
}

function addresses({ machine, job, image, network }: Known): Addresses {
  return {
    home: "#/",
    clusters: "#/clusters",
    "new-cluster": "#/clusters/new",
    images: "#/images",
    "new-image": "#/images/new",
    machines: "#/machines",
    "new-machine": `#/machines/new?image=${image}`,
    ...tabs("machine", MACHINE_VIEWS, (tab) => toMachine(machine, tab)),
    networks: "#/networks",
    ...tabs("network", NETWORK_TABS, (tab) => toNetwork(network, tab)),
    wire: `#/networks/${network}?machine=${machine}`,
    host: "#/host",
    activity: "#/activity",
    job: `#/activity/${job}`,
    ...tabs("settings", SETTINGS_PAGES, toSettings),
    trash: "#/trash",
    gallery: "#/gallery",
  };
}

/** Opens a route and waits until it, and not the page before, shows what it has. */
async function open(page: Page, address: string): Promise<void> {
  await page.evaluate((hash) => (window.location.hash = hash), address);
  await page.locator(`main[data-place="${place(parse(address))}"] h1`).waitFor();
  await until("the page being complete", 20_000, async () => {
    const busy = await page.locator("main").getByText(en.common.loading, { exact: true }).count();
    return busy === 0;
  });
  await page.evaluate("document.fonts.ready");
}

/** Walks the studio's steps, with each kind of target. */
async function lookAtStudio(page: Page, look: (name: string) => Promise<void>): Promise<void> {
  const { step, targetTitle, searchExtensions } = en.studio;
  const go = (name: keyof typeof step) =>
    page.getByRole("navigation", { name: en.studio.steps }).getByText(step[name]).click();
  await go("extensions");
  const field = page.getByLabel(new RegExp(searchExtensions.replace("{n}", "[1-9]\\d*")));
  await field.waitFor();
  await look("studio-extensions");
  for (const name of ["customization", "result"] as const) {
    await go(name);
    await look(`studio-${name}`);
  }
  await go("basics");
  for (const name of ["cloud", "sbc"] as const) {
    await page.getByRole("radio", { name: targetTitle[name] }).click();
    const places = en.studio[name === "sbc" ? "board" : "cloud"];
    await page.getByRole("radiogroup", { name: places }).waitFor();
    await look(`studio-${name}`);
  }
  // Answers stay when the page is left.
  await page.getByRole("radio", { name: targetTitle.metal }).click();
}

/** The question before an image is deleted, opened and left. */
async function lookAtDeletion(page: Page, look: (name: string) => Promise<void>): Promise<void> {
  const menu = fill(en.common.more, { name: "" });
  await page.locator("main").getByRole("button", { name: menu }).first().click();
  await page.getByRole("menuitem", { name: en.common.delete }).click();
  await page.getByRole("dialog").waitFor();
  await look("image-deletion");
  await page.getByRole("dialog").getByRole("button", { name: en.common.cancel }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
}

/** Every page in turn, each looked at once it shows what it has. */
async function tour(
  page: Page,
  all: Addresses,
  look: (name: string) => Promise<void>,
): Promise<void> {
  for (const [name, address] of named(all)) {
    await open(page, address);
    if (name === "machine-console")
      await page.locator(".xterm-rows").getByText("[talos]").first().waitFor();
    // The picture is complete once the machine's card is connected.
    if (name === "network-overview" || name === "wire")
      await page.getByRole("radio", { name: new RegExp(en.networks.word.connected) }).waitFor();
    if (name === "new-image")
      await page.getByText("metal-amd64.raw.zst").first().waitFor({ state: "attached" });
    await look(name);
    if (name === "images") await lookAtDeletion(page, look);
    if (name === "new-image") await lookAtStudio(page, look);
  }
}

test("every route without anything in it", async () => {
  const host = await devHost(home(), { args: ["--practice"] });
  const chromium = await browser();
  const faults: string[] = [];
  for (const { theme, size } of LOOKS) {
    const { page } = await visit(chromium, host, {
      ...STILL,
      colorScheme: theme,
      viewport: size,
    });
    await sees(new Mouse(page, "routes"), en.home.empty);
    const nothing = {
      machine: "none",
      job: "none",
      image: "",
      network: "none",
    };
    const empty = named(addresses(nothing)).filter(
      ([name]) =>
        !/^(job|wire|new-image|gallery|machine-(dashboard|reveal)|network-(?!overview)\w+)$/.test(
          name,
        ),
    );
    for (const [name, address] of empty) {
      await open(page, address);
      faults.push(...(await look(page, "routes", `empty-${name}-${size.width}-${theme}`)));
    }
    await page.context().close();
  }
  expect(faults).toEqual([]);
});

test("every route with an image, a machine and finished work", { timeout: LONG }, async () => {
  const person = home();
  const host = await devHost(person, { args: ["--practice"] });
  const chromium = await browser();
  const { page: first } = await visit(chromium, host);
  await walk(new Mouse(first, "routes-way"), untilBooted);
  const [running] = person.machines();
  await open(first, "#/activity");
  const job = (await first.locator("main a[href^='#/activity/']").first().getAttribute("href"))!;
  await open(first, "#/images");
  const image = (await first.locator("main a[href*='image=']").first().getAttribute("href"))!;
  await open(first, "#/networks");
  const network = (await first
    .locator("main a[href^='#/networks/']:not([href$='/new'])")
    .first()
    .getAttribute("href"))!;
  await deleteNetwork(new Mouse(first, "routes-way"), "kommos");
  await first.context().close();

  const faults: string[] = [];
  const all = addresses({
    machine: running!.machine,
    job: job.split("/").at(-1)!,
    image: image.split("image=").at(-1)!,
    network: network.split("/").at(-1)!,
  });
  const judge = async (page: Page, name: string) => {
    faults.push(...(await look(page, "routes", name)));
  };
  for (const { theme, size } of LOOKS) {
    const { page } = await visit(chromium, host, {
      ...STILL,
      colorScheme: theme,
      viewport: size,
    });
    await sees(new Mouse(page, "routes"), en.home.machines);
    await tour(page, all, (name) => judge(page, `${name}-${size.width}-${theme}`));
    await page.context().close();
  }
  // As somebody who sees little sets it up, in the smaller window: both at once, each being a tour.
  const { page } = await visit(chromium, host, {
    ...STILL,
    viewport: SMALLEST,
  });
  await open(page, "#/settings");
  await page.getByRole("switch", { name: en.settings.contrast }).click();
  await page.locator(":root[data-contrast=more]").waitFor();
  await page.getByLabel(en.settings.textSize).fill("200");
  await page.locator(':root[style*="200%"]').waitFor();
  await tour(page, all, (name) => judge(page, `${name}-large`));
  expect(faults).toEqual([]);
});
