/**
 * What lies over a page or goes wrong on it, in both themes and both sizes: no accessibility
 * fault there either. The routes themselves are looked at in `routes.test.ts`.
 */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { count, en, fill } from "../../ui/src/messages";
import { sees, sentence, untilChosen, walk } from "../journey/journey";
import { deleteNetwork, openTrash } from "./bin";
import { lookTwice, LOOKS, STILL } from "./look";
import { Mouse } from "./mouse";
import { browser, devHost, home, slowFactory, visit } from "./person";

const LONG = 15 * 60_000;

interface Seen {
  hand: Mouse;
  page: Page;
  /** Looks at what is there now. */
  look: (name: string) => Promise<void>;
}

const go = (page: Page, hash: string): Promise<string> =>
  page.evaluate<string, string>((to) => (window.location.hash = to), hash);

async function overThePage({ hand, page, look }: Seen): Promise<void> {
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("machine");
  await look("palette");
  await page.getByRole("combobox").fill("nothing fits this");
  await sees(hand, fill(en.palette.nothing, { query: "nothing fits this" }));
  await look("palette-nothing");
  await page.keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: en.shortcuts.title }).waitFor();
  await look("shortcuts");
  await page.keyboard.press("Escape");
}

async function work({ hand, page, look }: Seen): Promise<void> {
  await go(page, "#/images");
  await sees(hand, sentence(en.blocker.factory_builds));
  await look("download-silent");
  await hand.press(count(en.nav.running, 1));
  await page.getByRole("region", { name: en.jobs.label }).waitFor();
  await look("running-work");
  await page.keyboard.press("Escape");
  await hand.press(en.library.pause);
  await sees(hand, en.images.paused);
  await look("download-paused");
  await hand.press(en.images.resume);
  await sees(hand, sentence(en.blocker.factory_builds));
}

async function refusals({ hand, page, look }: Seen, file: string): Promise<void> {
  await hand.press(en.library.import);
  const path = page.getByLabel(en.library.importPath);
  await path.fill(file);
  await path.blur();
  await sees(hand, sentence(en.importFault.unknown));
  await look("import-refused");
  await page.keyboard.press("Escape");
  await go(page, "#/networks/new");
  await page.getByLabel(en.networks.subnet, { exact: true }).fill("10.0.0.0/31");
  await page.locator("dialog [aria-invalid=true]").waitFor();
  await look("network-refused");
  await hand.press(en.common.cancel);
  await page.locator("dialog").waitFor({ state: "detached" });
  await go(page, "#/settings/service");
  await hand.fill(en.settings.factory, "not an address");
  await page.keyboard.press("Tab");
  await sees(hand, en.field.not_a_url);
  await look("setting-refused");
}

async function trash({ hand, page, look }: Seen): Promise<void> {
  await deleteNetwork(hand, "kommos");
  await look("toast-with-undo");
  await openTrash(hand);
  await hand.press(`${en.trash.purge}: kommos`);
  await sees(hand, en.trash.never);
  await look("trash-question");
  await hand.press(en.common.cancel);
  await hand.press(en.trash.empty);
  await sees(hand, en.trash.emptyTitle);
  await look("trash-empty-question");
  const all = page.getByRole("dialog").getByRole("button", { name: /^Delete/ });
  await all.click();
  await sees(hand, en.trash.emptyText);
}

test("what lies over a page, waits, or is refused", { timeout: LONG }, async () => {
  const person = home();
  const file = person.write("notes.txt", "no image at all\n");
  // Silent for as long as the test may take.
  const factory = slowFactory(person, 3600, 1);
  const host = await devHost(person, {
    args: ["--practice"],
    env: { CRETE_PRACTICE_FACTORY: factory },
  });
  const chromium = await browser();
  const { page: first } = await visit(chromium, host);
  const hand = new Mouse(first, "states-way");
  await walk(hand, untilChosen);
  await hand.press(en.newImage.download);
  await sees(hand, sentence(en.blocker.factory_builds));
  await first.context().close();

  const faults: string[] = [];
  for (const { theme, size } of LOOKS) {
    const looks = { ...STILL, colorScheme: theme, viewport: size };
    const { page } = await visit(chromium, host, looks);
    const seen: Seen = {
      hand: new Mouse(page, "states"),
      page,
      async look(name) {
        faults.push(...(await lookTwice(page, "states", `${name}-${size.width}-${theme}`, theme)));
      },
    };
    await sees(seen.hand, en.practice.band);
    await overThePage(seen);
    await work(seen);
    await refusals(seen, file);
    await trash(seen);
    await page.context().close();
  }
  expect(faults).toEqual([]);
});

test("no factory, and no program any more", async () => {
  const person = home();
  // Nobody listens there.
  const factory_url = "http://127.0.0.1:1";
  person.write("config/crete/devhost-settings.json", JSON.stringify({ factory_url }));
  const chromium = await browser();
  const host = await devHost(person);
  const faults: string[] = [];
  const open = async ({ theme, size }: (typeof LOOKS)[number]) => {
    const { page } = await visit(chromium, host, {
      ...STILL,
      colorScheme: theme,
      viewport: size,
    });
    return { page, theme, name: `${size.width}-${theme}` };
  };
  const pages = [];
  for (const looks of LOOKS) pages.push(await open(looks));
  const title = fill(en.problem.factory_unreachable.title, {
    host: "127.0.0.1",
  });
  for (const { page, theme, name } of pages) {
    await go(page, "#/images/new");
    await sees(new Mouse(page, "states"), title, 90_000);
    faults.push(...(await lookTwice(page, "states", `no-factory-${name}`, theme)));
  }
  await host.stop();
  for (const { page, theme, name } of pages) {
    await sees(new Mouse(page, "states"), en.connection.lost);
    faults.push(...(await lookTwice(page, "states", `lost-${name}`, theme)));
  }
  expect(faults).toEqual([]);
});
