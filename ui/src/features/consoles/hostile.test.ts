/**
 * A guest that means harm, in the real terminal: it draws what it likes into its own rectangle, and
 * reaches nothing else. What is measured in the page itself is in `tests/e2e/hostile.test.ts`.
 */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Feed } from "./feed";
import { ConsoleTerminal } from "./terminal";

const KIB = 1024;
const CHUNK = 64 * KIB;

let terminal: ConsoleTerminal;
let feed: Feed;
let sent: number;

/** Sends a stream as the program does: in chunks, each when the one before was drawn. */
async function print(text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += CHUNK) {
    const chunk = bytes.subarray(at, at + CHUNK);
    await feed.chunk(sent, chunk);
    sent += chunk.length;
  }
}

beforeEach(() => {
  // jsdom knows no screens, and the terminal asks for the density of this one.
  const screen = { matches: false, addListener: vi.fn(), removeListener: vi.fn() };
  window.matchMedia = () => screen as unknown as MediaQueryList;
  const host = document.body.appendChild(document.createElement("div"));
  const nothing = (): void => undefined;
  terminal = new ConsoleTerminal(host, {
    fontSize: 13,
    screen: false,
    label: "console",
    onhits: nothing,
    onscroll: nothing,
  });
  feed = new Feed(terminal, { gap: (missing) => `${missing}` });
  sent = 0;
});

afterEach(() => {
  terminal.dispose();
  vi.restoreAllMocks();
});

it("titles, clipboard, links and window commands change nothing but the text", async () => {
  document.title = "Crete";
  const address = window.location.href;
  const open = vi.spyOn(window, "open").mockReturnValue(null);
  await print("\x1b]0;owned\x07\x1b]2;owned\x1b\\\x1b]52;c;b3duZWQ=\x07\x1b[22t\x1b[8;1;1t\x1b[1t");
  await print("\x1b]8;;https://evil.example\x1b\\a link\x1b]8;;\x1b\\\r\n");
  expect(document.title).toBe("Crete");
  expect(window.location.href).toBe(address);
  expect(open).not.toHaveBeenCalled();
  expect(document.body.textContent).not.toContain("owned");
  expect(terminal.lines()).toEqual(["a link"]);
});

it("markup is text", async () => {
  await print("<img src=x onerror=alert(1)><script>alert(1)</script>\r\n");
  expect(document.querySelector("#app img, script, .xterm img")).toBeNull();
  expect(terminal.lines()).toEqual(["<img src=x onerror=alert(1)><script>alert(1)</script>"]);
});

it("the mouse and the history stay the person's", async () => {
  await print("before\r\n\x1b[?1000h\x1b[?1003;1006h\x1b[?1004h\x1b[?1049h after\r\n");
  expect(terminal.lines()).toEqual(["before", " after"]);
  expect(document.querySelector(".enable-mouse-events")).toBeNull();
});

it("a hundred thousand escapes, cuts and colours leave one screen", async () => {
  await print("\x1b[31;1m\x1b[2J\x1b[H\x1b7\x1b8\x1b[999;999H\x1b[6n\x1b[c".repeat(20_000));
  expect(terminal.kept).toBeLessThan(100);
});

it("megabytes without a newline fill lines like any others, and no more than are kept", async () => {
  await print("x".repeat(4096 * KIB));
  expect(terminal.kept).toBeLessThanOrEqual(50_100);
});

it("a title without an end is not collected", async () => {
  await print(`\x1b]0;${"x".repeat(4096 * KIB)}\x07shown\r\n`);
  expect(terminal.lines()).toEqual(["shown"]);
});

it("no cell takes in marks without end", async () => {
  await print(`e${"\u0301".repeat(512 * KIB)}\r\n`);
  expect(terminal.lines()[0]?.length).toBeLessThan(8 * 32);
});
