/** A file dragged from another program onto the real window, by the mouse. */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, test } from "vitest";
import { en } from "../../ui/src/messages";
import { sees } from "../journey/journey";
import { practiceImages, program } from "../journey/places";
import { Program } from "../journey/program";
import { Place } from "./place";

const OWN = "my own.iso";

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

test("a file dropped onto the window is named first, and imported", async () => {
  const place = await Place.make("webview/drop");
  closing.push(() => place.close());
  place.start();
  const window = await place.attach();
  await window.press(en.nav.images);
  await sees(window, en.images.empty);

  const file = place.home.path(OWN);
  copyFileSync(join(practiceImages(), "metal-amd64.iso"), file);
  const env = place.home.env(place.desktop.env);
  const source = new Program("the drag source", program("crete-drag-source"), [file], env);
  closing.push(() => source.stop());
  await place.titled("drag source");

  const move = (at: number): string[] => ["mousemove", "--sync", String(at), String(at)];
  place.x(...move(40), "mousedown", "1");
  // A drag begins only after some way, and is told to a window only by moving over it.
  place.x(...[45, 55, 70, 120, 300, 400, 405].flatMap(move));
  await sees(window, en.library.dropTitle);
  await sees(window, OWN);
  await window.picture("over");
  place.x("mouseup", "1");
  await sees(window, en.images.createMachine, 60_000);
  await sees(window, OWN);
});
