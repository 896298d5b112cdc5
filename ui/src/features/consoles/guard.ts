/**
 * Takes out of a stream what a guest has no business with in a page, before the terminal reads it.
 *
 * ```text
 * ground ──ESC──▶ escape ──']' 'P' 'X' '^' '_'──▶ string ──BEL, newline, cancel──▶ ground
 *    ▲               └── anything else ──▶ ground    └──ESC──▶ escape
 * ```
 *
 * Strings of a control sequence (titles, clipboard, links, palettes, device control) are dropped
 * while they flow: a terminal would collect them, some of them without end. The second row of
 * control characters can begin the same strings, and no log has it. More marks upon one letter
 * than anybody writes would all be kept in that letter's cell, so they are cut.
 */

const BELL = 7;
const NEWLINE = 10;
const CANCEL = 24;
const SUBSTITUTE = 26;
const ESCAPE = 27;
const DELETE = 127;
const ASCII = 128;

/** `]`: ended by a bell as well. */
const COMMAND = 93;
/** `P`, `X`, `^`, `_`. */
const STRINGS = new Set([COMMAND, 80, 88, 94, 95]);
/** `\`, which ends a string together with the escape before it. */
const TERMINATOR = 92;

const SECOND_CONTROLS = /[\u0080-\u009f]+/g;
/** The jamo join the syllable before them. */
const TOO_MANY_MARKS = /([\p{M}\p{Cf}\u1160-\u11ff]{8})[\p{M}\p{Cf}\u1160-\u11ff]+/gu;

type State = "ground" | "escape" | "string";

function isAscii(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += 1) if ((bytes[at] ?? 0) >= ASCII) return false;
  return true;
}

/** Keeps words in other scripts and signs, and nothing else beyond ASCII. */
class Letters {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #encoder = new TextEncoder();
  /** The last chunk may have ended within a letter. */
  #open = false;

  take(bytes: Uint8Array): Uint8Array {
    if (!this.#open && isAscii(bytes)) return bytes;
    const text = this.#decoder.decode(bytes, { stream: true });
    this.#open = (bytes.at(-1) ?? 0) >= ASCII;
    return this.#encoder.encode(text.replace(SECOND_CONTROLS, "").replace(TOO_MANY_MARKS, "$1"));
  }
}

/** A guard for one stream; chunks may be cut anywhere. */
export function guard(): (bytes: Uint8Array) => Uint8Array {
  const letters = new Letters();
  let state: State = "ground";
  /** The string that is dropped, or was until this escape. */
  let kind = 0;

  /** Gives true for a byte that is shown, and decides what the next one is. */
  function ground(byte: number): boolean {
    if (byte !== ESCAPE) return true;
    state = "escape";
    return false;
  }

  function string(byte: number): boolean {
    if (byte === ESCAPE) {
      state = "escape";
      return false;
    }
    const ends =
      byte === NEWLINE ||
      byte === CANCEL ||
      byte === SUBSTITUTE ||
      (byte === BELL && kind === COMMAND);
    if (!ends) return false;
    [state, kind] = ["ground", 0];
    return byte === NEWLINE;
  }

  /** The escape was held back: it is only shown together with what makes it harmless. */
  function escape(byte: number, out: number[]): void {
    if (byte === ESCAPE) return;
    if (STRINGS.has(byte)) {
      [state, kind] = ["string", byte];
      return;
    }
    const cancels = byte === CANCEL || byte === SUBSTITUTE;
    // Control characters act at once, and the escape goes on.
    if ((byte < 32 || byte === DELETE) && !cancels) {
      out.push(byte);
      return;
    }
    if (byte !== TERMINATOR || kind === 0) out.push(ESCAPE, byte);
    [state, kind] = ["ground", 0];
  }

  return (chunk) => {
    const bytes = letters.take(chunk);
    if (state === "ground" && !bytes.includes(ESCAPE)) return bytes;
    const out: number[] = [];
    for (const byte of bytes) {
      if (state === "escape") escape(byte, out);
      else if (state === "string" ? string(byte) : ground(byte)) out.push(byte);
    }
    return Uint8Array.from(out);
  };
}
