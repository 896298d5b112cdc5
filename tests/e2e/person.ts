/** One person with an empty home, a running program, and a browser. */
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterEach } from "vitest";
import { Home } from "../journey/home";
import { program } from "../journey/places";
import { launch } from "./chromium";
import { DevHost, type Options } from "./devhost";

/** The size the page is designed for. */
export const DESIGN = { width: 1280, height: 832 };

/** Closed after each test, last opened first, whether it passed or not. */
const opened: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

export function home(): Home {
  const home = new Home();
  opened.push(() => home.close());
  return home;
}

/** A practice factory that takes its time, as the real one does: a program to start instead. */
export function slowFactory(home: Home, build_s: number, bytes_per_second: number): string {
  const factory = program("crete-practice-factory");
  const pace = `--build-seconds ${build_s} --bytes-per-second ${bytes_per_second}`;
  return home.write("slow-factory", `#!/bin/sh\nexec '${factory}' "$@" ${pace}\n`, 0o700);
}

export async function devHost(home: Home, options?: Options): Promise<DevHost> {
  const host = await DevHost.start(home, options);
  opened.push(() => host.stop());
  return host;
}

export async function browser(): Promise<Browser> {
  const browser = await launch();
  opened.push(() => browser.close());
  return browser;
}

/** Opens the page, and fails the test when the page itself reports a fault. */
export async function visit(
  browser: Browser,
  host: DevHost,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; faults: string[] }> {
  const context = await browser.newContext({ viewport: DESIGN, ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(message.text());
  });
  await page.goto(host.url);
  return { page, faults };
}
