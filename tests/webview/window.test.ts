/** The real window: it opens first, does the main job, and leaves machines alone. */
import { writeFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { en, fill } from "../../ui/src/messages";
import { DevHost } from "../e2e/devhost";
import { Home } from "../journey/home";
import { NAME, sees, untilBooted, walk } from "../journey/journey";
import { program, result } from "../journey/places";
import { Program } from "../journey/program";
import { until } from "../journey/wait";
import { Desktop } from "./desktop";
import { colors } from "./pixels";
import { AppWindow, type Options } from "./window";

/** About every second window was not drawn whole: so many starts find it all but surely. */
const STARTS = 5;
/** Whatever has letters on it has more colors, by their smooth edges. */
const LETTERS = 12;

const DESIGN = { width: 1280, height: 832 };

const opened: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

async function person(): Promise<{ home: Home; desktop: Desktop }> {
  const home = new Home();
  opened.push(() => home.close());
  const desktop = await Desktop.open(DESIGN, home.env());
  opened.push(() => desktop.end());
  return { home, desktop };
}

async function open(desktop: Desktop, home: Home, options: Options): Promise<AppWindow> {
  const window = await AppWindow.open(desktop, home, options);
  opened.push(() => window.end());
  return window;
}

test("the window shows its frame while the engine is still being opened", async () => {
  const { home, desktop } = await person();
  // A practice factory that waits for a file: as long as it waits, the engine is not open.
  const gate = home.path("gate");
  const script = `#!/bin/sh\nwhile [ ! -e '${gate}' ]; do sleep 0.05; done\nexec '${program("crete-practice-factory")}' "$@"\n`;
  const slow = home.write("slow-factory", script, 0o700);
  const window = await open(desktop, home, {
    args: ["--practice"],
    env: { CRETE_PRACTICE_FACTORY: slow },
    pictures: "webview/start",
  });
  await sees(window, en.home.title);
  expect(await window.text()).not.toContain(en.practice.band);
  await window.picture("before-the-engine");
  writeFileSync(gate, "");
  const opened = performance.now();
  await sees(window, en.practice.band);
  const first_paint_ms = await window.firstPaint();
  const times = { first_paint_ms, engine_after_gate_ms: performance.now() - opened };
  writeFileSync(result("webview", "start", "times.json"), `${JSON.stringify(times)}\n`);
});

test("the main job; closed with a machine running, the next start takes it back", async () => {
  const { home, desktop } = await person();
  const options: Options = {
    args: ["--practice"],
    pictures: "webview/journey",
  };
  const window = await open(desktop, home, options);
  await walk(window, untilBooted);
  const before = home.machines();
  expect(before).toHaveLength(1);

  // A second start shows the window that is there, and ends.
  const second = new Program("the second start", program("crete"), ["--practice"], {
    ...home.env(desktop.env),
  });
  expect(await second.exited, second.output).toBe(0);
  await sees(window, NAME);

  await window.close();
  expect(home.machines()).toEqual(before);

  const again = await open(desktop, home, {
    ...options,
    pictures: "webview/again",
  });
  await again.press(en.nav.machines);
  await again.press(NAME);
  await sees(again, en.state.running);
  await until("the console of before", 20_000, async () =>
    (await again.console()).includes("[talos]"),
  );
  expect(home.machines()).toEqual(before);
  await again.picture("taken-back");
  await again.press(fill(en.common.more, { name: NAME }));
  await again.press(en.machines.force);
  await again.press(en.machines.force);
  await sees(again, fill(en.rungDone.kill));
  expect(home.machines()).toEqual([]);
});

test("a program that cannot begin shows why and nothing else, and begins when it can", async () => {
  const { home, desktop } = await person();
  const other = await DevHost.start(home, { args: ["--practice"] });
  opened.push(() => other.stop());
  const window = await open(desktop, home, { args: ["--practice"], pictures: "webview/not-begun" });
  await sees(window, en.notBegun.title);
  await sees(window, en.problem.locked.title);
  expect(await window.text()).not.toContain(en.host.checking);
  await window.picture("locked");
  await window.press(en.common.retry);
  // The button says so for as long as it is tried.
  await sees(window, en.common.retry);
  await sees(window, en.problem.locked.title);

  await other.stop();
  await window.press(en.common.retry);
  await sees(window, en.practice.band);
  expect(await window.text()).not.toContain(en.notBegun.title);
});

test("a started window is drawn whole, also where no graphics card does it", async () => {
  const { home, desktop } = await person();
  // Heights of the bar above and of the band of practice mode below it.
  const strips: [top: number, bottom: number][] = [
    [0, 48],
    [48, 80],
  ];
  for (let start = 0; start < STARTS; start += 1) {
    const started = new Program("the window", program("crete"), ["--practice"], {
      ...home.env(desktop.env),
    });
    opened.push(() => started.stop());
    await until("a page on the screen", 20_000, () => colors(desktop.screen(), 80, 832) > LETTERS);
    const strip = () => strips.map(([top, bottom]) => colors(desktop.screen(), top, bottom));
    await until(
      `start ${start + 1} to be drawn whole`,
      5_000,
      () => strip().every((count) => count > LETTERS),
      () => `colors of bar and band: ${strip().join(", ")}`,
    );
    await started.stop();
  }
});

test("settings whose save was cut off are those of the last good copy, and the page says so", async () => {
  const { home, desktop } = await person();
  const whole = JSON.stringify({ settings: { theme: "light" } });
  home.write("config/crete/preferences.json", whole.slice(0, whole.length - 5));
  home.write("config/crete/preferences.last-good.json", JSON.stringify({ theme: "dark" }));
  const window = await open(desktop, home, { args: ["--practice"], pictures: "webview/settings" });
  await sees(window, en.notice.settings_restored);
  const theme = "return document.documentElement.dataset.theme";
  expect(await window.driver.run<string>(theme)).toBe("dark");
  await window.close();

  // The next start after a save that was not cut off is about nothing but that.
  home.write("config/crete/preferences.json", whole);
  const again = await open(desktop, home, { args: ["--practice"], pictures: "webview/settings" });
  await sees(again, en.practice.band);
  expect(await again.driver.run<string>(theme)).toBe("light");
  expect(await again.text()).not.toContain(en.notice.settings_restored);
});
