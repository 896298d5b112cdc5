/** Every route, in both themes and both sizes: no accessibility fault, and a picture to look at. */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { en } from "../../ui/src/messages";
import type { PageName } from "../../ui/src/model/router.svelte";
import { sees, untilBooted, walk } from "../journey/journey";
import { until } from "../journey/wait";
import { deleteNetwork } from "./bin";
import { look, LOOKS, SMALLEST, STILL } from "./look";
import { Mouse } from "./mouse";
import { browser, devHost, home, visit } from "./person";

/** Many pages in many looks: some minutes where much else runs. */
const LONG = 15 * 60_000;

/**
 * A route without an address here does not compile. A cluster's own page needs a cluster, and is
 * looked at where one is made.
 */
type Addresses = Record<
  Exclude<PageName, "cluster"> | "job" | "reveal" | "storage" | "wire" | NetworkView,
  string
>;

/** The views of a network beside its first one. */
const NETWORK_VIEWS = ["machines", "addresses", "heard", "reveal"] as const;
type NetworkView = `network-${(typeof NETWORK_VIEWS)[number]}`;

const named = (all: Addresses) => Object.entries(all) as [keyof Addresses, string][];

/** The page a route belongs to, in the page's own words. */
function place(name: keyof Addresses, address: string): string {
  if (name === "job") return "activity" satisfies PageName;
  if (name === "storage") return "settings" satisfies PageName;
  if (address.startsWith("#/networks/")) return `network ${address.split(/[/?]/)[2]!}`;
  return name === "machine" || name === "reveal" ? `machine ${address.split("/")[2]!}` : name;
}

interface Known {
  machine: string;
  job: string;
  image: string;
  network: string;
}

function addresses({ machine, job, image, network }: Known): Addresses {
  const views = NETWORK_VIEWS.map((view) => [`network-${view}`, `#/networks/${network}/${view}`]);
  return {
    home: "#/",
    clusters: "#/clusters",
    "new-cluster": "#/clusters/new",
    images: "#/images",
    "new-image": "#/images/new",
    machines: "#/machines",
    "new-machine": `#/machines/new?image=${image}`,
    machine: `#/machines/${machine}`,
    reveal: `#/machines/${machine}/reveal`,
    networks: "#/networks",
    network: `#/networks/${network}`,
    wire: `#/networks/${network}?machine=${machine}`,
    ...(Object.fromEntries(views) as Record<NetworkView, string>),
    host: "#/host",
    activity: "#/activity",
    job: `#/activity/${job}`,
    settings: "#/settings",
    storage: "#/settings/storage",
    trash: "#/trash",
    gallery: "#/gallery",
  };
}

/** Opens a route and waits until it, and not the page before, shows what it has. */
async function open(page: Page, name: keyof Addresses, address: string): Promise<void> {
  await page.evaluate((hash) => (window.location.hash = hash), address);
  await page.locator(`main[data-place="${place(name, address)}"] h1`).waitFor();
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

/** Every page in turn, each looked at once it shows what it has. */
async function tour(
  page: Page,
  all: Addresses,
  look: (name: string) => Promise<void>,
): Promise<void> {
  for (const [name, address] of named(all)) {
    await open(page, name, address);
    if (name === "machine")
      await page.locator(".xterm-rows").getByText("[talos]").first().waitFor();
    // The picture is complete once the machine's card is connected.
    if (name === "network" || name === "wire")
      await page.getByRole("radio", { name: new RegExp(en.networks.word.connected) }).waitFor();
    if (name === "new-image")
      await page.getByText("metal-amd64.raw.zst").first().waitFor({ state: "attached" });
    await look(name);
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
    const nothing = { machine: "none", job: "none", image: "", network: "none" };
    const empty = named(addresses(nothing)).filter(
      ([name]) => !/^(job|reveal|wire|new-image|gallery|network-\w+)$/.test(name),
    );
    for (const [name, address] of empty) {
      await open(page, name, address);
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
  await open(first, "activity", "#/activity");
  const job = (await first.locator("main a[href^='#/activity/']").first().getAttribute("href"))!;
  await open(first, "images", "#/images");
  const image = (await first.locator("main a[href*='image=']").first().getAttribute("href"))!;
  await open(first, "networks", "#/networks");
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
  const { page } = await visit(chromium, host, { ...STILL, viewport: SMALLEST });
  await open(page, "settings", "#/settings");
  await page.getByRole("switch", { name: en.settings.contrast }).click();
  await page.locator(":root[data-contrast=more]").waitFor();
  await page.getByLabel(en.settings.textSize).fill("200");
  await page.locator(':root[style*="200%"]').waitFor();
  await tour(page, all, (name) => judge(page, `${name}-large`));
  expect(faults).toEqual([]);
});
