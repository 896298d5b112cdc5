/** A cluster in the real window: two clicks from Home to Kubernetes. */
import { afterEach, expect, test } from "vitest";
import { en } from "../../ui/src/messages";
import { CLUSTER, healthy, untilSolo } from "../journey/cluster";
import { sees, walk } from "../journey/journey";
import { Place } from "./place";

let place: Place | undefined;

afterEach(() => place?.close());

test("a cluster becomes healthy in the window, and is there when it opens again", async () => {
  place = await Place.make("webview/cluster");
  place.start();
  const window = await place.attach();
  await sees(window, en.home.empty);
  await walk(window, untilSolo);
  const machines = place.home.machines();
  expect(machines).toHaveLength(1);
  await window.close();
  expect(place.home.machines()).toEqual(machines);

  place.start();
  const again = await place.attach();
  await again.press(CLUSTER);
  await healthy(again);
  await again.picture("taken-back");
});
