/** Networks as values: where machines are, how ports stand, and how they are written. */
import { expect, it } from "vitest";
import * as sample from "../platform/fake/samples";
import { draftOf, hostPort, inOrder, placeOf, reachedAt } from "./networks";
import { KEPT_MS, remember } from "./rates.svelte";

it("the default network stands first, the others by name as people count", () => {
  const named = (name: string, is_default = false) =>
    sample.networkOff({ spec: sample.networkSpec({ name, is_default }) });
  const sorted = [named("n10"), named("n2"), named("zakros", true)].sort(inOrder);
  expect(sorted.map(({ spec }) => spec.name)).toEqual(["zakros", "n2", "n10"]);
});

it("a machine is found in the network it is plugged into", () => {
  const networks = [sample.networkOff({ machines: [] }), sample.network()];
  expect(placeOf(networks, sample.MACHINE_ID)?.network).toBe(networks[1]);
  expect(placeOf(networks, "other")).toBeUndefined();
});

it.each([
  ["127.88.1.21", "127.88.1.21:6443"],
  ["0.0.0.0", "127.0.0.1:6443"],
  ["::1", "[::1]:6443"],
])("a port at %s is reached at %s", (listen, at) =>
  expect(reachedAt(sample.forward({ listen }))).toBe(at),
);

it("addresses with colons stand in brackets", () =>
  expect(hostPort("fd00::1", 80)).toBe("[fd00::1]:80"));

it("what opens a port again holds everything but its id", () => {
  const { id: _, ...rest } = sample.forward();
  expect(draftOf(sample.forward())).toEqual(rest);
});

it("of a wire the last minutes are remembered, and no more", () => {
  const look = (at: number) => ({ at, sent: 1, received: 2 });
  let samples = remember([], look(0));
  samples = remember(samples, look(KEPT_MS / 2));
  samples = remember(samples, look(KEPT_MS));
  expect(samples.map(({ at }) => at)).toEqual([KEPT_MS / 2, KEPT_MS]);
  expect(remember(samples, look(3 * KEPT_MS))).toHaveLength(1);
});
