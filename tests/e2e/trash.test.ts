/** What is deleted can be found, given back, and lost for good, and then its space is free. */
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { count, en, fill } from "../../ui/src/messages";
import { sees } from "../journey/journey";
import { deleteNetwork, openTrash, untilPlaces } from "./bin";
import { Mouse } from "./mouse";
import { browser, devHost, home, visit } from "./person";

test("what was deleted is given back or deleted for good, also after a restart", async () => {
  const person = home();
  const places = (): string[] => readdirSync(person.path("data", "crete-practice", "trash"));
  let host = await devHost(person, { args: ["--practice"] });
  const chromium = await browser();
  let { page, faults } = await visit(chromium, host);
  let hand = new Mouse(page, "trash");
  await sees(hand, en.home.empty);
  for (const name of ["kommos", "zakros", "malia"]) await deleteNetwork(hand, name);
  await untilPlaces(places, 3);
  expect(faults).toEqual([]);
  await page.context().close();
  await host.stop();

  // A later day: the toasts that could undo it are long gone.
  host = await devHost(person, { args: ["--practice"] });
  ({ page, faults } = await visit(chromium, host));
  hand = new Mouse(page, "trash");
  await openTrash(hand);
  const list = page.getByRole("region", { name: en.trash.list });
  await list.getByRole("listitem").nth(2).waitFor();
  expect(await list.locator("li .name").allInnerTexts()).toEqual(["malia", "zakros", "kommos"]);
  await hand.picture("three");

  await hand.press(`${en.trash.giveBack}: zakros`);
  await sees(hand, fill(en.common.restored, { name: "zakros" }));
  await hand.press(en.common.show);
  await page.getByRole("heading", { level: 1, name: "zakros" }).waitFor();
  await untilPlaces(places, 2);

  await openTrash(hand);
  await hand.press(`${en.trash.purge}: malia`);
  await sees(hand, en.trash.never);
  await hand.picture("question");
  await hand.press(fill(en.trash.purgeDo, { name: "malia" }));
  await untilPlaces(places, 1);
  await deleteNetwork(hand, "gournia");
  await openTrash(hand);
  await hand.press(en.trash.empty);
  await hand.press(fill(en.trash.emptyDo, { things: count(en.trash.things, 2) }));
  await untilPlaces(places, 0);
  await sees(hand, en.trash.emptyText);
  await hand.picture("empty");
  expect(faults).toEqual([]);
});
