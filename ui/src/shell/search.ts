/** Finding entries by words, for the palette. Knows nothing of what the entries are. */

export type Group = "do" | "go" | "machine" | "explain";

export interface Findable {
  group: Group;
  title: string;
  /** More words to be found by; shown beside the title. */
  note?: string;
}

/** A prefix of the query that narrows to one group. */
const SCOPES: Record<string, Group> = { ">": "do", "@": "machine", "?": "explain" };

export interface Query {
  scope: Group | undefined;
  words: readonly string[];
}

export function query(text: string): Query {
  const trimmed = text.trimStart();
  const scope = SCOPES[trimmed.charAt(0)];
  const rest = scope ? trimmed.slice(1) : trimmed;
  return { scope, words: rest.toLowerCase().split(/\s+/).filter(Boolean) };
}

/** How well an entry fits; smaller is better, undefined not at all. */
function rank(entry: Findable, words: readonly string[]): number | undefined {
  const title = entry.title.toLowerCase();
  const note = (entry.note ?? "").toLowerCase();
  let sum = 0;
  for (const word of words) {
    const at = title.indexOf(word);
    if (at === 0) continue;
    if (at > 0) sum += title.charAt(at - 1) === " " ? 1 : 2;
    else if (note.includes(word)) sum += 3;
    else return undefined;
  }
  return sum;
}

const ORDER: readonly Group[] = ["do", "go", "machine", "explain"];

/**
 * Entries that hold every word, by group, best first. Without words, explanations stay away:
 * nobody looks for all of them.
 */
export function find<T extends Findable>(entries: readonly T[], { scope, words }: Query): T[] {
  const open = words.length === 0;
  return entries
    .map((entry, at) => ({ entry, at, rank: rank(entry, words) }))
    .filter(({ entry, rank }) => {
      if (rank === undefined) return false;
      return scope ? entry.group === scope : !(open && entry.group === "explain");
    })
    .sort(
      (a, b) =>
        ORDER.indexOf(a.entry.group) - ORDER.indexOf(b.entry.group) ||
        (a.rank ?? 0) - (b.rank ?? 0) ||
        a.at - b.at,
    )
    .map(({ entry }) => entry);
}

export interface Piece {
  text: string;
  hit: boolean;
}

/** Cuts a title where a word was found. */
export function pieces(title: string, words: readonly string[]): Piece[] {
  const lower = title.toLowerCase();
  const hits = words
    .map((word) => ({ from: lower.indexOf(word), to: lower.indexOf(word) + word.length }))
    .filter(({ from }) => from >= 0)
    .sort((a, b) => a.from - b.from);
  const cut: Piece[] = [];
  let at = 0;
  for (const { from, to } of hits) {
    if (to <= at) continue;
    const start = Math.max(from, at);
    if (start > at) cut.push({ text: title.slice(at, start), hit: false });
    cut.push({ text: title.slice(start, to), hit: true });
    at = to;
  }
  if (at < title.length) cut.push({ text: title.slice(at), hit: false });
  return cut;
}
