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

/** A painter for one stream; chunks may be cut anywhere. */
export function painter(): (bytes: Uint8Array) => Uint8Array {
  let state: State = "start";
  let length = 0;

  function step(byte: number, out: number[]): void {
    length += 1;
    switch (state) {
      case "start":
        if (byte !== OPEN) break;
        out.push(...TIME, byte);
        state = "time";
        return;
      case "time":
        if (isTime(byte) && length < LONGEST) {
          out.push(byte);
          return;
        }
        out.push(...(byte === CLOSE ? [byte, ...PLAIN] : [...PLAIN, byte]));
        state = byte === CLOSE ? "between" : "rest";
        return;
      case "between":
        if (byte === SPACE) {
          out.push(byte);
          return;
        }
        if (byte !== OPEN) break;
        out.push(...SOURCE, byte);
        state = "source";
        return;
      case "source":
        if (isWord(byte) && length < LONGEST) {
          out.push(byte);
          return;
        }
        out.push(...(byte === CLOSE ? [byte, ...PLAIN] : [...PLAIN, byte]));
        state = "rest";
        return;
      case "rest":
    }
    out.push(byte);
    state = "rest";
  }

  return (bytes) => {
    const out: number[] = [];
    for (const byte of bytes) {
      step(byte, out);
      if (byte === NEWLINE || byte === RETURN) {
        state = "start";
        length = 0;
      }
    }
    return Uint8Array.from(out);
  };
}
