/** From a byte stream to a terminal: gaps, repeats, and when more may come. Knows no terminal. */
import { guard } from "./guard";

export interface Sink {
  /** Takes bytes or a note in; `drawn` is called when they were. */
  write(data: Uint8Array | string, drawn: () => void): void;
  /** Forgets everything. */
  reset(): void;
}

export interface FeedOptions {
  /** Words for bytes that are not there any more. */
  gap: (bytes: number) => string;
  /** Colours added for the eye; must leave the text as it is. */
  paint?: (bytes: Uint8Array) => Uint8Array;
}

const DIM = "\x1b[2m";
const PLAIN = "\x1b[0m";
const NEWLINE = 10;

function newlines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) count += 1;
  return count;
}

/**
 * Writes a stream's chunks in order. The promise of a chunk settles when it was drawn, and only
 * then is it acknowledged: a terminal that is behind makes the program wait, not the page grow.
 */
export class Feed {
  #expected = 0;
  #guard = guard();
  /** Lines since `restartCount` was called. */
  #lines = 0;

  constructor(
    private readonly sink: Sink,
    private readonly options: FeedOptions,
  ) {}

  chunk(offset: number, bytes: Uint8Array): Promise<void> {
    // From the start again: the connection was made anew.
    if (offset === 0 && this.#expected > 0) this.restart();
    const fresh = bytes.subarray(Math.min(bytes.length, Math.max(0, this.#expected - offset)));
    const missing = offset - this.#expected;
    this.#expected = Math.max(this.#expected, offset + bytes.length);
    this.#lines += newlines(fresh);
    if (missing > 0) this.#note(this.options.gap(missing));
    const harmless = this.#guard(fresh);
    if (harmless.length === 0) return Promise.resolve();
    const painted = this.options.paint?.(harmless) ?? harmless;
    return new Promise((drawn) => this.sink.write(painted, drawn));
  }

  get lines(): number {
    return this.#lines;
  }

  countFromHere(): void {
    this.#lines = 0;
  }

  /** Forgets what was shown, before everything is sent again. */
  restart(): void {
    this.#expected = 0;
    this.#lines = 0;
    this.#guard = guard();
    this.sink.reset();
  }

  #note(text: string): void {
    this.sink.write(`\r\n${DIM}… ${text} …${PLAIN}\r\n`, () => undefined);
  }
}
