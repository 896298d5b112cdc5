/** What an editor of exact words is told and asks, without a word of whose editor it is. */

/** Something to know about a line. */
export interface Marker {
  /** From 1; 0 and lines that are not there any more are shown at the first. */
  line: number;
  severity: "error" | "warning";
  text: string;
}

/** Something that could be written. */
export interface Suggestion {
  label: string;
  /** What is written; the label where it is left out. */
  apply?: string;
  /** A few words beside it. */
  detail?: string;
  kind: "key" | "value" | "document";
}

export interface Suggestions {
  /** Where the word that they replace begins. */
  from: number;
  options: readonly Suggestion[];
}

export type Suggest = (text: string, at: number) => Suggestions | undefined;

/** What the library says by itself, by its own English. */
export type Phrases = Readonly<Record<string, string>>;

export interface EditorOptions {
  parent: HTMLElement;
  id: string;
  text: string;
  label: string;
  /** Ids of what explains it. */
  describedBy: string;
  placeholder: string;
  readOnly: boolean;
  /** True when Tab indents, until Escape lets it go on. */
  indents: boolean;
  /** False for words that are no YAML. */
  yaml: boolean;
  phrases: Phrases;
  suggest: Suggest | undefined;
  onchange: (text: string) => void;
  /** The cursor stands there now. */
  oncursor: (at: number, line: number) => void;
}
