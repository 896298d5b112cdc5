/**
 * From the start of the process to Home with data, and the memory of all processes there, beside
 * the smallest window that Tauri makes. Prints a list of figures as JSON.
 */
import { execFileSync } from "node:child_process";
import { Home } from "../journey/home";
import { program } from "../journey/places";
import { Desktop } from "../webview/desktop";
import { median, print, told } from "./figure";
import { pssMib } from "./processes";
import { MeasuredWindow } from "./windows";

const SCREEN = { width: 1280, height: 832 };
const ROUNDS = 7;
const RIVAL = "hello world";
/** Of the rival's. */
const MOST = { start: 1.2, memory: 1.15 };

interface Round {
  start: number;
  memory: number;
}

async function round(desktop: Desktop, home: Home, path: string): Promise<Round> {
  const window = await MeasuredWindow.start(desktop, home, path);
  try {
    await window.settled();
    const memory = pssMib(window.pid);
    return { memory, start: await window.untilContent(home, desktop) };
  } finally {
    await window.end();
  }
}

async function measure(desktop: Desktop, home: Home): Promise<void> {
  const [own, hello] = [program("crete"), program("examples/hello_window")];
  // The first of each brings the programs and WebKit into memory.
  await round(desktop, home, own);
  await round(desktop, home, hello);
  const ours: Round[] = [];
  const theirs: Round[] = [];
  for (let turn = 0; turn < ROUNDS; turn += 1) {
    ours.push(await round(desktop, home, own));
    theirs.push(await round(desktop, home, hello));
  }
  const figure = (name: string, unit: string, key: keyof Round) => {
    const [own, other] = [ours.map((one) => one[key]), theirs.map((one) => one[key])];
    told(name, own, unit);
    told(`${name}, ${RIVAL}`, other, unit);
    return {
      name,
      unit,
      value: median(own),
      rival: { name: RIVAL, value: median(other) },
      goal: { most: MOST[key] },
    };
  };
  print([
    figure("process start to Home with data", "ms", "start"),
    figure("memory of all processes there", "MiB", "memory"),
  ]);
}

const home = new Home();
const desktop = await Desktop.open(SCREEN, home.env());
try {
  execFileSync(program("examples/household"), [home.path("data", "crete")]);
  await measure(desktop, home);
} finally {
  await desktop.end();
  home.close();
}
