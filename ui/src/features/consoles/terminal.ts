/** One terminal of one serial port. Knows xterm and bytes; knows no page. */
import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { SerializeAddon } from "@xterm/addon-serialize";
import { Terminal, type ITheme } from "@xterm/xterm";
import { en, fill } from "../../messages";
import { bytes as size } from "../../model/format";

const SCROLLBACK = 50_000;

function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Ink in both themes: the colours are the console's own tokens. */
function ink(): ITheme {
  return {
    background: color("--con-bg"),
    foreground: color("--con-text"),
    cursor: color("--con-bg"),
    selectionBackground: color("--con-mark-bg"),
    red: color("--con-bad"),
    green: color("--con-ok"),
    yellow: color("--con-warn"),
    blue: color("--con-work"),
    cyan: color("--con-work"),
  };
}

/** What stands between the place reached and the next chunk's place. */
export function gap(expected: number, offset: number): string {
  return offset > expected ? fill(en.console.gap, { size: size(offset - expected) }) : "";
}

export class ConsoleTerminal {
  readonly terminal: Terminal;
  readonly search = new SearchAddon();
  readonly #fit = new FitAddon();
  readonly #serialize = new SerializeAddon();
  #expected = 0;

  constructor(
    host: HTMLElement,
    options: {
      fontSize: number;
      fixed: boolean;
      label: string;
      hits: (at: number, n: number) => void;
    },
  ) {
    this.terminal = new Terminal({
      allowProposedApi: true,
      convertEol: !options.fixed,
      disableStdin: true,
      cursorBlink: false,
      fontFamily: color("--font-mono"),
      fontSize: options.fontSize,
      scrollback: options.fixed ? 0 : SCROLLBACK,
      screenReaderMode: false,
      theme: ink(),
      ...(options.fixed ? { cols: 80, rows: 24 } : {}),
    });
    this.terminal.loadAddon(this.search);
    this.terminal.loadAddon(this.#serialize);
    if (!options.fixed) this.terminal.loadAddon(this.#fit);
    this.search.onDidChangeResults(({ resultIndex, resultCount }) =>
      options.hits(resultIndex + 1, resultCount),
    );
    this.terminal.open(host);
    // The log is read, not typed into: Tab leaves it.
    this.terminal.attachCustomKeyEventHandler(() => false);
    this.terminal.textarea?.setAttribute("aria-label", options.label);
    this.terminal.textarea?.setAttribute("tabindex", "-1");
  }

  /** Takes in a chunk; settles when it was drawn, so that more may come. */
  write(offset: number, chunk: Uint8Array): Promise<void> {
    const missing = gap(this.#expected, offset);
    this.#expected = offset + chunk.byteLength;
    if (missing) this.terminal.write(`\r\n\x1b[2m… ${missing} …\x1b[0m\r\n`);
    return new Promise((drawn) => this.terminal.write(chunk, drawn));
  }

  /** Forgets what was shown, before everything is sent again. */
  reset(): void {
    this.#expected = 0;
    this.terminal.reset();
  }

  fit(): void {
    this.#fit.fit();
  }

  text(): string {
    return this.#serialize
      .serialize({ excludeModes: true, excludeAltBuffer: true })
      .replace(/\x1b\[[0-9;]*[A-Za-z]/g, "");
  }

  /** The last lines as plain text, for those who do not see a terminal. */
  lines(most: number): string[] {
    const buffer = this.terminal.buffer.active;
    const end = buffer.baseY + buffer.cursorY + 1;
    const lines: string[] = [];
    for (let at = Math.max(0, end - most); at < end; at += 1) {
      lines.push(buffer.getLine(at)?.translateToString(true) ?? "");
    }
    return lines;
  }

  get atEnd(): boolean {
    const buffer = this.terminal.buffer.active;
    return buffer.viewportY >= buffer.baseY;
  }

  dispose(): void {
    this.terminal.dispose();
  }
}
