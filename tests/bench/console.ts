/**
 * A long console in the page: how many lines a second it shows, and how long its pictures take
 * meanwhile. The page is the real one in Chromium, over the dev host. Prints figures as JSON.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { launch } from "../e2e/chromium";
import { DevHost } from "../e2e/devhost";
import { Home } from "../journey/home";
import { program } from "../journey/places";
import { print, told, type Figure } from "./figure";

const LINES = 400_000;
const ROUNDS = 3;
const LEAST_LINES = 50_000;
const MOST_MS = 33;

/** Lines of a kernel's kind, each with its number, so that the last one can be waited for. */
function lines(): string {
  let text = "";
  for (let at = 1; at <= LINES; at += 1) {
    const time = (at / 1000).toFixed(6).padStart(12);
    text += `[${time}] [talos] service[machined](Running): Health check ${at} successful\r\n`;
  }
  return text;
}

interface Shown {
  seconds: number;
  /** Times between two pictures while lines came, milliseconds. */
  frames: number[];
}

/** Opens a machine's console in a page that is there already, and counts its pictures. */
async function round(page: Page, machine: string): Promise<Shown> {
  await page.evaluate(() => (window.location.hash = "#/machines"));
  await page.locator(`a[href*="${machine}"]`).first().waitFor();
  return page.evaluate(
    ([machine, last]) =>
      new Promise<Shown>((done) => {
        const begun = performance.now();
        let first = 0;
        let before = 0;
        const frames: number[] = [];
        const rows = (): string => document.querySelector(".xterm-rows")?.textContent ?? "";
        const frame = (now: number): void => {
          const text = rows();
          if (first === 0 && text.includes("[talos]")) first = before = now;
          else if (first > 0) {
            frames.push(now - before);
            before = now;
          }
          // The last line may wrap, but its number does not.
          if (text.includes(last)) done({ seconds: (now - begun) / 1000, frames });
          else requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
        window.location.hash = `#/machines/${machine}`;
      }),
    [machine, `check ${LINES} successful`] as const,
  );
}

async function measure(url: string, machine: string): Promise<Figure[]> {
  const browser = await launch();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 832 } });
    await page.goto(url);
    // The first round loads the page's parts and warms the engine up.
    await round(page, machine);
    const rounds: Shown[] = [];
    for (let turn = 0; turn < ROUNDS; turn += 1) rounds.push(await round(page, machine));
    const rates = rounds.map(({ seconds }) => LINES / seconds);
    const frames = rounds.flatMap(({ frames }) => frames).sort((one, other) => one - other);
    told("lines a second", rates, "");
    told(
      "pictures, from the longest",
      frames.slice(-8).reverse(),
      `ms, of ${frames.length} pictures`,
    );
    const part = (share: number): number => frames[Math.floor((frames.length - 1) * share)] ?? 0;
    return [
      {
        name: "console lines shown a second",
        unit: "lines",
        value: Math.min(...rates),
        goal: { least: LEAST_LINES },
      },
      { name: "a picture meanwhile, median", unit: "ms", value: part(0.5) },
      {
        name: "a picture meanwhile, worst of 20",
        unit: "ms",
        value: part(0.95),
        goal: { most: MOST_MS },
      },
    ];
  } finally {
    await browser.close();
  }
}

const home = new Home();
const data = home.path("data", "crete");
const machine = execFileSync(program("examples/household"), [data], { encoding: "utf8" }).trim();
writeFileSync(`${data}/machines/${machine}/console.log`, lines());
const host = await DevHost.start(home);
try {
  print(await measure(host.url, machine));
} finally {
  await host.stop();
  home.close();
}
