/**
 * Where the cursor is in a text of YAML documents: in which kind, under which keys. It reads lines
 * and their indentation, so that it knows its way also while a line is being written and the text
 * is no YAML for that moment.
 */

/** A key, or `[]` for an element of a list. */
export type Step = string;

export interface Place {
  /** The kind of the document; empty for the main one. */
  kind: string;
  /** The keys from the document down to the mapping or list that the cursor is in. */
  path: readonly Step[];
  /** What the cursor stands on. `none`: a comment, a text of several lines, a flow collection. */
  on: "key" | "value" | "none";
  /** The key whose value it is, or the key itself as far as it is written. */
  key: string;
  /** The part of the key or value before the cursor, and where it begins. */
  typed: string;
  from: number;
  /** Columns of a key written here. */
  column: number;
  /** The keys that stand beside it already. */
  siblings: readonly string[];
  /** True while the document says nothing but what the cursor is on. */
  empty: boolean;
}

interface Line {
  text: string;
  /** Offset of its first character. */
  from: number;
  /** Columns of the dashes before its content. */
  dashes: readonly number[];
  /** Column of its content; -1 for a line that says nothing. */
  column: number;
  key: string;
  /** What stands behind the key's colon; undefined where there is no key. */
  value: string | undefined;
}

const KEY = /^("(?:[^"\\]|\\.)*"|'[^']*'|[^\s#&*!|>%@`[\]{},"'][^:#]*?)\s*:(?:\s+(.*)|$)/;

function read(text: string, from: number): Line {
  const dashes: number[] = [];
  let column = text.length - text.trimStart().length;
  while (/^-(\s|$)/.test(text.slice(column))) {
    dashes.push(column);
    const rest = text.slice(column + 1);
    column += 1 + (rest.trim() === "" ? Math.max(rest.length, 1) : rest.search(/\S/));
  }
  const content = text.slice(column);
  const silent = dashes.length === 0 && (content.trim() === "" || content.startsWith("#"));
  const [, key = "", value = ""] = KEY.exec(content) ?? [];
  return {
    text,
    from,
    dashes,
    column: silent ? -1 : column,
    key: key.replace(/^["']|["']$/g, ""),
    value: key === "" ? undefined : value.replace(/(^|\s)#.*$/, "").trim(),
  };
}

function linesOf(text: string): Line[] {
  let from = 0;
  return text.split("\n").map((each) => {
    const line = read(each.replace(/\r$/, ""), from);
    from += each.length + 1;
    return line;
  });
}

const isBreak = (line: Line): boolean => /^(---|\.\.\.)(\s|$)/.test(line.text);
/** A value of several lines begins behind such a key. */
const isBlock = (value: string | undefined): boolean => /^[|>][\d+-]*$/.test(value ?? "");
/** What stands under the key comes on the following lines. */
const isOpen = (value: string | undefined): boolean =>
  value !== undefined && /^([&!]\S+)?$/.test(value);

/** The documents' lines around one of them. */
function documentAround(lines: readonly Line[], at: number): { first: number; last: number } {
  let first = at;
  while (first > 0 && !isBreak(lines[first - 1]!)) first -= 1;
  let last = at;
  while (last < lines.length - 1 && !isBreak(lines[last + 1]!)) last += 1;
  return { first, last };
}

/** The way up from a column, as steps from the document down. */
function wayTo(lines: readonly Line[], first: number, at: number, start: Line): Step[] {
  const path: Step[] = [];
  let { column } = start;
  let inList = false;
  const leave = (dashes: readonly number[]): void => {
    for (const dash of [...dashes].reverse())
      if (dash < column) {
        path.push("[]");
        column = dash;
        inList = true;
      }
  };
  leave(start.dashes);
  for (let index = at - 1; index >= first && (column > 0 || inList); index -= 1) {
    const line = lines[index]!;
    if (line.column < 0) continue;
    const above = inList ? line.column <= column : line.column < column;
    const parent = isOpen(line.value) && above;
    if (parent) {
      path.push(line.key);
      column = line.column;
      inList = false;
    }
    const outer = line.dashes.some((dash) => dash < column);
    // An element before ours in the same list has its dash at our column.
    if (outer && (parent || line.column === column || !inList)) leave(line.dashes);
  }
  return path.reverse();
}

/** True when the line is inside a text of several lines. */
function inBlock(lines: readonly Line[], first: number, at: number): boolean {
  const here = lines[at]!;
  const depth = here.text.trim() === "" ? Number.MAX_SAFE_INTEGER : indentOf(here);
  let least = depth;
  for (let index = at - 1; index >= first; index -= 1) {
    const line = lines[index]!;
    if (line.text.trim() === "") continue;
    const indent = indentOf(line);
    if (isBlock(line.value) && line.column < least) return true;
    if (depth === Number.MAX_SAFE_INTEGER && least === depth) {
      // An empty line belongs to the text above it as far as that is indented.
      least = indent;
      continue;
    }
    if (indent < least) least = indent;
    if (least === 0) return false;
  }
  return false;
}

const indentOf = (line: Line): number => line.text.length - line.text.trimStart().length;

function siblingsOf(
  lines: readonly Line[],
  { first, last }: { first: number; last: number },
  at: number,
  column: number,
): string[] {
  const found: string[] = [];
  const take = (line: Line): void => {
    if (line.column === column && line.key !== "") found.push(line.key);
  };
  // The line with the dash belongs to the element it opens.
  const opens = (line: Line): boolean => line.dashes.some((dash) => dash < column);
  if (!opens(lines[at]!))
    for (let index = at - 1; index >= first; index -= 1) {
      const line = lines[index]!;
      if (line.column < 0) continue;
      if (line.column < column) break;
      take(line);
      if (opens(line)) break;
    }
  for (let index = at + 1; index <= last; index += 1) {
    const line = lines[index]!;
    if (line.column < 0) continue;
    if (line.column < column || opens(line)) break;
    take(line);
  }
  return found;
}

/** Where an offset of the text is. */
export function placeAt(text: string, offset: number): Place {
  const lines = linesOf(text);
  let at = lines.findIndex((line) => offset <= line.from + line.text.length);
  if (at < 0) at = lines.length - 1;
  const here = lines[at]!;
  const bounds = documentAround(lines, at);
  const inside = lines.slice(bounds.first, bounds.last + 1);
  const kind = inside.find((line) => line.column === 0 && line.key === "kind")?.value ?? "";
  const before = read(here.text.slice(0, offset - here.from), here.from);
  const column = before.column < 0 ? before.text.length : before.column;
  const start = { ...before, column };
  const path = wayTo(lines, bounds.first, at, start);
  const others = inside.filter((line) => line !== here && line.column >= 0 && !isBreak(line));
  const place: Place = {
    kind: kind.replace(/^["']|["']$/g, ""),
    path,
    on: "none",
    key: "",
    typed: "",
    from: offset,
    column,
    siblings: siblingsOf(lines, bounds, at, column),
    empty: others.length === 0,
  };
  const content = before.text.slice(column);
  const commented = /(^|\s)#/.test(before.text.slice(Math.min(column, indentOf(before))));
  if (isBreak(here) || inBlock(lines, bounds.first, at) || commented) return place;
  if (before.value !== undefined) {
    const typed = /:\s+(.*)$/.exec(content)?.[1] ?? "";
    const flow = /^[[{]/.test(typed);
    const ready = /:\s/.test(content);
    return {
      ...place,
      on: flow || !ready ? "none" : "value",
      key: before.key,
      typed,
      from: offset - typed.length,
    };
  }
  if (!/^[\w./-]*$/.test(content)) return place;
  const whole = lines[at]!.column === column ? lines[at]!.key : "";
  return {
    ...place,
    on: "key",
    key: whole || content,
    typed: content,
    from: offset - content.length,
  };
}

/** The way as people write it: `machine.install.disk`; elements of lists are left out. */
export const written = (path: readonly Step[]): string =>
  path.filter((step) => step !== "[]").join(".");
