/**
 * What goes wrong with machines, images, this computer and the page itself, in both themes and both
 * sizes, without an accessibility fault; and what is shown while nobody answers, until somebody
 * does again.
 */
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterEach, expect, test } from "vitest";
import { count, en, fill } from "../../ui/src/messages";
import { problemWith } from "../../ui/src/platform/fake";
import type { Home } from "../journey/home";
import { createStage, sees, sentence, untilDescribed, walk } from "../journey/journey";
import { practiceImages, program, programs } from "../journey/places";
import { Program } from "../journey/program";
import { freePort } from "../webview/window";
import type { DevHost } from "./devhost";
import { lookTwice, LOOKS, STILL } from "./look";
import { Mouse } from "./mouse";
import { browser, devHost, home, visit } from "./person";

const QEMU = "qemu-system-x86_64";
const LONG = 15 * 60_000;
const BUSY_MS = 60_000;

interface Looked {
  hand: Mouse;
  page: Page;
  look: (name: string) => Promise<void>;
}

const running: Program[] = [];

afterEach(async () => {
  for (const started of running.splice(0)) await started.stop();
});

const go = (page: Page, hash: string): Promise<string> =>
  page.evaluate<string, string>((to) => (window.location.hash = to), hash);

/** A page of each look, all of them open at the same time; and their faults. */
async function open(
  chromium: Browser,
  host: DevHost,
  script = "",
): Promise<{ pages: Looked[]; faults: string[] }> {
  const faults: string[] = [];
  const pages: Looked[] = [];
  for (const { theme, size } of LOOKS) {
    const { page } = await visit(chromium, host, {
      ...STILL,
      colorScheme: theme,
      viewport: size,
    });
    if (script) {
      await page.addInitScript(script);
      await page.goto(host.url);
    }
    const look1 = async (name: string): Promise<void> => {
      faults.push(...(await lookTwice(page, "trouble", `${name}-${size.width}-${theme}`, theme)));
    };
    pages.push({ hand: new Mouse(page, "trouble"), page, look: look1 });
  }
  return { pages, faults };
}

/** The question before something is deleted, opened from the first menu of the page and left. */
async function lookAtDeletion({ hand, page, look }: Looked, stays: string): Promise<void> {
  const menu = fill(en.common.more, { name: "" });
  await page.locator("main").getByRole("button", { name: menu }).first().click();
  await hand.press(en.common.delete);
  await sees(hand, stays);
  await look("deletion");
  await hand.press(en.common.cancel);
  await page.getByRole("dialog").waitFor({ state: "detached" });
}

const folder = (person: Home, kind: string): string => {
  const all = person.path("data", "crete-practice", kind);
  return join(all, readdirSync(all)[0] ?? "");
};

test(
  "a machine that could not start, and one that does not want to stop",
  { timeout: LONG },
  async () => {
    const person = home();
    const chromium = await browser();
    const host = await devHost(person, { args: ["--practice"] });
    const { page } = await visit(chromium, host);
    const hand = new Mouse(page, "trouble");
    await walk(hand, [...untilDescribed, createStage]);
    const [, id] = /#\/machines\/([^/?]+)/.exec(page.url()) ?? [];
    const { pages, faults } = await open(chromium, host);
    for (const each of pages) {
      await go(each.page, `#/machines/${id}`);
      await sees(each.hand, en.state.running);
    }

    // It hears neither its power button nor anybody else.
    const [machine] = person.machines();
    process.kill(machine!.pid, "SIGSTOP");
    await hand.press(en.machines.stop);
    for (const each of pages) {
      await sees(each.hand, en.state.stopping);
      await each.look("stopping");
    }
    await sees(hand, en.rungDone.kill, BUSY_MS * 2);
    expect(person.machines()).toEqual([]);

    // Its disk is gone meanwhile.
    const disk = join(folder(person, "machines"), "disk.qcow2");
    writeFileSync(disk, "no disk at all");
    await hand.press(en.machines.start);
    for (const each of pages) {
      await sees(each.hand, sentence(en.exit.start_failed), BUSY_MS);
      await each.look("start-failed");
      await lookAtDeletion(each, en.machines.deleteStays);
    }
    expect(faults).toEqual([]);
  },
);

test("an image whose file was set aside", async () => {
  const person = home();
  const host = await devHost(person, { args: ["--practice"] });
  const chromium = await browser();
  const { page } = await visit(chromium, host);
  const hand = new Mouse(page, "trouble");
  await hand.press(en.nav.images);
  await sees(hand, en.images.empty);
  const inbox = person.path("data", "crete-practice", "images");
  copyFileSync(join(practiceImages(), "metal-amd64.iso"), join(inbox, "own.iso"));
  await sees(hand, en.images.createMachine, BUSY_MS);
  const base = join(folder(person, "images"), "base");
  chmodSync(base, 0o600);
  appendFileSync(base, "x");
  await page.getByRole("button", { name: fill(en.common.more, { name: "own.iso" }) }).click();
  await hand.press(en.library.checked);
  await page.getByRole("button", { name: en.library.checkNow }).click();
  await sees(hand, count(en.library.asideText, 1), BUSY_MS);

  const { pages, faults } = await open(chromium, host);
  for (const each of pages) {
    await go(each.page, "#/images");
    await sees(each.hand, count(en.library.asideText, 1));
    await each.look("set-aside");
    await each.hand.press(count(en.library.asideText, 1));
    await sees(each.hand, en.library.aside);
    await each.look("set-aside-why");
  }
  expect(faults).toEqual([]);
});

test("the administrator's permission is asked for with the command in sight", async () => {
  const person = home();
  const host = await devHost(person, { without: programs(QEMU) });
  const { pages, faults } = await open(await browser(), host);
  for (const each of pages) {
    await go(each.page, "#/host");
    await sees(each.hand, en.verdict.blocked, BUSY_MS);
    // Before it stands what asks for permission, unless the tests run as the administrator.
    await sees(each.hand, /install.*qemu-system-x86/);
    await each.look("permission");
  }
  expect(faults).toEqual([]);
});

test("safe mode is named on every page, with its reason", async () => {
  const host = await devHost(home());
  const script = "window.__CRETE_SAFE_MODE__ = 'crashed'";
  const { pages, faults } = await open(await browser(), host, script);
  for (const each of pages) {
    await sees(each.hand, en.safeMode.crashed);
    await each.look("safe-mode");
  }
  expect(faults).toEqual([]);
});

test("a program that could not begin says why, and the page comes once it can", async () => {
  const host = await devHost(home());
  const { pages, faults } = await open(await browser(), host);
  const problem = problemWith({ code: "locked", params: { path: "/run/user/1000/crete/lock" } });
  for (const each of pages) {
    // The dev host is only there when the program began, so its refusal is played.
    await each.page.route("**/rpc/app.info", (route) =>
      route.fulfill({ status: 422, json: problem }),
    );
    await each.page.reload();
    await sees(each.hand, en.notBegun.title);
    await sees(each.hand, en.problem.locked.title);
    await each.look("not-begun");
    await each.page.unroute("**/rpc/app.info");
    await each.hand.press(en.common.retry);
    await sees(each.hand, en.home.empty);
  }
  expect(faults).toEqual([]);
});

test("a page that cannot be drawn says so, and is drawn when it can be", async () => {
  const host = await devHost(home());
  const { pages, faults } = await open(await browser(), host);
  for (const each of pages) {
    await each.page.route(/TrashPage/, (route) => route.abort());
    await go(each.page, "#/trash");
    await sees(each.hand, en.pageFault.title);
    await each.look("page-fault");
    await each.page.unroute(/TrashPage/);
    await each.hand.press(en.pageFault.again);
    await sees(each.hand, en.trash.emptyText);
  }
  expect(faults).toEqual([]);
});

test("a page outlives its program, says what it shows is old, and goes on with the next", async () => {
  const person = home();
  const port = String(await freePort());
  const env = { CRETE_DEVHOST_TOKEN: "kept-from-one-to-the-next" };
  const first = await devHost(person, { args: ["--port", port], env });
  const { pages, faults } = await open(await browser(), first);
  for (const each of pages) await sees(each.hand, en.home.empty);
  await first.stop();
  for (const each of pages) {
    await sees(each.hand, en.connection.lost);
    await sees(each.hand, sentence(en.connection.lostSince));
    // What was there is still to be read.
    await sees(each.hand, en.home.empty);
    await each.look("offline");
  }
  copyFileSync(join(practiceImages(), "metal-amd64.iso"), inboxOf(person));
  await devHost(person, { args: ["--port", port], env });
  for (const each of pages) {
    await each.page.getByText(en.connection.lost).waitFor({ state: "detached", timeout: BUSY_MS });
    // Home is not empty any more: the image came while nobody was there to tell of it.
    await each.page.getByText(en.home.empty).waitFor({ state: "detached", timeout: BUSY_MS });
  }
  expect(faults).toEqual([]);
});

/** A file that the next program finds in its images folder. */
function inboxOf(person: Home): string {
  return person.path("data", "crete", "images", "own.iso");
}

/** The practice factory as an address of its own, as a real one is. */
async function factory(person: Home, port: number): Promise<Program> {
  const args = ["--images", practiceImages(), "--port", String(port)];
  const path = program("crete-practice-factory");
  const started = new Program("the factory", path, args, person.env(), "open");
  running.push(started);
  await started.says(/^practice factory listening on (\S+)/, BUSY_MS);
  return started;
}

test("a list is shown with its age while the factory is away, and is new when it is back", async () => {
  const person = home();
  const port = await freePort();
  const factory_url = `http://127.0.0.1:${port}`;
  person.write("config/crete/devhost-settings.json", JSON.stringify({ factory_url }));
  const away = await factory(person, port);
  const host = await devHost(person);
  const { pages, faults } = await open(await browser(), host);
  for (const each of pages) {
    await go(each.page, "#/images/new");
    await sees(each.hand, sentence(en.newImage.recommended), BUSY_MS);
  }
  await away.stop();
  const catalogue = person.path("data", "crete", "catalogue");
  for (const name of readdirSync(catalogue)) {
    const kept = JSON.parse(readFileSync(join(catalogue, name), "utf8")) as {
      fetched_at: string;
    };
    kept.fetched_at = "2026-03-20T09:00:00Z";
    writeFileSync(join(catalogue, name), JSON.stringify(kept));
  }
  for (const each of pages) {
    await each.page.reload();
    await sees(each.hand, sentence(en.newImage.stale), BUSY_MS);
    await sees(each.hand, fill(en.problem.factory_unreachable.title, { host: "127.0.0.1" }));
    await sees(each.hand, sentence(en.newImage.recommended));
    await each.look("stale");
  }
  await factory(person, port);
  for (const each of pages) {
    await each.hand.press(en.newImage.refresh);
    const note = each.page.getByText(sentence(en.newImage.stale));
    await note.waitFor({ state: "detached", timeout: BUSY_MS });
  }
  expect(faults).toEqual([]);
});
