// @vitest-environment node
/** Names are in the order that the rules of all scripts give them, whichever way it is found. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { natural } from "./order";

const rules = new Intl.Collator("en", { numeric: true });

it("numbers in names count", () => {
  const names = ["node-10", "node-2", "worker", "node-1", "a", "node"];
  expect([...names].sort(natural)).toEqual(["a", "node", "node-1", "node-2", "node-10", "worker"]);
});

it("names of hosts are in the same order as by the rules", () => {
  const letters = fc.constantFrom("a", "b", "z", "-", "0", "1", "2", "9");
  const name = fc.array(letters, { maxLength: 8 }).map((all) => all.join(""));
  fc.assert(
    fc.property(name, name, (a, b) => {
      expect(Math.sign(natural(a, b))).toBe(Math.sign(rules.compare(a, b)));
    }),
    { numRuns: 2000 },
  );
});

it("others are by the rules", () => {
  expect([..."zÄaB"].sort(natural)).toEqual(["a", "Ä", "B", "z"]);
});
