/** A guest that means harm prints at a page: it fills its own rectangle, and reaches nothing else. */
import type { CDPSession, Page } from "playwright-core";
import { expect, test } from "vitest";
import { until } from "../journey/wait";
import { CONSOLE_LINES } from "../journey/hand";
import { browser, devHost, home, visit } from "./person";

const MACHINE = "019af000-0000-7000-8000-000000000001";
const IMAGE = "019af000-0000-7000-8000-000000000002";
const SOON_MS = 60_000;
const MIB = 1 << 20;
/** More than the program's own parts take that come with a console. */
const GROWS_MIB = 24;

/** What every attack tries to leave somewhere. */
const MARK = "owned";
const LAST = "and that was all";

const spec = {
  schema_version: 1,
  id: MACHINE,
  name: "hostile",
  image: IMAGE,
  arch: "amd64",
  vcpus: 1,
  memory_mib: 512,
  disk_gib: 10,
  mac: "52:54:00:00:00:01",
  kernel_args: [],
  created_at: "2026-11-20T09:30:00Z",
};

const clipboard = Buffer.from(MARK).toString("base64");

/** Each on its own would be kept or carried out by a terminal that is told nothing. */
const STREAM = [
  `\x1b]0;${MARK}\x07\x1b]2;${MARK}\x1b\\\x1b]1;${MARK}\x07`,
  `\x1b]52;c;${clipboard}\x07\x1b]52;p;${clipboard}\x1b\\\x1b]52;c;?\x07`,
  // Reports that a terminal types back, and modes in which it types by itself.
  "\x1b[5n\x1b[6n\x1b[c\x1b[>c\x1b[=c\x1bZ\x1b[?1000h\x1b[?1003h\x1b[?1004h\x1b[18t".repeat(5_000),
  '\x1bP$q"p\x1b\\\x1bP+q544e\x1b\\\x1b]10;?\x07\x1b]4;1;?\x07'.repeat(5_000),
  // Links, titles and marks without end, all upon one line.
  ...Array.from({ length: 50_000 }, (_, at) => `\x1b]8;;https://${MARK}.example/${at}\x07`),
  `\x1b]0;${"x".repeat(4 * MIB)}\x07`,
  `\u009d0;${MARK}\u009c\r\n`,
  `e${"\u0301".repeat(2 * MIB)}\r\n`,
  "\x1b[31;1m\x1b[2J\x1b[H\x1b7\x1b8\x1b[999;999H".repeat(50_000),
  "\x1b[0m\x1b[2J\x1b[H<img src=x onerror=alert(1)>\r\n",
  `\x1b]8;;https://${MARK}.example\x1b\\press me\x1b]8;;\x1b\\\r\n`,
  `${LAST}\r\n`,
].join("");

async function heap(counter: CDPSession): Promise<number> {
  await counter.send("HeapProfiler.collectGarbage");
  const { usedSize } = await counter.send("Runtime.getHeapUsage");
  return usedSize / MIB;
}

/** Everything that can be read or heard of the page, but for the console's own lines. */
function outside(page: Page): Promise<string> {
  return page.evaluate(() => {
    const copy = document.documentElement.cloneNode(true) as HTMLElement;
    for (const rows of copy.querySelectorAll(".xterm-rows")) rows.remove();
    return copy.outerHTML;
  });
}

test("a hostile console reaches neither the page's state nor its memory, nor types back", async () => {
  const person = home();
  const folder = `data/crete/machines/${MACHINE}`;
  person.write(`${folder}/spec.json`, JSON.stringify(spec));
  person.write(`${folder}/console.log`, STREAM);
  const host = await devHost(person);
  const { page, faults } = await visit(await browser(), host, {
    permissions: ["clipboard-read", "clipboard-write"],
  });
  await page.getByText("hostile").first().waitFor();
  await page.evaluate(() => navigator.clipboard.writeText("the person's own"));
  const counter = await page.context().newCDPSession(page);
  const before = await heap(counter);

  const reached: string[] = [];
  page.on("dialog", (dialog) => {
    reached.push(`asked ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.context().on("page", (other) => reached.push(`opened ${other.url()}`));
  const asked = new Set<string>();
  page.on("request", (request) => {
    const name = /\/rpc\/(.+)$/.exec(request.url())?.[1];
    if (name) asked.add(name);
  });
  const address = host.route(`#/machines/${MACHINE}/console`);
  await page.evaluate((to) => (window.location.href = to), address);
  const lines = (): Promise<string> => page.evaluate<string>(CONSOLE_LINES);
  await until("the end of the stream", SOON_MS, async () => (await lines()).includes(LAST));

  expect(await page.title()).toBe("Crete");
  expect(page.url()).toBe(address);
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("the person's own");
  expect(await outside(page)).not.toContain(MARK);
  expect(await lines()).toContain("<img src=x onerror=alert(1)>");
  expect(await page.locator(".xterm img").count()).toBe(0);
  // A press on what was made a link, or on a terminal that reports the mouse.
  const link = await page.locator(".xterm-rows").getByText("press me").boundingBox();
  if (!link) throw new Error("there is nothing to press");
  await page.mouse.move(link.x + 4, link.y + 4);
  await page.mouse.move(link.x + 8, link.y + 6);
  await page.mouse.click(link.x + 8, link.y + 6);
  await page.locator(".term").focus();
  await page.keyboard.type("x");
  expect(reached).toEqual([]);
  expect([...asked].filter((name) => !/^(stream\.|app\.|machine\.reveal)/.test(name))).toEqual([]);
  expect((await heap(counter)) - before).toBeLessThan(GROWS_MIB);
  expect(faults).toEqual([]);
});
