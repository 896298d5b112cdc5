/** Configurations written in the page: keys by the version, faults at their lines, by keyboard alone. */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { en, fill } from "../../ui/src/messages";
import { keyLines } from "../../ui/src/messages/en/keys";
import { sees, untilChosen, walk } from "../journey/journey";
import { until } from "../journey/wait";
import { look, LOOKS, SMALLEST, STILL } from "./look";
import { Mouse } from "./mouse";
import { browser, devHost, home, visit } from "./person";

const field = (page: Page) => page.getByRole("textbox", { name: en.studio.embedded });

/** Goes to the built-in config of the studio. */
async function openConfig(page: Page): Promise<void> {
  await page
    .getByRole("navigation", { name: en.studio.steps })
    .getByRole("button", { name: en.studio.step.customization })
    .click();
  await field(page).waitFor();
}

/** The text as the editor holds it. */
const written = (page: Page): Promise<string> =>
  field(page).evaluate((at) => [...at.children].map((line) => line.textContent).join("\n"));

/** Whether the keyboard is in the editor. */
const held = (page: Page): Promise<boolean> =>
  field(page).evaluate((at) => at === document.activeElement);

/** The editor takes no key for a suggestion that has only just appeared: nobody could have read it. */
const READABLE_MS = 150;

/** A suggestion, among those that are open. */
const suggested = (page: Page, name: RegExp | string) =>
  page.locator(".cm-tooltip-autocomplete").getByRole("option", { name });

test("a config is written by keyboard: suggested, faulted at its line, mended, undone", async () => {
  const person = home();
  const host = await devHost(person, { args: ["--practice"] });
  const { page, faults } = await visit(await browser(), host);
  const hand = new Mouse(page, "config");
  await walk(hand, untilChosen);
  await openConfig(page);
  const keys = page.keyboard;

  // Who comes by with Tab is not held.
  await field(page).focus();
  await keys.press("Tab");
  expect(await held(page)).toBe(false);

  // A kind is suggested by its first letters and taken with Enter.
  await field(page).focus();
  await keys.type("HostnameC");
  await suggested(page, /^HostnameConfig/).waitFor();
  const shown = performance.now();
  await until("time to read it", 10_000, () => performance.now() - shown > READABLE_MS);
  await keys.press("Enter");
  await until("the document being taken", 10_000, async () =>
    (await written(page)).startsWith("apiVersion: v1alpha1\nkind: HostnameConfig\n"),
  );
  await keys.type("hostnme: shelf-1");
  const said = fill(en.config.finding.unknown_key_near, {
    key: "hostnme",
    minor: "1.13",
    near: "hostname",
  });
  const finding = page.getByRole("list", { name: en.config.findings });
  await finding.getByText(said).waitFor();
  await page.getByRole("status").filter({ hasText: said }).waitFor({ state: "attached" });
  await hand.picture("fault");

  // The finding leads to its line, where the key is mended with a suggestion for its value.
  await finding.getByRole("button", { name: fill(en.config.toLine, { n: 3 }) }).click();
  for (let at = 0; at < "hostnme: shelf-1".length; at += 1) await keys.press("Backspace");
  await keys.type("auto: ");
  await keys.press("Control+Space");
  await suggested(page, "off").click();
  await keys.press("Enter");
  await keys.type("hostname: shelf-1");
  await sees(hand, fill(en.config.valid, { version: "v1.13.9" }));
  await sees(hand, keyLines["HostnameConfig.hostname"]!);
  await hand.picture("valid");

  // Undone, and done again.
  const whole = await written(page);
  await keys.press("Control+Z");
  await until("the change being undone", 10_000, async () => (await written(page)) !== whole);
  await keys.press("Control+Shift+Z");
  await until("it being there again", 10_000, async () => (await written(page)) === whole);

  // Tab indents now, and after Escape it leaves.
  await keys.press("Tab");
  expect(await written(page)).not.toBe(whole);
  await keys.press("Control+Z");
  await keys.press("Escape");
  await keys.press("Tab");
  expect(await held(page)).toBe(false);
  expect(faults, "the content policy has nothing against the editor").toEqual([]);
});

test("the editor has no accessibility fault in any look, with findings and suggestions", async () => {
  const person = home();
  const host = await devHost(person, { args: ["--practice"] });
  const chromium = await browser();
  const faults: string[] = [];
  const go = (page: Page, hash: string) => page.evaluate((to) => (window.location.hash = to), hash);
  const judge = async (page: Page, name: string): Promise<void> => {
    await go(page, "#/images/new");
    await openConfig(page);
    await field(page).fill(
      "apiVersion: v1alpha1\nkind: HostnameConfig\nauto: stable\nhostnam: a\n",
    );
    await page.getByRole("list", { name: en.config.findings }).waitFor();
    faults.push(...(await look(page, "config", `findings-${name}`)));
    await field(page).press("Control+End");
    await page.keyboard.press("Control+Space");
    await suggested(page, /./).first().waitFor();
    faults.push(...(await look(page, "config", `options-${name}`)));
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+F");
    await page.getByRole("textbox", { name: en.config.phrases.Find }).waitFor();
    faults.push(...(await look(page, "config", `search-${name}`)));
  };
  for (const { theme, size } of LOOKS) {
    const { page } = await visit(chromium, host, { ...STILL, colorScheme: theme, viewport: size });
    await judge(page, `${size.width}-${theme}`);
    await page.context().close();
  }
  const { page } = await visit(chromium, host, { ...STILL, viewport: SMALLEST });
  await go(page, "#/settings");
  await page.getByRole("switch", { name: en.settings.contrast }).click();
  await page.locator(":root[data-contrast=more]").waitFor();
  await judge(page, "contrast");
  await go(page, "#/settings");
  await page.getByRole("switch", { name: en.settings.contrast }).click();
  await page.getByLabel(en.settings.textSize).fill("200");
  await page.locator(':root[style*="200%"]').waitFor();
  await judge(page, "large");
  expect(faults).toEqual([]);
});
