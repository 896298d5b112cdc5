// @vitest-environment node
/** What a guest prints reaches the terminal as text, colours and moves, and as nothing else. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { guard } from "./guard";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What is left of a stream, cut at these places. */
function left(stream: string, ...cuts: number[]): string {
  const take = guard();
  const all = bytes(stream);
  const out: number[] = [];
  let at = 0;
  for (const end of [...cuts, all.length]) {
    out.push(...take(all.subarray(at, end)));
    at = Math.max(at, end);
  }
  return new TextDecoder().decode(Uint8Array.from(out));
}

const STRINGS = {
  "a title": "\x1b]0;taken\x07",
  "a title ended by an escape": "\x1b]2;taken\x1b\\",
  "the clipboard": "\x1b]52;c;dGFrZW4=\x07",
  "a link": "\x1b]8;;https://taken.example\x1b\\",
  "a palette": "\x1b]4;1;#000000\x07",
  "device control": "\x1bP$qm\x1b\\",
  "a program's command": "\x1b_Gtaken\x1b\\",
  "a private message": "\x1b^taken\x1b\\",
  "a string": "\x1bXtaken\x1b\\",
  "controls within the escape": "\x1b\x00\x7f]0;taken\x07",
  "an escape before the escape": "\x1b\x1b]0;taken\x07",
  "a string within a string": "\x1b]0;a\x1b]52;c;b\x07",
  "one that is cancelled": "\x1b]0;taken\x18",
};

it.each(Object.entries(STRINGS))("%s is dropped, wherever it is cut", (_, string) => {
  const stream = `before ${string}after`;
  for (let cut = 0; cut <= stream.length; cut += 1) {
    const shown = left(stream, cut).replace(/\0|\x7f/g, "");
    expect(shown, `cut at ${cut}`).toBe("before after");
  }
});

it("the second row of controls begins nothing", () => {
  expect(left("a\u009d0;title\u009cb\u009b6nc")).toBe("a0;titleb6nc");
});

it("text, colours and moves pass", () => {
  const stream = "\x1b[31mred\x1b[0m \x1b[2J\x1b(B\x1b7κνωσός 面\r\n\t\x1bM";
  for (let cut = 0; cut <= bytes(stream).length; cut += 1) expect(left(stream, cut)).toBe(stream);
});

it("a string that nobody ends hides no later line", () => {
  expect(left("\x1b]0;never ended\r\nnext line\r\n")).toBe("\nnext line\r\n");
});

it("marks without end stay few, and no letter's own are lost", () => {
  const few = "e\u0301\u0323 \u0905\u094d";
  expect(left(few)).toBe(few);
  expect([...left(`e${"\u0301".repeat(100_000)}x`)]).toHaveLength(10);
});

it("what is dropped is not kept", () => {
  const take = guard();
  take(bytes("\x1b]0;"));
  const flood = new Uint8Array(64 * 1024).fill(97);
  for (let turn = 0; turn < 256; turn += 1) expect(take(flood)).toHaveLength(0);
  expect(new TextDecoder().decode(take(bytes("\x07on")))).toBe("on");
});

it("no string is ever begun, whatever the stream", () => {
  const piece = fc.constantFrom(
    "\x1b",
    "]",
    "P",
    "_",
    "^",
    "X",
    "\\",
    "\x07",
    "\n",
    "\x18",
    "[",
    "0;",
    "a",
    "\u009d",
    "é",
  );
  fc.assert(
    fc.property(fc.array(piece), fc.array(fc.nat(60)), (pieces, cuts) => {
      const stream = pieces.join("");
      const shown = left(stream, ...cuts.sort((one, other) => one - other));
      expect(shown).not.toMatch(/\x1b[\x00-\x17\x19\x1b-\x1f\x7f]*[\]P_^X]|[\u0080-\u009f]/);
    }),
  );
});
