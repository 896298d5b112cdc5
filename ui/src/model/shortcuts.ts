/** Keys and what they mean. The table is what the help shows and what the page obeys. */

export interface Combination {
  key: string;
  ctrl: boolean;
  shift: boolean;
  alt: boolean;
}

/** What of a keyboard event counts. */
export type Pressed = Pick<KeyboardEvent, "key" | "ctrlKey" | "shiftKey" | "altKey" | "metaKey">;

/** Reads `Ctrl+Shift+N`. The last part is the key; `?` and `,` are keys like any other. */
export function combination(text: string): Combination {
  const parts = text.split("+");
  const key = parts.pop() ?? "";
  const has = (name: string) => parts.includes(name);
  return { key, ctrl: has("Ctrl"), shift: has("Shift"), alt: has("Alt") };
}

/** True when the event is this combination. */
export function matches(event: Pressed, wanted: Combination): boolean {
  if (event.metaKey || event.ctrlKey !== wanted.ctrl || event.altKey !== wanted.alt) return false;
  if (event.key.toLowerCase() !== wanted.key.toLowerCase()) return false;
  // A sign such as ? may need Shift on one keyboard and not on another.
  const sign = wanted.key.length === 1 && wanted.key.toLowerCase() === wanted.key.toUpperCase();
  return sign || event.shiftKey === wanted.shift;
}

/** The keys as printed, for hints: `["Ctrl", "Shift", "N"]`. */
export function printed(text: string): string[] {
  const arrows: Record<string, string> = { ArrowLeft: "←", ArrowRight: "→" };
  return text
    .split("+")
    .map((part) => arrows[part] ?? (part.length === 1 ? part.toUpperCase() : part));
}

export const SHORTCUTS = {
  palette: "Ctrl+k",
  newCluster: "Ctrl+n",
  newMachine: "Ctrl+Shift+n",
  home: "Ctrl+1",
  back: "Alt+ArrowLeft",
  forward: "Alt+ArrowRight",
  sidebar: "Ctrl+b",
  inspector: "Ctrl+i",
  search: "Ctrl+f",
  nextHit: "F3",
  lastHit: "Shift+F3",
  primary: "Ctrl+Enter",
  reveal: "Ctrl+e",
  jobs: "Ctrl+j",
  larger: "Ctrl+=",
  smaller: "Ctrl+-",
  normal: "Ctrl+0",
  settings: "Ctrl+,",
  help: "?",
  nextRegion: "F6",
  lastRegion: "Shift+F6",
} as const;

export type ShortcutName = keyof typeof SHORTCUTS;

const COMBINATIONS = Object.entries(SHORTCUTS).map(
  ([name, keys]) => [name as ShortcutName, combination(keys)] as const,
);

/** The shortcut an event stands for. */
export function shortcutOf(event: Pressed): ShortcutName | undefined {
  return COMBINATIONS.find(([, wanted]) => matches(event, wanted))?.[0];
}

/** True where a lone sign is text, not a shortcut. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.matches("input:not([type=radio], [type=checkbox], [type=range]), textarea, select"))
  );
}
