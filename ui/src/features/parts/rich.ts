/** Sentences that hold a word to explain, `[Talos](talos)`, or one to stress, `*25 GiB*`. */
import { en } from "../../messages";

export type Word = keyof typeof en.glossary;

export type Part =
  | { kind: "text"; text: string }
  | { kind: "stress"; text: string }
  | { kind: "term"; text: string; word: Word };

const MARKS = /\[([^\]]+)\]\((\w+)\)|\*([^*]+)\*/g;

function isWord(text: string): text is Word {
  return text in en.glossary;
}

/** Cuts a sentence at its marks. A mark of an unknown word is plain text. */
export function parts(sentence: string): Part[] {
  const found: Part[] = [];
  let at = 0;
  for (const match of sentence.matchAll(MARKS)) {
    const [whole, shown = "", word = "", stress] = match;
    if (match.index > at) found.push({ kind: "text", text: sentence.slice(at, match.index) });
    if (stress !== undefined) found.push({ kind: "stress", text: stress });
    else if (isWord(word)) found.push({ kind: "term", text: shown, word });
    else found.push({ kind: "text", text: shown });
    at = match.index + whole.length;
  }
  if (at < sentence.length) found.push({ kind: "text", text: sentence.slice(at) });
  return found;
}
