// @vitest-environment node
/** Finding things in the palette. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { find, pieces, query, type Findable } from "./search";

const entries: Findable[] = [
  { group: "go", title: "Machines" },
  { group: "do", title: "New machine" },
  { group: "do", title: "Get an image" },
  { group: "machine", title: "malia", note: "Switched off by you" },
  { group: "explain", title: "Machine, node", note: "One virtual computer." },
];
const titles = (text: string) => find(entries, query(text)).map(({ title }) => title);

describe("looking for words", () => {
  it("puts actions before places, and words at a beginning first", () => {
    expect(titles("ma")).toEqual([
      "New machine",
      "Get an image",
      "Machines",
      "malia",
      "Machine, node",
    ]);
  });

  it("needs every word, in the title or beside it", () => {
    expect(titles("switched ma")).toEqual(["malia"]);
    expect(titles("machine image")).toEqual([]);
  });

  it("keeps explanations away until somebody asks", () => {
    expect(titles("")).toEqual(["New machine", "Get an image", "Machines", "malia"]);
    expect(titles("?")).toEqual(["Machine, node"]);
  });

  it("narrows by the first sign", () => {
    expect(titles(">ma")).toEqual(["New machine", "Get an image"]);
    expect(titles("@")).toEqual(["malia"]);
  });
});

describe("marking what was found", () => {
  it("cuts the title at its hits", () => {
    expect(pieces("New machine", ["ma"])).toEqual([
      { text: "New ", hit: false },
      { text: "ma", hit: true },
      { text: "chine", hit: false },
    ]);
  });

  it("never changes the title, whatever is looked for", () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string({ minLength: 1 })), (title, words) => {
        const text = pieces(title, words)
          .map((piece) => piece.text)
          .join("");
        expect(text).toBe(title);
      }),
    );
  });
});
