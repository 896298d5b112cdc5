// @vitest-environment node
/** From a stream to a terminal: nothing twice, nothing silently missing, nothing too fast. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { Feed, type Sink } from "./feed";

/** A terminal that draws only when it is told to. */
class SlowSink implements Sink {
  text = "";
  readonly waiting: (() => void)[] = [];

  write(data: Uint8Array | string, drawn: () => void): void {
    this.text += typeof data === "string" ? data : new TextDecoder().decode(data);
    this.waiting.push(drawn);
  }

  reset(): void {
    this.text = "";
  }

  draw(): void {
    for (const drawn of this.waiting.splice(0)) drawn();
  }
}

const bytes = (text: string) => new TextEncoder().encode(text);
const opened = () => {
  const sink = new SlowSink();
  return { sink, feed: new Feed(sink, { gap: (missing) => `${missing} missing` }) };
};

it("a chunk is acknowledged when it was drawn, not before", async () => {
  const { sink, feed } = opened();
  let settled = false;
  const taken = feed.chunk(0, bytes("abc")).then(() => (settled = true));
  await Promise.resolve();
  expect(settled).toBe(false);
  sink.draw();
  await taken;
  expect(settled).toBe(true);
});

it("a gap is said, with its size", () => {
  const { sink, feed } = opened();
  void feed.chunk(0, bytes("abc"));
  void feed.chunk(10, bytes("xyz"));
  expect(sink.text).toContain("7 missing");
  expect(sink.text.startsWith("abc")).toBe(true);
  expect(sink.text.endsWith("xyz")).toBe(true);
});

it("a connection made anew shows everything once", () => {
  const { sink, feed } = opened();
  void feed.chunk(0, bytes("abc"));
  void feed.chunk(0, bytes("abcdef"));
  expect(sink.text).toBe("abcdef");
});

it("what was shown already is not shown again, and is acknowledged all the same", async () => {
  const { sink, feed } = opened();
  void feed.chunk(0, bytes("abcdef"));
  void feed.chunk(4, bytes("efgh"));
  await feed.chunk(2, bytes("cd"));
  expect(sink.text).toBe("abcdefgh");
});

it("lines are counted from where one asks", () => {
  const { feed } = opened();
  void feed.chunk(0, bytes("a\nb\n"));
  expect(feed.lines).toBe(2);
  feed.countFromHere();
  void feed.chunk(4, bytes("c\n"));
  expect(feed.lines).toBe(1);
});

it("a text arrives whole, however it is cut and repeated", () => {
  const cuts = fc.array(fc.tuple(fc.nat(20), fc.nat(20)), { maxLength: 12 });
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 20 }), cuts, (text, cuts) => {
      const whole = bytes(text);
      const { sink, feed } = opened();
      let reached = 0;
      for (const [back, length] of cuts) {
        // Never from the very start: that would be a new connection.
        const from = Math.max(Math.min(reached, 1), reached - back);
        const to = Math.min(whole.length, from + length);
        void feed.chunk(from, whole.subarray(from, to));
        reached = Math.max(reached, to);
      }
      void feed.chunk(reached, whole.subarray(reached));
      expect(sink.text).toBe(new TextDecoder().decode(whole));
    }),
  );
});
