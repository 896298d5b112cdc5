/** One terminal of one serial port. Knows xterm; knows neither streams nor pages. */
import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { Terminal, type ITheme } from "@xterm/xterm";
import type { Sink } from "./feed";

const SCROLLBACK = 50_000;
/** The dashboard is drawn for this size, whatever the window's. */
const SCREEN = { cols: 80, rows: 24 };
const LEAST_FONT = 7;

/** Reports of the mouse and the focus: nobody answers, and the mouse selects text instead. */
const REPORTS = [9, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1015, 1016];
/** A second screen without history: a log is to be scrolled in, whatever the guest draws. */
const SECOND_SCREEN = [47, 1047, 1049];

function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Ink in both themes: the colours are the console's own tokens. */
function ink(): ITheme {
  return {
    background: color("--con-bg"),
    foreground: color("--con-text"),
    cursor: color("--con-bg"),
    cursorAccent: color("--con-bg"),
    selectionBackground: color("--con-mark"),
    selectionForeground: color("--con-bg"),
    // Firmware paints its lines black on purpose: here that is the console's own ground.
    black: color("--con-bg"),
    white: color("--con-text"),
    brightWhite: color("--con-text"),
    red: color("--con-bad"),
    green: color("--con-ok"),
    yellow: color("--con-warn"),
    blue: color("--con-work"),
    cyan: color("--con-work"),
    brightBlack: color("--con-dim"),
    brightYellow: color("--con-key"),
  };
}

export interface TerminalOptions {
  /** Pixels. */
  fontSize: number;
  /** True for the dashboard: a screen of fixed size without history. */
  screen: boolean;
  /** Names it for those who hear it. */
  label: string;
  onhits: (at: number, count: number) => void;
  onscroll: () => void;
}

export class ConsoleTerminal implements Sink {
  readonly #terminal: Terminal;
  readonly #search = new SearchAddon();
  readonly #fit = new FitAddon();
  readonly #screen: boolean;
  #font: number;

  constructor(host: HTMLElement, options: TerminalOptions) {
    this.#screen = options.screen;
    this.#font = options.fontSize;
    this.#terminal = new Terminal({
      allowProposedApi: true,
      convertEol: !options.screen,
      disableStdin: true,
      cursorBlink: false,
      cursorInactiveStyle: "none",
      fontFamily: color("--font-mono"),
      fontSize: options.fontSize,
      lineHeight: 1.1,
      scrollback: options.screen ? 0 : SCROLLBACK,
      theme: ink(),
      ...(options.screen ? SCREEN : {}),
    });
    this.#refuse(options.screen ? REPORTS : [...REPORTS, ...SECOND_SCREEN]);
    this.#terminal.loadAddon(this.#search);
    this.#terminal.loadAddon(this.#fit);
    this.#search.onDidChangeResults(({ resultIndex, resultCount }) =>
      options.onhits(resultIndex + 1, resultCount),
    );
    this.#terminal.onScroll(options.onscroll);
    this.#terminal.open(host);
    // The log is read, not typed into: keys belong to the page, and Tab leaves it.
    this.#terminal.attachCustomKeyEventHandler(() => false);
    this.#terminal.textarea?.setAttribute("aria-label", options.label);
    this.#terminal.textarea?.setAttribute("tabindex", "-1");
    this.fit();
  }

  /** Modes that a guest cannot switch on. */
  #refuse(modes: number[]): void {
    this.#terminal.parser.registerCsiHandler({ prefix: "?", final: "h" }, (asked) =>
      asked.some((mode) => typeof mode === "number" && modes.includes(mode)),
    );
  }

  write(data: Uint8Array | string, drawn: () => void): void {
    this.#terminal.write(data, drawn);
  }

  reset(): void {
    this.#terminal.reset();
  }

  /** Empties the view; what is kept elsewhere stays. */
  clear(): void {
    this.#terminal.clear();
  }

  /** Takes the room that is there: more columns for a log, larger text for a screen. */
  fit(): void {
    if (!this.#screen) {
      this.#fit.fit();
      return;
    }
    const room = this.#fit.proposeDimensions();
    const font = this.#terminal.options.fontSize ?? this.#font;
    if (!room || !Number.isFinite(room.cols) || !Number.isFinite(room.rows)) return;
    const scale = Math.min(room.cols / SCREEN.cols, room.rows / SCREEN.rows);
    const wanted = Math.floor(font * scale * 2) / 2;
    this.#terminal.options.fontSize = Math.min(this.#font * 1.5, Math.max(LEAST_FONT, wanted));
  }

  set font(pixels: number) {
    this.#font = pixels;
    this.#terminal.options.fontSize = pixels;
    this.fit();
  }

  /** Takes the colours of the page's present theme. */
  dye(): void {
    this.#terminal.options.theme = ink();
  }

  find(text: string, back: boolean): void {
    if (!text) {
      this.#search.clearDecorations();
      this.#terminal.clearSelection();
      return;
    }
    const decorations = {
      matchBackground: color("--con-mark-bg"),
      activeMatchBackground: color("--con-mark"),
      matchOverviewRuler: color("--con-mark"),
      activeMatchColorOverviewRuler: color("--con-mark"),
    };
    if (back) this.#search.findPrevious(text, { decorations });
    else this.#search.findNext(text, { decorations });
  }

  get atEnd(): boolean {
    const buffer = this.#terminal.buffer.active;
    return buffer.viewportY >= buffer.baseY;
  }

  toEnd(): void {
    this.#terminal.scrollToBottom();
  }

  /** Scrolls by a key; false for keys that mean something else. */
  scroll(key: string): boolean {
    const terminal = this.#terminal;
    const moves: Record<string, () => void> = {
      ArrowUp: () => terminal.scrollLines(-1),
      ArrowDown: () => terminal.scrollLines(1),
      PageUp: () => terminal.scrollPages(-1),
      PageDown: () => terminal.scrollPages(1),
      Home: () => terminal.scrollToTop(),
      End: () => terminal.scrollToBottom(),
    };
    moves[key]?.();
    return key in moves;
  }

  /** The last lines as plain text; lines that only wrapped are one. */
  lines(most = Number.POSITIVE_INFINITY): string[] {
    const buffer = this.#terminal.buffer.active;
    const lines: string[] = [];
    for (let at = 0; at < buffer.length; at += 1) {
      const line = buffer.getLine(at);
      if (!line) continue;
      const text = line.translateToString(true);
      if (line.isWrapped && lines.length > 0) lines[lines.length - 1] += text;
      else lines.push(text);
    }
    while (lines.length > 0 && lines.at(-1) === "") lines.pop();
    return lines.slice(-most);
  }

  /** Lines in the view and above it. */
  get kept(): number {
    const buffer = this.#terminal.buffer.active;
    return buffer.baseY + buffer.cursorY;
  }

  dispose(): void {
    this.#terminal.dispose();
  }
}
