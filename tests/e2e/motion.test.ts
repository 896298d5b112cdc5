/** Who asks the desktop for less motion gets none, and learns the same. */
import { expect, test } from "vitest";
import { en, fill } from "../../ui/src/messages";
import { sees, sentence, untilChosen, walk } from "../journey/journey";
import { until } from "../journey/wait";
import { deleteNetwork } from "./bin";
import { moving } from "./motion";
import { Mouse } from "./mouse";
import { browser, devHost, home, slowFactory, visit } from "./person";

test("work that goes on turns, and stands still for who asks for less motion", async () => {
  const person = home();
  // Silent for as long as the test may take: the work never ends by itself.
  const factory = slowFactory(person, 3600, 1);
  const host = await devHost(person, {
    args: ["--practice"],
    env: { CRETE_PRACTICE_FACTORY: factory },
  });
  const { page } = await visit(await browser(), host);
  const hand = new Mouse(page, "motion");
  await walk(hand, untilChosen);
  await hand.press(en.newImage.download);
  await sees(hand, sentence(en.blocker.factory_builds));
  const turns = (names: string[]): boolean => names.some((name) => name.endsWith("turn"));
  await until("something that turns", 10_000, async () => turns(await moving(page)));

  await page.emulateMedia({ reducedMotion: "reduce" });
  await until("stillness", 10_000, async () => (await moving(page)).length === 0);
  await sees(hand, sentence(en.blocker.factory_builds));
  await hand.picture("still");

  // What comes and goes does so at once: a toast, a switch, a box that opens.
  const seen: string[] = [];
  const watched = async (step: () => Promise<void>): Promise<void> => {
    await step();
    seen.push(...(await moving(page)));
  };
  await watched(() => deleteNetwork(hand, "kommos"));
  await watched(() => sees(hand, fill(en.common.inTrash, { name: "kommos" })));
  await watched(() => page.keyboard.press("Control+k"));
  await watched(() => page.keyboard.press("Escape"));
  await watched(() => hand.press(en.nav.settings));
  const contrast = page.getByRole("switch", { name: en.settings.contrast });
  await watched(() => contrast.click());
  await watched(() => page.locator(":root[data-contrast=more]").waitFor());
  expect(seen).toEqual([]);

  await page.emulateMedia({ reducedMotion: "no-preference" });
  await hand.press(en.nav.activity);
  await until("it turns again", 10_000, async () => turns(await moving(page)));
});
