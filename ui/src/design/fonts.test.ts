// @vitest-environment node
/// <reference types="node" />
/** The bundled Inter has the features that the page asks for; the usual web cuts lack them. */
import { readFileSync } from "node:fs";
import { brotliDecompressSync } from "node:zlib";
import { expect, it } from "vitest";
import { cut, CUT } from "../../fonts/cut.js";

/** Tables of a WOFF2 file whose content is stored transformed unless version 3 says otherwise. */
const TRANSFORMED = [10, 11];

/** The tables' content: all of it is one Brotli stream behind the directory. */
function content(file: Buffer): Buffer {
  expect(file.toString("latin1", 0, 4)).toBe("wOF2");
  const tables = file.readUInt16BE(12);
  const compressed = file.readUInt32BE(20);
  let at = 48;
  const skipNumber = (): void => {
    while ((file[at] ?? 0) & 0x80) at += 1;
    at += 1;
  };
  for (let table = 0; table < tables; table += 1) {
    const flags = file[at] ?? 0;
    at += 1;
    const [tag, version] = [flags & 0x3f, flags >> 6];
    if (tag === 0x3f) at += 4;
    skipNumber();
    const isOutline = TRANSFORMED.includes(tag);
    if (isOutline ? version === 0 : version !== 0) skipNumber();
  }
  return brotliDecompressSync(file.subarray(at, at + compressed));
}

it("the bundled Inter knows the features of the design", () => {
  const css = readFileSync("src/design/base.css", "utf8");
  const wanted = [.../font-feature-settings: ([^;]+);/.exec(css)![1]!.matchAll(/"(\w{4})"/g)].map(
    ([, feature]) => feature!,
  );
  expect(wanted).toEqual(["cv05", "cv11", "ss03"]);
  const font = /url\("(inter-ui[^"]+)"\)/.exec(readFileSync("src/design/fonts.css", "utf8"))![1]!;
  for (const file of [`node_modules/${font}`, CUT]) {
    const tables = content(readFileSync(file)).toString("latin1");
    for (const feature of wanted) expect(tables, file).toContain(feature);
    // Letters that no font's tables hold show that the search could fail.
    expect(tables).not.toContain("cv99");
  }
});

it("the cut of Inter is that of the Inter which is installed", async () => {
  expect(Buffer.compare(await cut(), readFileSync(CUT))).toBe(0);
});

it("the letters of the first picture are asked for by the document itself", () => {
  expect(readFileSync("index.html", "utf8")).toMatch(
    /<link[^>]*rel="preload"[^>]*as="font"[^>]*inter-start\.woff2/s,
  );
});
