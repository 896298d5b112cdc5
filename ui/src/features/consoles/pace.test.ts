// @vitest-environment node
/** Everything arrives, in order and once; and between two pictures never more than fits. */
import fc from "fast-check";
import { beforeEach, expect, it } from "vitest";
import { Pace, type Clock } from "./pace";

const KIB = 1024;

/** A terminal that reads so many bytes a millisecond, when it is told to. */
class Terminal {
  text = "";
  readonly #waiting: { data: Uint8Array | string; drawn: () => void }[] = [];
  /** Bytes that were given to it since it was looked at. */
  given = 0;
  perMs = 32 * KIB;

  write(data: Uint8Array | string, drawn: () => void): void {
    this.given += data.length;
    this.#waiting.push({ data, drawn });
  }

  reset(): void {
    this.text = "";
    this.#waiting.splice(0).forEach(({ drawn }) => drawn());
  }

  read(): void {
    for (const { data, drawn } of this.#waiting.splice(0)) {
      this.text += typeof data === "string" ? data : new TextDecoder().decode(data);
      now += data.length / this.perMs;
      drawn();
    }
  }
}

let now = 0;
let waiting: (() => void)[] = [];
const clock: Clock = { now: () => now, picture: (then) => waiting.push(then) };
let terminal: Terminal;
let pace: Pace;

const picture = (): void => waiting.splice(0).forEach((then) => then());

beforeEach(() => {
  now = 1;
  waiting = [];
  terminal = new Terminal();
  pace = new Pace(terminal, clock);
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

it("a little is written at once", () => {
  pace.write(bytes("abc"), () => undefined);
  terminal.read();
  expect(terminal.text).toBe("abc");
});

it("a flood is written piece by piece, each after a picture", () => {
  let drawn = false;
  pace.write(new Uint8Array(1024 * KIB).fill(97), () => (drawn = true));
  const given: number[] = [];
  for (let turn = 0; turn < 50 && !drawn; turn += 1) {
    given.push(terminal.given);
    terminal.given = 0;
    terminal.read();
    expect(terminal.given).toBe(0);
    picture();
  }
  expect(drawn).toBe(true);
  expect(terminal.text).toHaveLength(1024 * KIB);
  expect(Math.max(...given)).toBeLessThanOrEqual(256 * KIB);
});

it.each([4, 16, 64])("a terminal that reads %i KiB a millisecond is given what fits", (kib) => {
  terminal.perMs = kib * KIB;
  pace.write(new Uint8Array(8192 * KIB), () => undefined);
  const times: number[] = [];
  for (let turn = 0; turn < 30; turn += 1) {
    const before = now;
    terminal.read();
    times.push(now - before);
    picture();
  }
  // What a piece took after the first few, in milliseconds.
  const later = times.slice(8).filter((ms) => ms > 0);
  expect(Math.max(...later)).toBeLessThan(8);
  expect(Math.max(...later)).toBeGreaterThan(3);
});

it("what is forgotten is acknowledged, and not written any more", () => {
  const drawn: string[] = [];
  pace.write(new Uint8Array(512 * KIB).fill(97), () => drawn.push("old"));
  pace.reset();
  expect(drawn).toEqual(["old"]);
  pace.write(bytes("new"), () => drawn.push("new"));
  terminal.read();
  picture();
  terminal.read();
  expect(terminal.text).toBe("new");
  expect(drawn).toEqual(["old", "new"]);
});

it("everything arrives once and in order, however it comes and whenever it is read", () => {
  const step = fc.oneof(
    fc.string({ maxLength: 5 }).map((text) => ({ text, times: 1 })),
    fc.nat(3).map((digit) => ({ text: String(digit), times: 40 * KIB })),
    fc.constantFrom("read", "picture"),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      terminal = new Terminal();
      pace = new Pace(terminal, clock);
      let [whole, sent, drawn] = ["", 0, 0];
      for (const each of steps) {
        if (each === "read") terminal.read();
        else if (each === "picture") picture();
        else {
          const text = each.text.repeat(each.times);
          whole += text;
          sent += 1;
          pace.write(bytes(text), () => (drawn += 1));
        }
      }
      for (let turn = 0; turn < 200 && drawn < sent; turn += 1) {
        terminal.read();
        picture();
      }
      expect(drawn).toBe(sent);
      expect(terminal.text === whole).toBe(true);
    }),
    { numRuns: 60 },
  );
});
