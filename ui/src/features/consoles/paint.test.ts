// @vitest-environment node
/** Colours of a log line's head: only added, whatever the stream and however it is cut. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { painter, PLAIN, SOURCE, TIME } from "./paint";

const text = (codes: readonly number[]) => String.fromCharCode(...codes);
const paint = (...chunks: string[]): string => {
  const paint = painter();
  return chunks
    .map((chunk) => text([...paint(Uint8Array.from(Buffer.from(chunk, "latin1")))]))
    .join("");
};
const [time, source, plain] = [text(TIME), text(SOURCE), text(PLAIN)];

it("the time and the source of a line are told apart from its words", () => {
  expect(paint("[    1.790155] [talos] booting\r\n")).toBe(
    `${time}[    1.790155]${plain} ${source}[talos]${plain} booting\r\n`,
  );
});

it("a line is understood across chunks", () => {
  const line = "[    1.790155] [talos] booting\n";
  expect(paint(...line)).toBe(paint(line));
});

it("only the head of a line is coloured", () => {
  expect(paint("service[etcd](Running)\n")).toBe("service[etcd](Running)\n");
  expect(paint("\x1b[2J[    0.1] x")).toBe("\x1b[2J[    0.1] x");
});

it("a head that is none is left at once", () => {
  expect(paint("[x] y")).toBe(`${time}[${plain}x] y`);
  const long = `[${"1".repeat(60)}] y`;
  expect(paint(long).replace(/\x1b\[\d+m/g, "")).toBe(long);
});

it("taking the colours away gives back the stream, whatever it was", () => {
  const piece = fc.constantFrom("[", "]", " ", "1", ".", "talos", "\n", "\r", "x");
  fc.assert(
    fc.property(fc.array(piece), fc.array(fc.nat(40)), (pieces, cuts) => {
      const stream = pieces.join("");
      const chunks: string[] = [];
      let at = 0;
      for (const cut of cuts) {
        chunks.push(stream.slice(at, at + cut));
        at += cut;
      }
      chunks.push(stream.slice(at));
      const painted = paint(...chunks);
      for (const code of [time, source, plain]) expect(painted).not.toContain(code + code);
      expect(painted.replace(/\x1b\[\d+m/g, "")).toBe(stream);
    }),
  );
});
