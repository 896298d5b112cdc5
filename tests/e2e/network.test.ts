/** Three machines on one network: reached from this computer at addresses that stay. */
import { once } from "node:events";
import { connect, type PeerCertificate } from "node:tls";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { en, fill } from "../../ui/src/messages";
import { readyStage, sees, sentence, untilChosen, walk, type Stage } from "../journey/journey";
import type { Home } from "../journey/home";
import { program } from "../journey/places";
import { until } from "../journey/wait";
import { Mouse } from "./mouse";
import { browser, devHost, home, visit } from "./person";

const words = en.networks;
const NAMES = ["knossos", "phaistos", "gortyn"];
const API = 50_000;
/** Three emulated machines at once on a busy computer. */
const BOOT_MS = 300_000;

/** The certificate of whoever answers at an address of this computer. */
async function answers(address: string): Promise<PeerCertificate> {
  const socket = connect({ host: address, port: API, rejectUnauthorized: false });
  try {
    await once(socket, "secureConnect", { signal: AbortSignal.timeout(60_000) });
    return socket.getPeerCertificate();
  } finally {
    socket.destroy();
  }
}

interface Reached {
  name: string;
  inside: string;
  here: string;
}

/** What the table of machines says: name, address inside, address of this computer. */
async function table(page: Page): Promise<Reached[]> {
  const address = (first: string): string => `${first}(?:\\.\\d{1,3}){3}`;
  const pattern = new RegExp(`(${address("(?!127)\\d{1,3}")})[^]*?(${address("127")})`);
  const rows = await page.getByRole("row").allInnerTexts();
  return NAMES.flatMap((name) => {
    const found = pattern.exec(rows.find((row) => row.includes(name)) ?? "");
    return found ? [{ name, inside: found[1] ?? "", here: found[2] ?? "" }] : [];
  });
}

/** Each machine answers at its own address of this computer: its certificate names the one inside. */
async function eachAnswers(machines: Reached[]): Promise<void> {
  const keys = new Set<string>();
  for (const { inside, here } of machines) {
    const certificate = await answers(here);
    expect(certificate.subjectaltname).toContain(inside);
    keys.add(certificate.fingerprint256);
  }
  expect(keys.size, "each has a certificate of its own").toBe(machines.length);
}

/** The one process that carries the network. */
function carrier(person: Home): number {
  const [pid, ...more] = person.running(program("crete-net"));
  if (pid === undefined || more.length > 0) throw new Error(`processes: ${pid} ${more}`);
  return pid;
}

/** Opens a view of the network. */
async function tab(page: Page, name: keyof typeof words.tabs): Promise<void> {
  await page.getByRole("tab", { name: words.tabs[name] }).click();
}

test("three machines are on one network and are reached from here at addresses that stay", async () => {
  const person = home();
  let host = await devHost(person, { args: ["--practice"] });
  const chromium = await browser();
  let { page, faults } = await visit(chromium, host);
  let hand = new Mouse(page, "network");

  const machine = (name: string): Stage => ({
    name: `The machine ${name}`,
    async go(hand) {
      await hand.press(en.nav.images);
      await hand.press(en.images.createMachine);
      await sees(hand, en.newMachine.create);
      await hand.fill(en.newMachine.name, name);
      await hand.fill(en.newMachine.memoryLabel, "0.5");
      await hand.press(en.newMachine.create);
      await sees(hand, en.state.running, BOOT_MS);
    },
  });
  await walk(hand, [...untilChosen]);
  await hand.press(en.newImage.download);
  await walk(hand, [readyStage, ...NAMES.map(machine)]);

  // The last to come up is the last to be asked for.
  await sees(hand, sentence(en.boot.maintenance), BOOT_MS);
  await hand.press(en.nav.networks);
  await hand.press("default");
  await sees(hand, fill(words.on, { on: "3", all: "3" }));
  await hand.picture("three machines");
  await tab(page, "machines");
  let machines: Reached[] = [];
  await until("the table of machines", 20_000, async () => {
    machines = await table(page);
    return machines.length === NAMES.length;
  });
  for (const { inside, here } of machines) {
    expect(here.split(".")[3], "the same number on both sides").toBe(inside.split(".")[3]);
  }
  await hand.picture("machines");

  // Each asked for the address that was kept for it, and calls itself as it is called.
  await tab(page, "addresses");
  await until("three leases", BOOT_MS, async () => {
    const text = await hand.text();
    return machines.every(({ inside }) => text.includes(inside)) && !text.includes(words.notAsked);
  });
  await hand.picture("addresses");

  await tab(page, "overview");
  for (const { name, here } of machines) {
    await hand.press(words.openPort);
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(words.portMachine, { exact: true }).selectOption({ label: name });
    await dialog.getByLabel(words.portWhat).selectOption(String(API));
    const port = dialog.getByLabel(words.listenPort);
    await until("a port being offered", 20_000, async () => (await port.inputValue()) === `${API}`);
    await hand.picture("open a port");
    await hand.press(words.openDo);
    await sees(hand, `${here}:${API}`);
  }
  const row = page.getByRole("listitem").filter({ hasText: `:${API}` });
  const allOpen = async (): Promise<boolean> => {
    const texts = await row.allInnerTexts();
    const open = texts.filter((text) => text.split("\n").includes(words.portState.open));
    return open.length === NAMES.length;
  };
  await until("every port being open", 60_000, allOpen);
  await hand.picture("ports");
  await eachAnswers(machines);

  // Whatever ends the network's process, machines are reached as before.
  const first = carrier(person);
  process.kill(first, "SIGKILL");
  await until("another process", 60_000, () => {
    const now = person.running(program("crete-net"));
    return now.length === 1 && now[0] !== first;
  });
  await until("every port being open again", 60_000, allOpen);
  await eachAnswers(machines);

  // A cut is one click, and so is mending.
  const [one] = machines;
  await page.getByRole("radio", { name: new RegExp(`^${one?.name},`) }).check();
  await page.getByRole("radio", { name: words.linkState.cut }).check();
  await sees(hand, fill(words.portState.cut, { machine: one?.name ?? "" }));
  await hand.picture("cut");
  await expect(answers(one?.here ?? "")).rejects.toThrow();
  await page.getByRole("radio", { name: words.linkState.whole }).check();
  await until("every port being open again", 60_000, allOpen);

  // The window closes and opens: the network never noticed.
  const second = carrier(person);
  await host.stop();
  await eachAnswers(machines);
  expect(
    faults.filter((fault) => !/WebSocket|ERR_CONNECTION|Failed to fetch/i.test(fault)),
  ).toEqual([]);
  host = await devHost(person, { args: ["--practice"] });
  ({ page, faults } = await visit(chromium, host));
  hand = new Mouse(page, "network");
  await hand.press(en.nav.networks);
  await hand.press("default");
  await tab(page, "machines");
  await until("the same addresses", 20_000, async () => {
    return JSON.stringify(await table(page)) === JSON.stringify(machines);
  });
  expect(carrier(person), "it is the same process").toBe(second);
  expect(faults).toEqual([]);
});
