/**
 * How a person reaches the page: by mouse, by keyboard, or in the real window. The journey is told
 * once, in the page's own words, and each hand carries it out.
 */
export interface Hand {
  /** Presses the first button, link, tab or menu entry of that name that can be seen. */
  press(name: string): Promise<void>;
  /** Chooses one of several; its name begins so. */
  pick(name: string): Promise<void>;
  /** Replaces what a field holds. */
  fill(label: string, text: string): Promise<void>;
  /** Everything the page shows as text. */
  text(): Promise<string>;
  /** The lines that the console shows now. */
  console(): Promise<string>;
  /** Keeps a picture of the window. */
  picture(name: string): Promise<void>;
}

/** What a hand on a page runs there to read the console. xterm draws each line as an element. */
export const CONSOLE_LINES = `[...document.querySelectorAll(".xterm-rows > div")]
  .map((row) => row.textContent ?? "").join("\\n")`;
