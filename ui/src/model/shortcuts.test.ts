/** Which keys mean what. */
import { describe, expect, it } from "vitest";
import { combination, isTyping, matches, printed, shortcutOf, SHORTCUTS } from "./shortcuts";

const press = (
  key: string,
  held: Partial<Record<"ctrl" | "shift" | "alt" | "meta", true>> = {},
) => ({
  key,
  ctrlKey: held.ctrl ?? false,
  shiftKey: held.shift ?? false,
  altKey: held.alt ?? false,
  metaKey: held.meta ?? false,
});

describe("a shortcut", () => {
  it.each([
    [press("k", { ctrl: true }), "palette"],
    [press("K", { ctrl: true }), "palette"],
    [press("N", { ctrl: true, shift: true }), "newMachine"],
    [press(",", { ctrl: true }), "settings"],
    [press("ArrowLeft", { alt: true }), "back"],
    [press("F6", { shift: true }), "lastRegion"],
    [press("F6"), "nextRegion"],
    [press("?", { shift: true }), "help"],
    [press("?"), "help"],
    [press("+", { ctrl: true, shift: true }), undefined],
    [press("n", { ctrl: true }), "newCluster"],
    [press("n", { alt: true }), undefined],
    [press("k", { ctrl: true, alt: true }), undefined],
    [press("k", { ctrl: true, meta: true }), undefined],
    [press("k"), undefined],
  ])("%o is %s", (event, name) => expect(shortcutOf(event)).toBe(name));

  it("is told from every other", () => {
    const texts = Object.values(SHORTCUTS);
    expect(new Set(texts).size).toBe(texts.length);
    for (const [name, text] of Object.entries(SHORTCUTS)) {
      const { key, ctrl, shift, alt } = combination(text);
      const event = { key, ctrlKey: ctrl, shiftKey: shift, altKey: alt, metaKey: false };
      expect(matches(event, combination(text))).toBe(true);
      expect(shortcutOf(event)).toBe(name);
    }
  });

  it("is printed as on the keys", () => {
    expect(printed("Ctrl+Shift+n")).toEqual(["Ctrl", "Shift", "N"]);
    expect(printed("Alt+ArrowLeft")).toEqual(["Alt", "←"]);
  });
});

it("only what takes text is typed into", () => {
  document.body.innerHTML = `<input id="text"><input id="radio" type="radio"><button id="button">`;
  const typing = (id: string) => isTyping(document.getElementById(id));
  expect([typing("text"), typing("radio"), typing("button")]).toEqual([true, false, false]);
});
