/** Looking at a page as it stands: its accessibility, its width, its stillness, its picture. */
import type { AxeResults, RunOptions } from "axe-core";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { result } from "../journey/places";
import { moving } from "./motion";
import { DESIGN } from "./person";

export const SMALLEST = { width: 1024, height: 680 };
/** Each theme and each size once: all four pairs would take twice the time. */
export const LOOKS = [
  { theme: "light", size: DESIGN },
  { theme: "dark", size: SMALLEST },
] as const;

/** Without motion: a colour looked at halfway through a change is nobody's choice. */
export const STILL = { reducedMotion: "reduce" } as const;

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES: RunOptions = {
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  resultTypes: ["violations"],
};

/** What axe finds on a page. It is given to a document once: reading it takes as long as a run. */
async function violations(page: Page): Promise<AxeResults["violations"]> {
  if (!(await page.evaluate<boolean>("'axe' in window"))) await page.evaluate(AXE);
  return page.evaluate(`axe.run(${JSON.stringify(RULES)}).then(({ violations }) => violations)`);
}

/** Checks a page as it stands, and keeps its picture. */
export async function look(page: Page, folder: string, name: string): Promise<string[]> {
  await page.screenshot({ path: result("e2e", folder, `${name}.png`) });
  const found = await violations(page);
  const wide = await page.evaluate<boolean>(
    "document.documentElement.scrollWidth > document.documentElement.clientWidth",
  );
  return found
    .flatMap(({ id, nodes }) =>
      nodes.map((node) => `${name}: ${id} at ${node.target.join(" ")}: ${node.failureSummary}`),
    )
    .concat(wide ? `${name} is wider than the window` : [])
    .concat((await moving(page)).map((what) => `${name}: ${what} moves, though nothing should`));
}

/**
 * Looks at a page as it stands, and in the dark theme once more as somebody who sees little has it:
 * with the contrast that the desktop asks for and with text twice as large. High contrast in the
 * light theme is looked at on every route.
 */
export async function lookTwice(
  page: Page,
  folder: string,
  name: string,
  theme: "light" | "dark",
): Promise<string[]> {
  const found = await look(page, folder, name);
  if (theme === "light") return found;
  const size = (percent: string) =>
    page.evaluate((size) => (document.documentElement.style.fontSize = size), percent);
  await page.emulateMedia({ contrast: "more" });
  await size("200%");
  found.push(...(await look(page, folder, `${name}-large`)));
  await size("");
  await page.emulateMedia({ contrast: "no-preference" });
  return found;
}
