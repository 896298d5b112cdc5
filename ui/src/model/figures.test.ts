import { expect, it } from "vitest";
import { figures } from "../platform/fake/nodes";
import type { NodeFigures } from "../platform/generated/api";
import { KEPT_MS, remember, total, type Look } from "./figures.svelte";
import { Records } from "./told.svelte";

const now = figures().figures as NodeFigures;

it("looks older than what is drawn are forgotten", () => {
  const look = (at: number): Look => ({ at, figures: now });
  let looks: Look[] = [];
  for (const at of [0, 1000, KEPT_MS, KEPT_MS + 500]) looks = remember(looks, look(at));
  expect(looks.map(({ at }) => at)).toEqual([1000, KEPT_MS, KEPT_MS + 500]);
  expect(remember(looks, look(9 * KEPT_MS))).toHaveLength(1);
});

it("rates are added over all links", () => {
  const links = [...now.links, { name: "eth1", inward: 1, outward: 2 }];
  expect([total(links, "inward"), total(links, "outward")]).toEqual([2049, 1026]);
});

it("records are whole however their bytes are cut", () => {
  const text = '{"kind":"lines","lines":["ü"]}\n{"kind":"gap"}\n';
  const bytes = new TextEncoder().encode(text);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const records = new Records();
    const found = [...records.feed(bytes.slice(0, cut)), ...records.feed(bytes.slice(cut))];
    expect(found).toEqual([{ kind: "lines", lines: ["ü"] }, { kind: "gap" }]);
  }
});
