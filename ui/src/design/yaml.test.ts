// @vitest-environment node
/** Colours of YAML. */
import { expect, it } from "vitest";
import { pieces } from "./yaml";

it.each([
  [
    "customization:",
    [
      ["key", "customization"],
      ["plain", ":"],
    ],
  ],
  [
    "    name: rpi_5",
    [
      ["plain", "    "],
      ["key", "name"],
      ["plain", ":"],
      ["value", " rpi_5"],
    ],
  ],
  [
    "  - console=tty0",
    [
      ["plain", "  - "],
      ["value", "console=tty0"],
    ],
  ],
  [
    "  - key: 12",
    [
      ["plain", "  - "],
      ["key", "key"],
      ["plain", ":"],
      ["value", " 12"],
    ],
  ],
  ["# a: remark", [["plain", "# a: remark"]]],
  ["http://host/path", [["plain", "http://host/path"]]],
  ["", []],
] as const)("%j", (line, wanted) => {
  const found = pieces(line);
  expect(found).toEqual(wanted);
  expect(found.map(([, text]) => text).join("")).toBe(line);
});
