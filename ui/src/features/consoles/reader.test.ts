// @vitest-environment node
/** What a console shows while one scrolls, searches and waits. */
import { beforeEach, expect, it } from "vitest";
import { Reader, type Screen } from "./reader.svelte";

/** A terminal of plain lines whose view can be moved. */
class Lines implements Screen {
  atEnd = true;
  shown: string[] = [];
  searched: [string, boolean][] = [];

  write(data: Uint8Array | string, drawn: () => void): void {
    const text = typeof data === "string" ? data : new TextDecoder().decode(data);
    this.shown.push(...text.split("\n").filter(Boolean));
    drawn();
  }
  reset(): void {
    this.shown = [];
  }
  get kept(): number {
    return this.shown.length;
  }
  toEnd(): void {
    this.atEnd = true;
  }
  find(text: string, back: boolean): void {
    this.searched.push([text, back]);
  }
  lines(most = this.shown.length): string[] {
    return this.shown.slice(-most);
  }
  clear(): void {
    this.shown = [];
  }
}

let screen: Lines;
let reader: Reader;
let sent: number;

async function print(text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  await reader.chunk(sent, bytes);
  sent += bytes.length;
}

beforeEach(() => {
  screen = new Lines();
  reader = new Reader();
  reader.open(screen, { gap: (missing) => `${missing}` });
  sent = 0;
});

it("follows the end until the person scrolls up, and then counts what comes", async () => {
  await print("one\ntwo\n");
  expect([reader.empty, reader.follow, reader.fresh, reader.kept]).toEqual([false, true, 0, 2]);
  screen.atEnd = false;
  reader.scrolled();
  await print("three\n");
  await print("four\nfive\n");
  expect([reader.follow, reader.fresh]).toEqual([false, 3]);
  reader.toEnd();
  expect([reader.follow, reader.fresh]).toEqual([true, 0]);
  screen.atEnd = false;
  reader.scrolled();
  await print("six\n");
  expect(reader.fresh).toBe(1);
});

it("searches for what was written, and forgets hits with the word", () => {
  reader.query = "etcd";
  reader.find(false);
  reader.found(6, 41);
  expect(reader.hits).toEqual({ at: 6, n: 41 });
  reader.query = "";
  reader.find(false);
  expect(reader.hits).toBeUndefined();
  expect(screen.searched).toEqual([
    ["etcd", false],
    ["", false],
  ]);
});

it("clearing empties the view and goes on", async () => {
  await print("one\n");
  reader.clear();
  expect(reader.kept).toBe(0);
  await print("two\n");
  expect(reader.lines(5)).toEqual(["two"]);
});
