/**
 * The main job by itself: the real window, from an empty home to a booted machine, and on to a
 * cluster. Prints each stage with its time, keeps a picture of each, and fails when a stage does.
 */
import { writeFileSync } from "node:fs";
import { homeStage, untilSolo } from "../journey/cluster";
import { Home } from "../journey/home";
import { createStage, firstWordsStage, stopStage, untilBooted, walk } from "../journey/journey";
import { result } from "../journey/places";
import { Desktop } from "./desktop";
import { AppWindow } from "./window";

const PICTURES = "demo";
const SCREEN = { width: 1280, height: 832 };

/** Times of one run, in milliseconds. */
interface Times {
  stages: { name: string; ms: number }[];
  exec_to_first_paint_ms: number;
  /** From the click on "Create and start" to text on the page's console. */
  click_to_first_console_ms: number;
}

const stages: Times["stages"] = [];

function told(name: string, ms: number): void {
  stages.push({ name, ms });
  console.log(`${(ms / 1000).toFixed(1).padStart(7)} s  ${name}`);
}

function ms(name: string): number {
  return stages.find((stage) => stage.name === name)?.ms ?? Number.NaN;
}

async function demo(home: Home, desktop: Desktop): Promise<void> {
  const begun = performance.now();
  const window = await AppWindow.open(desktop, home, { args: ["--practice"], pictures: PICTURES });
  try {
    told("The window is open", performance.now() - begun);
    await walk(window, [...untilBooted, stopStage, homeStage, ...untilSolo], told);
    const times: Times = {
      stages,
      exec_to_first_paint_ms: await window.firstPaint(),
      click_to_first_console_ms: ms(createStage.name) + ms(firstWordsStage.name),
    };
    writeFileSync(result(PICTURES, "times.json"), `${JSON.stringify(times, null, 2)}\n`);
    await window.close();
  } finally {
    await window.end();
  }
  told("Altogether", performance.now() - begun);
}

const home = new Home();
const present = process.env.DISPLAY;
console.log(present ? `Using the display ${present}` : "No display here: using Xvfb");
const desktop = await Desktop.open(present ?? SCREEN, home.env());
try {
  await demo(home, desktop);
  console.log(`Pictures: ${result(PICTURES, "")}`);
} catch (error) {
  console.error(`\nFAILED  ${error instanceof Error ? error.message : String(error)}`);
  console.error(`Pictures: ${result(PICTURES, "")}`);
  process.exitCode = 1;
} finally {
  await desktop.end();
  home.close();
}
