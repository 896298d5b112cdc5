/**
 * Colours the head of a kernel log line, `[    1.790155] [talos]`, while it flows by.
 *
 * ```text
 * start ──'['──▶ time ──']'──▶ between ──'['──▶ source ──']'──▶ rest ──newline──▶ start
 *   └────────────── anything else, anywhere ──────────────────▶ rest
 * ```
 *
 * Bytes are only added, never changed, held back or taken away.
 */

/** Bright black and bright yellow: the terminal's theme gives them the console's own colours. */
export const TIME = bytesOf("\x1b[90m");
export const SOURCE = bytesOf("\x1b[93m");
export const PLAIN = bytesOf("\x1b[39m");

const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
const OPEN = 91;
const CLOSE = 93;
/** Longer heads are no heads. */
const LONGEST = 32;

type State = "start" | "time" | "between" | "source" | "rest";

function bytesOf(text: string): readonly number[] {
  return [...text].map((letter) => letter.charCodeAt(0));
}

const isTime = (byte: number): boolean =>
  byte === SPACE || byte === 46 || (byte >= 48 && byte <= 57);

const isWord = (byte: number): boolean =>
  (byte >= 97 && byte <= 122) || (byte >= 48 && byte <= 57) || byte === 45 || byte === 95;

/** Bytes that are written one after another, into room that grows. */
class Out {
  #room: Uint8Array<ArrayBuffer>;
  #length = 0;

  constructor(expected: number) {
    this.#room = new Uint8Array(expected);
  }

  #make(more: number): void {
    if (this.#length + more <= this.#room.length) return;
    const room = new Uint8Array((this.#length + more) * 2);
    room.set(this.#room.subarray(0, this.#length));
    this.#room = room;
  }

  byte(byte: number): void {
    this.#make(1);
    this.#room[this.#length++] = byte;
  }

  all(bytes: ArrayLike<number>): void {
    this.#make(bytes.length);
    this.#room.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  get bytes(): Uint8Array {
    return this.#room.subarray(0, this.#length);
  }
}

/** The place after the next end of a line, or the end of the bytes. */
function lineEnd(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at += 1) {
    if (bytes[at] === NEWLINE || bytes[at] === RETURN) return at + 1;
  }
  return bytes.length;
}

/** A painter for one stream; chunks may be cut anywhere. */
export function painter(): (bytes: Uint8Array) => Uint8Array {
  let state: State = "start";
  let length = 0;

  /** The byte ends a head, or what was taken for one. */
  function leave(byte: number, out: Out, next: State): void {
    if (byte === CLOSE) out.byte(byte);
    out.all(PLAIN);
    if (byte !== CLOSE) out.byte(byte);
    state = byte === CLOSE ? next : "rest";
  }

  function step(byte: number, out: Out): void {
    length += 1;
    switch (state) {
      case "start":
        if (byte !== OPEN) break;
        out.all(TIME);
        out.byte(byte);
        state = "time";
        return;
      case "time":
        if (isTime(byte) && length < LONGEST) out.byte(byte);
        else leave(byte, out, "between");
        return;
      case "between":
        if (byte === SPACE) {
          out.byte(byte);
          return;
        }
        if (byte !== OPEN) break;
        out.all(SOURCE);
        out.byte(byte);
        state = "source";
        return;
      case "source":
        if (isWord(byte) && length < LONGEST) out.byte(byte);
        else leave(byte, out, "rest");
        return;
      case "rest":
    }
    out.byte(byte);
    state = "rest";
  }

  return (bytes) => {
    const out = new Out(bytes.length + (bytes.length >> 1));
    let at = 0;
    while (at < bytes.length) {
      const from = at;
      if (state === "rest") {
        // What follows the head is most of a log, and is taken as it is.
        at = lineEnd(bytes, at);
        out.all(bytes.subarray(from, at));
      } else {
        at += 1;
        step(bytes[from] ?? 0, out);
      }
      const last = bytes[at - 1];
      if (last === NEWLINE || last === RETURN) {
        state = "start";
        length = 0;
      }
    }
    return out.bytes;
  };
}
