/** Addresses and routes, and where back and forward lead. */
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  href,
  JOB_FILTERS,
  MACHINE_TABS,
  NETWORK_TABS,
  parse,
  place,
  router,
  SETTINGS_PAGES,
  toMachine,
  toNetwork,
  toSettings,
  type Route,
} from "./router.svelte";

const id = fc.string({ minLength: 1 }).filter((text) => text !== "new");
const route: fc.Arbitrary<Route> = fc.oneof(
  fc.constantFrom<Route>(
    { page: "home" },
    { page: "images" },
    { page: "new-image" },
    { page: "machines" },
    { page: "host" },
    { page: "trash" },
    { page: "gallery" },
  ),
  fc.record({ page: fc.constant("new-machine" as const), image: fc.string() }),
  fc.record({
    page: fc.constant("machine" as const),
    id,
    tab: fc.constantFrom(...MACHINE_TABS),
  }),
  fc.record({ page: fc.constant("networks" as const), adding: fc.boolean() }),
  fc.record({
    page: fc.constant("network" as const),
    id,
    tab: fc.constantFrom(...NETWORK_TABS),
    machine: fc.string(),
  }),
  fc.record({
    page: fc.constant("activity" as const),
    id: fc.oneof(fc.constant(""), id),
    filter: fc.constantFrom(...JOB_FILTERS),
  }),
  fc.record({ page: fc.constant("settings" as const), topic: fc.constantFrom(...SETTINGS_PAGES) }),
);

describe("an address", () => {
  it("leads back to its route", () => {
    fc.assert(fc.property(route, (route) => void expect(parse(href(route))).toEqual(route)));
  });

  it("leads somewhere, whatever it holds", () => {
    fc.assert(fc.property(fc.string(), (text) => void expect(parse(text)).toHaveProperty("page")));
  });

  it.each([
    ["", { page: "home" }],
    ["#/nowhere/at/all", { page: "home" }],
    ["#/machines/x/nothing", { page: "machine", id: "x", tab: "console" }],
    ["#/networks/x/nothing", { page: "network", id: "x", tab: "overview", machine: "" }],
    ["#/settings/nothing", { page: "settings", topic: "appearance" }],
    ["#/activity?show=nothing", { page: "activity", id: "", filter: "all" }],
    ["#/machines/%E0%A4%A", { page: "machine", id: "%E0%A4%A", tab: "console" }],
  ])("%s is understood", (address, wanted) => expect(parse(address)).toEqual(wanted));
});

it("a place is the same for its tabs and rows, and another for another machine", () => {
  expect(place(toMachine("a", "reveal"))).toBe(place(toMachine("a")));
  expect(place(toMachine("a"))).not.toBe(place(toMachine("b")));
  expect(place(toNetwork("a", "heard", "m"))).toBe(place(toNetwork("a")));
  expect(place(toNetwork("a"))).not.toBe(place(toMachine("a")));
  expect(place(toSettings("about"))).toBe(place(toSettings()));
});

describe("history", () => {
  const arrive = (page: Route["page"]) => vi.waitFor(() => expect(router.route.page).toBe(page));

  afterEach(async () => {
    while (router.canBack) {
      const before = window.location.hash;
      router.back();
      await vi.waitFor(() => expect(window.location.hash).not.toBe(before));
    }
  });

  it("goes back and forward, and a new way forgets what lay ahead", async () => {
    expect([router.canBack, router.canForward]).toEqual([false, false]);
    router.go({ page: "host" });
    await arrive("host");
    router.go({ page: "machines" });
    await arrive("machines");
    expect([router.canBack, router.canForward]).toEqual([true, false]);
    router.back();
    await arrive("host");
    expect([router.canBack, router.canForward]).toEqual([true, true]);
    router.go({ page: "images" });
    await arrive("images");
    expect(router.canForward).toBe(false);
  });

  it("has no step for a filter", async () => {
    router.go({ page: "activity", id: "", filter: "all" });
    await arrive("activity");
    router.swap({ page: "activity", id: "", filter: "failed" });
    expect(window.location.hash).toBe("#/activity?show=failed");
    router.back();
    await arrive("home");
  });
});
