/**
 * Gives a terminal no more at a time than it takes in between two pictures: left to itself it reads
 * for longer than a picture may take, and every second one is missed.
 *
 * ```text
 * picture ─▶ a piece is written ─▶ read by the terminal ─▶ picture ─▶ …
 * ```
 *
 * How large a piece may be is learned from how long the ones before it took.
 */
import type { Sink } from "./feed";

const KIB = 1024;
const LEAST = 16 * KIB;
const FIRST = 64 * KIB;
const MOST = 256 * KIB;
/** Milliseconds of a picture's seventeen that reading may take. */
const BUDGET_MS = 6;
/** Where pictures are not drawn, because nobody sees them, reading goes on all the same. */
const AT_LATEST_MS = 100;

export interface Clock {
  now: () => number;
  /** Calls once a picture was drawn. */
  picture: (then: () => void) => void;
}

/** The page's own pictures. */
export const pictures: Clock = {
  now: () => performance.now(),
  picture(then) {
    let called = false;
    const once = (): void => {
      if (called) return;
      called = true;
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      then();
    };
    const frame = requestAnimationFrame(once);
    const timer = setTimeout(once, document.hidden ? 0 : AT_LATEST_MS);
  },
};

interface Waiting {
  data: Uint8Array | string;
  drawn: () => void;
}

export class Pace implements Sink {
  #waiting: Waiting[] = [];
  #most = FIRST;
  /** A piece is being read, or the picture after it is not drawn yet. */
  #busy = false;
  /** Grows when everything is forgotten: what was read before then is nobody's. */
  #era = 0;

  constructor(
    private readonly sink: Sink,
    private readonly clock: Clock = pictures,
  ) {}

  write(data: Uint8Array | string, drawn: () => void): void {
    this.#waiting.push({ data, drawn });
    if (!this.#busy) this.#turn();
  }

  reset(): void {
    const forgotten = this.#waiting.splice(0);
    this.#era += 1;
    this.#busy = false;
    this.sink.reset();
    for (const { drawn } of forgotten) drawn();
  }

  /** Writes one piece, and the next when it was read and a picture was drawn. */
  #turn(): void {
    const piece = this.#take();
    const last = piece.at(-1);
    if (!last) {
      this.#busy = false;
      return;
    }
    this.#busy = true;
    const era = this.#era;
    const bytes = piece.reduce((sum, { data }) => sum + data.length, 0);
    // A terminal begins when it likes: from the first that it has read, time tells of the rest.
    let begun = 0;
    for (const part of piece) {
      this.sink.write(part.data, () => {
        part.drawn();
        if (era !== this.#era) return;
        const first = begun === 0;
        if (first) begun = this.clock.now();
        if (part !== last) return;
        if (!first) this.#learn(bytes - (piece[0]?.data.length ?? 0), this.clock.now() - begun);
        this.clock.picture(() => {
          if (era === this.#era) this.#turn();
        });
      });
    }
  }

  #learn(bytes: number, ms: number): void {
    const fits = ms > 0 ? (bytes * BUDGET_MS) / ms : MOST;
    // Halfway to what was seen: one busy moment is no rule.
    this.#most = Math.min(MOST, Math.max(LEAST, (this.#most + fits) / 2));
  }

  /** The next bytes, in parts small enough to be timed. */
  #take(): Waiting[] {
    const piece: Waiting[] = [];
    let room = this.#most;
    while (room > 0) {
      const next = this.#waiting[0];
      if (!next) break;
      const length = Math.min(next.data.length, room, LEAST);
      room -= Math.max(length, 1);
      if (typeof next.data === "string" || length === next.data.length) {
        piece.push(next);
        this.#waiting.shift();
        continue;
      }
      piece.push({ data: next.data.subarray(0, length), drawn: () => undefined });
      next.data = next.data.subarray(length);
    }
    return piece;
  }
}
