/**
 * Cuts the letters that nearly every page is made of out of the whole Inter, into a file that is
 * small enough to be there before the first picture. Run it after an update of Inter:
 * `node fonts/cut.js`. `src/design/fonts.css` says which of the two files has which letters.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import subsetFont from "subset-font";

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const WHOLE = at("node_modules/inter-ui/variable/InterVariable.woff2");
export const CUT = at("src/design/inter-start.woff2");

/** What the page asks for, and what letters need to stand well beside one another. */
const FEATURES = ["cv05", "cv11", "ss03", "tnum", "case", "calt", "ccmp", "kern", "mark", "rvrn"];
/** The lightest and the boldest that the design knows, with room. */
const WEIGHTS = { min: 400, max: 700 };

/** The ranges of the last face of `fonts.css`, as pairs of first and last code points. */
export function ranges() {
  const css = readFileSync(at("src/design/fonts.css"), "utf8");
  const [, text = ""] = /inter-start[^}]*unicode-range:([^;]+);/.exec(css) ?? [];
  return [...text.matchAll(/U\+([0-9a-f]+)(?:-([0-9a-f]+))?/gi)].map(([, first, last = first]) => [
    Number.parseInt(first, 16),
    Number.parseInt(last, 16),
  ]);
}

/** The file's content. */
export async function cut() {
  const letters = ranges().flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, at) => String.fromCodePoint(first + at)),
  );
  return subsetFont(readFileSync(WHOLE), letters.join(""), {
    targetFormat: "woff2",
    keepFeatures: FEATURES,
    variationAxes: { wght: WEIGHTS },
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(CUT, await cut());
