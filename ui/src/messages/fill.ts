/** Sentences with named places. The compiler checks that each place gets its value. */

export type Value = string | number;

/** The names between braces in a sentence. */
export type Names<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Names<Rest>
  : never;

type Places<Text extends string> = [Names<Text>] extends [never]
  ? []
  : [values: Record<Names<Text>, Value>];

/** Fills a sentence of the catalogue. */
export function fill<const Text extends string>(text: Text, ...places: Places<Text>): string {
  return fillOpen(text, places[0] ?? {});
}

/**
 * Fills a sentence whose values come from the program with its code. A missing value leaves its
 * place empty rather than showing a hole; a test compares the places with the program's own list.
 */
export function fillOpen(text: string, values: Partial<Record<string, Value>>): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

/** The names between braces, at run time. */
export function placesOf(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "");
}

interface Forms {
  readonly one: string;
  readonly other: string;
}

/** Chooses the form for a number, which fills `{n}`. */
export function count(forms: Forms, number: number): string {
  return fillOpen(number === 1 ? forms.one : forms.other, { n: number });
}
