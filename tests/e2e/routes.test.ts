/** Every route, in both themes and both sizes: no accessibility fault, and a picture to look at. */
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { en } from "../../ui/src/messages";
import type { PageName } from "../../ui/src/model/router.svelte";
import { result } from "../journey/places";
import { sees, untilBooted, walk } from "../journey/journey";
import { until } from "../journey/wait";
import { Mouse } from "./mouse";
import { browser, DESIGN, devHost, home, visit } from "./person";

const SMALLEST = { width: 1024, height: 680 };
const LOOKS = (["light", "dark"] as const).flatMap((theme) =>
  [DESIGN, SMALLEST].map((size) => ({ theme, size })),
);

/** Without motion: a colour looked at halfway through a change is nobody's choice. */
const STILL = { reducedMotion: "reduce" } as const;

/** A route without an address here does not compile. */
type Addresses = Record<PageName | "job" | "reveal", string>;

function addresses(machine: string, job: string, image: string): Addresses {
  return {
    home: "#/",
    images: "#/images",
    "new-image": "#/images/new",
    machines: "#/machines",
    "new-machine": `#/machines/new?image=${image}`,
    machine: `#/machines/${machine}`,
    reveal: `#/machines/${machine}/reveal`,
    host: "#/host",
    activity: "#/activity",
    job: `#/activity/${job}`,
    settings: "#/settings",
    gallery: "#/gallery",
  };
}

/** Opens a route and waits until it, and not the page before, shows what it has. */
async function open(page: Page, address: string): Promise<void> {
  await page.evaluate((hash) => (window.location.hash = hash), address);
  const { place, parse } = await import("../../ui/src/model/router.svelte");
  await page.locator(`main[data-place="${place(parse(address))}"] h1`).waitFor();
  await until("the page being complete", 20_000, async () => {
    const busy = await page.locator("main").getByText(en.common.loading, { exact: true }).count();
    return busy === 0;
  });
  await page.evaluate("document.fonts.ready");
}

/** Checks a page as it stands, and keeps its picture. */
async function look(page: Page, name: string): Promise<string[]> {
  await page.screenshot({ path: result("e2e", "routes", `${name}.png`) });
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
    .analyze();
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${name}: ${id} at ${node.target.join(" ")}: ${node.failureSummary}`),
  );
}

/** True when something makes the page wider than its window. */
function isWide(page: Page): Promise<boolean> {
  return page.evaluate<boolean>(
    "document.documentElement.scrollWidth > document.documentElement.clientWidth",
  );
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
    const empty = Object.entries(addresses("none", "none", "")).filter(
      ([name]) => !["job", "reveal", "new-image", "gallery"].includes(name),
    );
    for (const [name, address] of empty) {
      await open(page, address);
      faults.push(...(await look(page, `empty-${name}-${size.width}-${theme}`)));
      if (await isWide(page)) faults.push(`${name} is too wide at ${size.width}`);
    }
    await page.context().close();
  }
  expect(faults).toEqual([]);
});

test("every route with an image, a machine and finished work", async () => {
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
  await first.context().close();

  const faults: string[] = [];
  const all = addresses(running!.machine, job.split("/").at(-1)!, image.split("image=").at(-1)!);
  for (const { theme, size } of LOOKS) {
    const { page } = await visit(chromium, host, {
      ...STILL,
      colorScheme: theme,
      viewport: size,
    });
    await sees(new Mouse(page, "routes"), en.home.machines);
    for (const [name, address] of Object.entries(all)) {
      await open(page, address);
      if (name === "machine")
        await page.locator(".xterm-rows").getByText("[talos]").first().waitFor();
      if (name === "new-image")
        await page.getByText("metal-amd64.raw.zst").first().waitFor({ state: "attached" });
      faults.push(...(await look(page, `${name}-${size.width}-${theme}`)));
      if (await isWide(page)) faults.push(`${name} is too wide at ${size.width}`);
    }
    await page.context().close();
  }
  expect(faults).toEqual([]);
});
