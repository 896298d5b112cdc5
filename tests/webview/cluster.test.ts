/** Clusters in the real window: three clicks from Home to Kubernetes. */
import { afterEach, expect, test } from "vitest";
import { en } from "../../ui/src/messages";
import { form } from "../../ui/src/messages/en/clusterPages";
import {
  askStage,
  CLUSTER,
  createStage,
  healthy,
  healthyStage,
  shapeStage,
  untilSolo,
} from "../journey/cluster";
import { sees, walk } from "../journey/journey";
import { nodes } from "../journey/kubernetes";
import { Place } from "./place";

let place: Place | undefined;

afterEach(() => place?.close());

test("a cluster of one machine becomes healthy, and is there when the window opens again", async () => {
  place = await Place.make("webview/cluster");
  place.start();
  const window = await place.attach();
  await sees(window, en.home.empty);
  await walk(window, untilSolo);
  const machines = place.home.machines();
  expect(machines).toHaveLength(1);
  expect(nodes(place.home)).toMatchObject([{ name: `${CLUSTER}-cp-1`, ready: true }]);
  await window.close();
  expect(place.home.machines()).toEqual(machines);

  place.start();
  const again = await place.attach();
  await again.press(CLUSTER);
  await healthy(again);
  await again.picture("taken-back");
});

test("one control plane and two workers are three clicks away", async () => {
  place = await Place.make("webview/cluster-small");
  place.start();
  const window = await place.attach();
  await sees(window, en.home.empty);
  await walk(window, [askStage, shapeStage(form.shapes.small.title, "w-2"), createStage]);
  await walk(window, [healthyStage]);
  expect(place.home.machines()).toHaveLength(3);
  const names = ["cp-1", "w-1", "w-2"].map((name) => `${CLUSTER}-${name}`);
  expect(nodes(place.home)).toMatchObject(names.map((name) => ({ name, ready: true })));
});
