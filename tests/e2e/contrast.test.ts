/**
 * Contrast and colours that the desktop asks for, in both themes: the same as with the page's own
 * switch, and readable where the desktop's few colours replace all of the page's.
 */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { en } from "../../ui/src/messages";
import { href, toSettings } from "../../ui/src/model/routes";
import { sees } from "../journey/journey";
import { look, STILL } from "./look";
import { Mouse } from "./mouse";
import { browser, devHost, home, visit } from "./person";

const THEMES = ["light", "dark"] as const;

/** Every colour and shadow that the page is drawn with. */
const tokens = (page: Page): Promise<Record<string, string>> =>
  page.evaluate(`(() => {
    const style = getComputedStyle(document.documentElement);
    const names = [...document.styleSheets]
      .flatMap((sheet) => [...sheet.cssRules])
      .flatMap((rule) => (rule.selectorText?.includes(":root") ? [...rule.style] : []))
      .filter((name) => name.startsWith("--"));
    return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(name)]));
  })()`);

const go = (page: Page, hash: string): Promise<string> =>
  page.evaluate<string, string>((to) => (window.location.hash = to), hash);

test("high contrast that the desktop asks for is what the switch gives", async () => {
  const host = await devHost(home());
  const { page } = await visit(await browser(), host, STILL);
  await go(page, href(toSettings()));
  const seen: string[] = [];
  for (const theme of THEMES) {
    // The theme is once the desktop's and once chosen on the page: the tokens are told apart by both.
    await page.emulateMedia({ colorScheme: theme, contrast: "no-preference" });
    const plain = await tokens(page);
    await page.emulateMedia({ contrast: "more" });
    const asked = await tokens(page);
    expect(asked).not.toEqual(plain);
    seen.push(asked["--text"]!);
    await page.getByRole("radio", { name: en.theme[theme] }).click();
    await page.locator(`:root[data-theme=${theme}]`).waitFor();
    expect(await tokens(page)).toEqual(asked);
    await page.emulateMedia({ contrast: "no-preference" });
    await page.getByRole("switch", { name: en.settings.contrast }).click();
    await page.locator(":root[data-contrast=more]").waitFor();
    expect(await tokens(page)).toEqual(asked);
    await page.getByRole("switch", { name: en.settings.contrast }).click();
    await page.locator(":root:not([data-contrast])").waitFor();
    await page.getByRole("radio", { name: en.theme.system }).click();
    await page.locator(":root:not([data-theme])").waitFor();
  }
  expect(new Set(seen).size).toBe(THEMES.length);
});

test("what the desktop's own colours leave is readable", async () => {
  const host = await devHost(home(), { args: ["--practice"] });
  const chromium = await browser();
  const faults: string[] = [];
  for (const theme of THEMES) {
    const media = { colorScheme: theme, forcedColors: "active" } as const;
    const { page } = await visit(chromium, host, { ...STILL, ...media });
    await sees(new Mouse(page, "contrast"), en.home.empty);
    for (const name of ["", "images/new", "host", "settings", "gallery"]) {
      await go(page, `#/${name}`);
      await page.locator(`main[aria-busy=false] h1`).waitFor();
      const picture = `forced-${name.replace("/", "-") || "home"}-${theme}`;
      const found = await look(page, "contrast", picture);
      // It reads the colours that were asked for, and not those that the desktop puts in their place.
      faults.push(...found.filter((fault) => !fault.includes("color-contrast")));
    }
    await page.context().close();
  }
  expect(faults).toEqual([]);
});
