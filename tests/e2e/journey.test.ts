/** The main job in Chromium, with the real engine and real machines. */
import { expect, test } from "vitest";
import { untilBooted, untilUndone, walk } from "../journey/journey";
import { Keyboard } from "./keyboard";
import { Mouse } from "./mouse";
import { browser, devHost, home, visit } from "./person";

test.each([
  ["by mouse", Mouse, "mouse"],
  ["by keyboard alone", Keyboard, "keyboard"],
] as const)("the main job %s", async (_, Hand, pictures) => {
  const person = home();
  const host = await devHost(person, { args: ["--practice"] });
  const { page, faults } = await visit(await browser(), host);
  const hand = new Hand(page, pictures);
  await walk(hand, untilBooted);
  expect(person.machines()).toHaveLength(1);
  await walk(hand, untilUndone);
  expect(person.machines()).toEqual([]);
  expect(faults).toEqual([]);
});
