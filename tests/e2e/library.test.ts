/** The library with files of a person's own, and with a file that somebody damaged. */
import { appendFileSync, chmodSync, copyFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { count, en, fill } from "../../ui/src/messages";
import type { Home } from "../journey/home";
import { sees, sentence } from "../journey/journey";
import { practiceImages } from "../journey/places";
import { until } from "../journey/wait";
import { Mouse } from "./mouse";
import { browser, devHost, home, visit } from "./person";

const OWN = "own disk.raw.zst";
const images = (person: Home): string => person.path("data", "crete-practice", "images");

test("an own file is looked at, imported, checked, and set aside when it was damaged", async () => {
  const person = home();
  const host = await devHost(person, { args: ["--practice"] });
  const { page } = await visit(await browser(), host);
  const hand = new Mouse(page, "library");
  await hand.press(en.nav.images);
  await hand.press(en.library.import);
  const path = page.getByLabel(en.library.importPath);

  await path.fill(person.write("notes.txt", "no image at all\n"));
  await path.blur();
  await sees(hand, sentence(en.importFault.unknown));
  await hand.picture("no-image");

  const own = person.path(OWN);
  copyFileSync(join(practiceImages(), "metal-amd64.raw.zst"), own);
  await path.fill(own);
  await path.blur();
  await page.getByRole("dialog").getByText(OWN).waitFor();
  await hand.picture("own-file");
  await page.getByRole("dialog").getByRole("button", { name: en.library.import }).click();
  await page.getByRole("row").getByText(OWN).waitFor({ timeout: 60_000 });
  await sees(hand, en.images.createMachine, 60_000);

  await page.getByRole("button", { name: fill(en.common.more, { name: OWN }) }).click();
  await hand.press(en.library.checked);
  await page.getByRole("dialog").getByText(en.library.layer.digest, { exact: true }).waitFor();
  await hand.picture("checks");
  // Somebody writes into the file that machines would start from.
  const folder = join(images(person), readdirSync(images(person))[0] ?? "");
  chmodSync(join(folder, "base"), 0o600);
  appendFileSync(join(folder, "base"), "x");
  await page.getByRole("button", { name: en.library.checkNow }).click();
  await sees(hand, count(en.library.asideText, 1), 60_000);
  await hand.picture("set-aside");
  expect(readdirSync(folder)).not.toContain("base");

  const aside = fill(en.common.deleteName, { name: "1-base" });
  await page.getByRole("button", { name: aside }).click();
  await page.getByRole("dialog").last().getByRole("button", { name: aside }).click();
  const left = (): string[] => readdirSync(join(folder, "set-aside"));
  await until("the damaged file to go", 10_000, () => Promise.resolve(left().length === 0));
});

test("a file put into the images folder becomes an image", async () => {
  const person = home();
  const host = await devHost(person, { args: ["--practice"] });
  const { page } = await visit(await browser(), host);
  const hand = new Mouse(page, "library");
  await hand.press(en.nav.images);
  await sees(hand, en.images.empty);
  copyFileSync(join(practiceImages(), "metal-amd64.iso"), join(images(person), "my own.iso"));
  await page.getByRole("row").getByText("my own.iso").waitFor({ timeout: 60_000 });
  await sees(hand, en.images.createMachine, 60_000);
});
