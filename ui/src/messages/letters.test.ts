// @vitest-environment node
/** What people read is written with the letters that are there before the first picture. */
import { expect, it } from "vitest";
import { ranges } from "../../fonts/cut.js";
import { en } from "./en";

it("no English text needs more letters than the cut has", () => {
  const has = (letter: number): boolean =>
    ranges().some(([first, last]) => letter >= first && letter <= last);
  const letters = new Set(JSON.stringify(en).replace(/\\./g, ""));
  expect([...letters].filter((letter) => !has(letter.codePointAt(0) ?? 0))).toEqual([]);
  expect(has("面".codePointAt(0)!)).toBe(false);
});
