/** The real window when its page fails: it comes back once, in safe mode, and says so. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { en } from "../../ui/src/messages";
import { createStage, sees, untilDescribed, walk } from "../journey/journey";
import { until } from "../journey/wait";
import { Place, SOON_MS } from "./place";

/** How long a page in sight may stay blank, in milliseconds. */
const PATIENCE_MS = 10_000;
/** The same for a page that a test keeps blank. */
const SHORT_MS = 3_000;

const places: Place[] = [];

afterEach(async () => {
  for (const place of places.splice(0)) await place.close();
});

async function person(more: NodeJS.ProcessEnv = {}): Promise<Place> {
  const place = await Place.make("webview/safe-mode", more);
  places.push(place);
  return place;
}

test("a page whose process is killed comes back in safe mode, once; machines go on", async () => {
  const place = await person();
  const first = place.start();
  const window = await place.attach();
  await walk(window, [...untilDescribed, createStage]);
  const machines = place.home.machines();
  expect(machines).toHaveLength(1);

  // A page that is busy for longer than a blank one may be is not disturbed.
  const busy = `const end = performance.now() + ${PATIENCE_MS + 1_000};
    while (performance.now() < end); return true;`;
  expect(await window.driver.run(busy)).toBe(true);
  expect(place.programs()).toEqual([first.pid]);

  await place.crash(first.pid);
  const second = await place.successor(first.pid);
  expect(await first.exited).toBe(0);
  const again = await place.attach();
  await sees(again, en.safeMode.crashed);
  await sees(again, en.practice.band);
  expect(place.home.machines()).toEqual(machines);

  // In safe mode nothing is started anew: a word, and the person chooses.
  await place.crash(second);
  const word = await place.titled("Crete cannot draw its window");
  place.x("windowfocus", "--sync", word, "key", "Escape");
  await until("the program's end", SOON_MS, () => place.programs().length === 0);
  expect(place.home.machines()).toEqual(machines);
});

test("a page that stays blank in sight is opened in safe mode, one out of sight is not", async () => {
  const blank = { CRETE_TEST_BLANK: "once", CRETE_TEST_PAINTS_WITHIN_MS: String(SHORT_MS) };
  const [hidden, seen] = await Promise.all([person(blank), person(blank)]);
  const waiting = hidden.start();
  const taken = await hidden.titled("Crete");
  hidden.x("windowunmap", "--sync", taken);

  const failing = seen.start();
  await seen.successor(failing.pid);
  await sees(await seen.attach(), en.safeMode.unpainted);

  // The one out of sight has been there for longer.
  expect(hidden.programs()).toEqual([waiting.pid]);
  hidden.x("windowmap", taken);
  await hidden.successor(waiting.pid);
});

test("a window that is blank but alive is opened in safe mode by a second start", async () => {
  const place = await person();
  const first = place.start();
  await place.titled("Crete");
  const second = place.start("--safe-mode");
  expect(await second.exited, second.output).toBe(0);
  const next = await place.successor(first.pid);
  const window = await place.attach();
  await sees(window, en.safeMode.asked);
  const environment = readFileSync(`/proc/${next}/environ`, "utf8").split("\0");
  expect(environment).toContain("WEBKIT_DISABLE_COMPOSITING_MODE=1");

  // There already: the window is shown, and nothing is lost.
  const third = place.start("--safe-mode");
  expect(await third.exited, third.output).toBe(0);
  expect(place.programs()).toEqual([next]);
});

test("the desktop's entry is valid, and has an action for safe mode", async () => {
  const place = await person();
  const template = new URL("../../src-tauri/crete.desktop", import.meta.url);
  const given: Record<string, string> = {
    name: "Crete",
    comment: "Build and run Talos Linux machines by pointing and clicking",
    categories: "Development;",
    exec: "crete",
    icon: "crete",
  };
  const entry = readFileSync(template, "utf8").replace(/\{\{(\w+)\}\}/g, (_, key: string) => {
    if (given[key] === undefined) throw new Error(`nothing fills {{${key}}}`);
    return given[key];
  });
  const file = place.home.write("crete.desktop", entry);
  expect(execFileSync("desktop-file-validate", [file], { encoding: "utf8" })).toBe("");
  expect(entry).toMatch(/^Actions=safe-mode;$/m);
  expect(entry).toMatch(/^\[Desktop Action safe-mode\]\nName=.+\nExec=crete --safe-mode$/m);
});
