/**
 * What one key in the search of the studio's extensions takes, with a hundred of them, in
 * Chromium. Prints a list of figures as JSON.
 */
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { fileURLToPath } from "node:url";
import type { CDPSession, Page } from "playwright-core";
import { build, preview } from "vite";
import { launch } from "../e2e/chromium";
import { result } from "../journey/places";
import type { Key } from "./page/studio";

/** Typed and taken back again, key by key: the list shrinks and grows. */
const WORD = "kernel firmware 43";
const ROUNDS = 5;
/** A desktop shows sixty pictures a second; a key should not cost one. */
const PICTURE_MS = 16;

interface Watched {
  page: Page;
  counter: CDPSession;
}

interface Figure {
  name: string;
  unit: "ms";
  value: number;
}

async function built(): Promise<{ url: string; close: () => Promise<void> }> {
  const options = {
    configFile: false as const,
    root: fileURLToPath(new URL("page", import.meta.url)),
    logLevel: "error" as const,
    plugins: [svelte()],
    build: { outDir: result("bench", "page"), emptyOutDir: true, target: "es2022" },
  };
  await build(options);
  const server = await preview({ ...options, preview: { host: "127.0.0.1", port: 0 } });
  const url = server.resolvedUrls?.local[0];
  if (!url) throw new Error("the page has no address");
  return { url, close: () => server.close() };
}

interface Pressed extends Key {
  /** All that the page's thread did for it: handlers, update, style, layout and drawing. */
  work: number;
}

/** Time in which the page's thread was busy since it began, in milliseconds, as Chromium counts. */
async function busy(counter: CDPSession): Promise<number> {
  const { metrics } = await counter.send("Performance.getMetrics");
  const seconds = metrics.find(({ name }) => name === "TaskDuration")?.value;
  if (seconds === undefined) throw new Error("Chromium does not count its tasks");
  return seconds * 1000;
}

async function press({ page, counter }: Watched, key: string): Promise<Pressed> {
  await page.evaluate(() => window.awaitKey());
  const before = await busy(counter);
  await page.keyboard.press(key);
  const { paint } = await page.evaluate(() => window.lastKey);
  return { paint, work: (await busy(counter)) - before };
}

async function round(watched: Watched): Promise<Pressed[]> {
  const { page } = watched;
  const keys: Pressed[] = [];
  for (const letter of WORD) keys.push(await press(watched, letter));
  const found = await page.evaluate(() => window.extensionsShown());
  while (keys.length < 2 * WORD.length) keys.push(await press(watched, "Backspace"));
  const all = await page.evaluate(() => window.extensionsShown());
  if (found >= all || all < 100) throw new Error(`the search found ${found} of ${all}`);
  return keys;
}

function figures(keys: Pressed[]): Figure[] {
  const figure = (name: string, of: (key: Pressed) => number, part: number): Figure => {
    const sorted = keys.map(of).sort((one, other) => one - other);
    const at = Math.min(sorted.length - 1, Math.floor(sorted.length * part));
    return {
      name: `a key in the search of 100 extensions, ${name}`,
      unit: "ms",
      value: sorted[at] ?? 0,
    };
  };
  return [
    figure("work, median", ({ work }) => work, 0.5),
    figure("work, worst of 20", ({ work }) => work, 0.95),
    figure("to the picture, median", ({ paint }) => paint, 0.5),
  ];
}

async function measure(url: string): Promise<Figure[]> {
  const browser = await launch();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 832 } });
    await page.goto(url);
    await page
      .getByLabel(await page.evaluate(() => window.search))
      .first()
      .click();
    // The first round warms the engine up, as a person's first words do.
    const counter = await page.context().newCDPSession(page);
    await counter.send("Performance.enable");
    const watched = { page, counter };
    await round(watched);
    const keys: Pressed[] = [];
    for (let turn = 0; turn < ROUNDS; turn += 1) keys.push(...(await round(watched)));
    return figures(keys);
  } finally {
    await browser.close();
  }
}

const page = await built();
try {
  const measured = await measure(page.url);
  const [median] = measured;
  if (median && median.value > PICTURE_MS)
    console.error(`${median.name}: ${median.value.toFixed(1)} ms, a picture has ${PICTURE_MS} ms`);
  console.log(JSON.stringify(measured));
} finally {
  await page.close();
}
