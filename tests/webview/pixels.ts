/** A screen's content in the form of xwd: a header of big-endian words, colors, rows of pixels. */

/** Places of words in the header. */
const WORD = { header: 0, width: 4, height: 5, order: 7, bits: 11, row: 12, colors: 19 };
const COLOR_BYTES = 12;
const LITTLE_ENDIAN = 0;

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue of one pixel as a number. */
  at(x: number, y: number): number;
}

/** Reads a screen of 32 bits for each pixel, which is what Xvfb makes of a depth of 24. */
export function readScreen(file: Buffer): Pixels {
  const word = (name: keyof typeof WORD): number => file.readUInt32BE(WORD[name] * 4);
  if (word("bits") !== 32 || word("order") !== LITTLE_ENDIAN) {
    throw new Error(`pixels of ${word("bits")} bits in order ${word("order")} are not read here`);
  }
  const first = word("header") + word("colors") * COLOR_BYTES;
  const row = word("row");
  return {
    width: word("width"),
    height: word("height"),
    at: (x, y) => file.readUInt32LE(first + y * row + x * 4) & 0xff_ff_ff,
  };
}

/** How many colors a part of the screen has: where nothing was drawn it is one. */
export function colors(pixels: Pixels, top: number, bottom: number): number {
  const seen = new Set<number>();
  for (let y = top; y < bottom; y += 1) {
    for (let x = 0; x < pixels.width; x += 1) seen.add(pixels.at(x, y));
  }
  return seen.size;
}
