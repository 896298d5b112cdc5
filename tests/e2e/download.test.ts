/** A download as it really is: a long silence, then bytes; stopped and gone on with. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { en } from "../../ui/src/messages";
import { sees, sentence, untilChosen, walk } from "../journey/journey";
import { practiceImages } from "../journey/places";
import { until } from "../journey/wait";
import { Mouse } from "./mouse";
import { browser, devHost, home, slowFactory, visit } from "./person";

/** How long the factory is silent, and how long the bytes then take. */
const SILENCE_S = 5;
const BYTES_S = 20;

test("a download tells what it waits for, shows progress, pauses, stops, and goes on", async () => {
  const person = home();
  const { size } = statSync(join(practiceImages(), "metal-amd64.raw.zst"));
  const factory = slowFactory(person, SILENCE_S, Math.ceil(size / BYTES_S));
  const host = await devHost(person, {
    args: ["--practice"],
    env: { CRETE_PRACTICE_FACTORY: factory },
  });
  const { page } = await visit(await browser(), host);
  const hand = new Mouse(page, "download");
  await walk(hand, untilChosen);
  await hand.press(en.newImage.download);
  await sees(hand, sentence(en.blocker.factory_builds));
  await hand.picture("silence");

  const bar = page.getByRole("progressbar").first();
  const percent = async (): Promise<number> => Number(await bar.getAttribute("aria-valuenow"));
  await sees(hand, sentence(en.common.left));
  const first = await percent();
  await hand.picture("progress");
  await until("more bytes", 30_000, async () => (await percent()) > first);

  // A pause is kept, whatever becomes of the page.
  await hand.press(en.library.pause);
  await sees(hand, en.images.paused);
  await page.reload();
  await sees(hand, sentence(en.images.keptOf));
  const kept = await percent();
  expect(kept).toBeGreaterThan(0);
  await hand.picture("paused");
  await hand.press(en.images.resume);
  await sees(hand, sentence(en.common.left));
  await until("more bytes than were kept", 30_000, async () => (await percent()) > kept);

  await hand.press(en.images.cancel);
  await sees(hand, en.images.resume);
  await sees(hand, sentence(en.images.keptOf));
  await hand.press(en.images.resume);
  await sees(hand, en.images.createMachine, 60_000);
  expect(person.machines()).toEqual([]);
});
