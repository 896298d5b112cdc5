/**
 * What the window's processes use while nobody sees it: with nothing running, and with a machine
 * whose console was open when it was hidden. Prints a list of figures as JSON.
 */
import { execFileSync } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { Home } from "../journey/home";
import { untilBooted } from "../journey/journey";
import { program } from "../journey/places";
import { until } from "../journey/wait";
import { Desktop } from "../webview/desktop";
import { AppWindow } from "../webview/window";
import { print, type Figure } from "./figure";
import { cpuSeconds } from "./processes";
import { MeasuredWindow } from "./windows";

const SCREEN = { width: 1280, height: 832 };
const SOON_MS = 30_000;
/** What hiding itself causes is over by then. */
const CALM_MS = 5_000;
const MEASURED_MS = 20_000;
const MOST_PERCENT = 0.5;

/** Takes the window off the screen, as minimizing does, and sees that the page knows. */
async function hide(desktop: Desktop, home: Home, window: AppWindow): Promise<void> {
  const env = home.env(desktop.env);
  const x = (...args: string[]): string =>
    execFileSync("xdotool", args, { env, encoding: "utf8" }).trim();
  const [id = ""] = x("search", "--onlyvisible", "--name", "^Crete$").split("\n");
  x("windowunmap", "--sync", id);
  await until("the page to be hidden", SOON_MS, () =>
    // A page that is just being hidden is at times asked in vain.
    window.driver.run<boolean>("return document.hidden").catch(() => false),
  );
}

/** Percent of one core. */
async function used(window: MeasuredWindow): Promise<number> {
  await pause(CALM_MS);
  const [begun, before] = [performance.now(), cpuSeconds(window.pid)];
  await pause(MEASURED_MS);
  const seconds = (performance.now() - begun) / 1000;
  return ((cpuSeconds(window.pid) - before) / seconds) * 100;
}

async function measure(
  name: string,
  args: string[],
  prepare: (home: Home) => void,
  act: (window: AppWindow) => Promise<void>,
): Promise<Figure> {
  const home = new Home();
  const desktop = await Desktop.open(SCREEN, home.env());
  const factory = { CRETE_PRACTICE_FACTORY: process.env.CRETE_PRACTICE_FACTORY };
  let window: MeasuredWindow | undefined;
  try {
    prepare(home);
    window = await MeasuredWindow.start(desktop, home, program("crete"), args, factory);
    await window.settled();
    const { listens } = window;
    const held = await AppWindow.attach(desktop, home, listens, { pictures: "bench/idle" });
    // A page that was just taken hold of is at times asked in vain.
    await until("an answer of the page", SOON_MS, () =>
      held.driver.run<boolean>("return document.readyState === 'complete'").catch(() => false),
    );
    await act(held);
    await hide(desktop, home, held);
    // Whoever drives a page wakes it, so it is let go of first.
    await held.server.stop();
    const value = await used(window);
    return { name, unit: "%", value, goal: { most: MOST_PERCENT } };
  } finally {
    await window?.end();
    await desktop.end();
    home.close();
  }
}

const fill = (home: Home): void => {
  execFileSync(program("examples/household"), [home.path("data", "crete")]);
};

print([
  await measure("one core, hidden, nothing runs", [], fill, () => Promise.resolve()),
  await measure(
    "one core, hidden, a machine and its console",
    ["--practice"],
    () => undefined,
    async (window) => {
      for (const stage of untilBooted) await stage.go(window);
    },
  ),
]);
