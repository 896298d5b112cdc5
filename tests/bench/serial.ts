/**
 * A machine that prints lines as fast as its port takes them: what of it a page shows, by way of
 * Crete, beside a program that only reads the same machine's port from a socket. Both by turns.
 * Prints a list of figures as JSON.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createConnection } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Page } from "playwright-core";
import { en } from "../../ui/src/messages";
import { launch } from "../e2e/chromium";
import { DevHost } from "../e2e/devhost";
import { Mouse } from "../e2e/mouse";
import { Home } from "../journey/home";
import { createStage, sees, untilDescribed } from "../journey/journey";
import { until } from "../journey/wait";
import { median, print, told } from "./figure";

const BOOTS_WITHIN_MS = 240_000;
const MEASURED_MS = 10_000;
const ROUNDS = 3;
const LEAST_OF_READER = 0.8;
/** Bytes of one line of the flood. */
const LINE = 78;
/** The last complete line's number. */
const NUMBER = /\[flood\] line ([0-9a-f]{8}) of many/g;

const KIB = 1024;

/** Waits until the machine prints again, and gives the command that runs it. */
async function printing(page: Page, last: number): Promise<string[]> {
  await until("the machine to print", BOOTS_WITHIN_MS, async () => {
    const now = await page.evaluate<number>(shown);
    return home.machines().length > 0 && now > 0 && now !== last;
  });
  const [machine] = home.machines();
  if (!machine) throw new Error("no machine runs");
  return readFileSync(`/proc/${machine.pid}/cmdline`, "utf8").split("\0").slice(0, -1);
}

/** The number of the last line that the page shows. */
const shown = `(() => {
  const text = [...document.querySelectorAll(".xterm-rows > div")]
    .map((row) => row.textContent ?? "").join("");
  const numbers = [...text.matchAll(${String(NUMBER)})];
  return Number.parseInt(numbers.at(-1)?.[1] ?? "0", 16);
})()`;

/** KiB a second that arrive on the page's screen. */
async function onThePage(page: Page): Promise<number> {
  const [begun, before] = [performance.now(), await page.evaluate<number>(shown)];
  await pause(MEASURED_MS);
  const lines = (await page.evaluate<number>(shown)) - before;
  return (lines * LINE) / KIB / ((performance.now() - begun) / 1000);
}

/** The same machine, alone, with its first port at a socket. */
function alone(argv: string[]): { command: string[]; socket: string } {
  const socket = home.path("port.sock");
  const command = argv.map((word) => {
    const id = /^file,id=([^,]+),path=[^,]*console\.log/.exec(word)?.[1];
    if (id) return `socket,id=${id},path=${socket},server=on,wait=off`;
    // Crete takes the folder of the others away with the machine.
    return word.replace(/path=[^,]*\/([^/,]+\.sock)/g, (_, name) => `path=${home.path(name)}`);
  });
  if (command.every((word) => !word.includes(socket))) throw new Error("no port was found");
  return { command, socket };
}

/** KiB a second that a program which only reads gets of the same machine. */
async function read(argv: string[]): Promise<number> {
  const { command, socket } = alone(argv);
  const [path = "", ...args] = command;
  const qemu = spawn(path, args, { stdio: ["ignore", "ignore", "inherit"] });
  const ended = once(qemu, "exit");
  try {
    let [bytes, floods] = [0, false];
    const port = await until("the machine's port", BOOTS_WITHIN_MS, async () => {
      const port = createConnection(socket);
      return once(port, "connect").then(
        () => port,
        () => undefined,
      );
    });
    port.on("data", (chunk) => {
      bytes += chunk.length;
      floods ||= chunk.includes("[flood]");
    });
    await until("the machine to print", BOOTS_WITHIN_MS, () => floods);
    const [begun, before] = [performance.now(), bytes];
    await pause(MEASURED_MS);
    const rate = (bytes - before) / KIB / ((performance.now() - begun) / 1000);
    port.destroy();
    return rate;
  } finally {
    qemu.kill("SIGKILL");
    await ended;
  }
}

async function measure(page: Page): Promise<void> {
  const hand = new Mouse(page, "serial");
  for (const stage of [...untilDescribed, createStage]) await stage.go(hand);
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let turn = 0; turn < ROUNDS; turn += 1) {
    const last = await page.evaluate<number>(shown);
    if (turn > 0) await hand.press(en.machines.start);
    const argv = await printing(page, turn > 0 ? last : 0);
    ours.push(await onThePage(page));
    for (const { pid } of home.machines()) process.kill(pid, "SIGKILL");
    await sees(hand, en.machines.start);
    theirs.push(await read(argv));
  }
  told("QEMU to the page", ours, "KiB/s");
  told("a reader of the socket", theirs, "KiB/s");
  print([
    {
      name: "serial bytes, QEMU to the page's screen",
      unit: "KiB/s",
      value: median(ours),
      rival: { name: "reading the socket", value: median(theirs) },
      goal: { least: LEAST_OF_READER },
    },
  ]);
}

const home = new Home();
const host = await DevHost.start(home, { args: ["--practice"] });
const browser = await launch();
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 832 } });
  await page.goto(host.url);
  await measure(page);
} finally {
  await browser.close();
  await host.stop();
  home.close();
}
