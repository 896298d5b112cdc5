/**
 * The page in Chromium, by keyboard alone. The focus is moved as a person moves it, so whatever
 * Tab does not reach is not reached here either.
 */
import type { Page } from "playwright-core";
import { Mouse } from "./mouse";

/** More controls than any page has. */
const MOST_TABS = 150;

/** What a person hears of the focused control: its kind and its name. */
const FOCUSED = `(() => {
  const at = document.activeElement;
  if (!at || at === document.body) return { kind: "", name: "" };
  const described = at.labels?.length ? at.labels[0] : at;
  const name = at.getAttribute("aria-label") ?? described.textContent ?? "";
  const kind = at.type === "radio" ? "radio" : at.localName;
  const inMenu = at.getAttribute("role") === "menuitem";
  return { kind, name: name.replace(/\\s+/g, " ").trim(), group: at.name ?? "", inMenu };
})()`;

interface Focused {
  kind: string;
  name: string;
  group?: string;
  inMenu?: boolean;
}

export class Keyboard extends Mouse {
  constructor(page: Page, pictures: string) {
    super(page, pictures);
  }

  #focused(): Promise<Focused> {
    return this.page.evaluate<Focused>(FOCUSED);
  }

  /** Presses Tab, and in a menu the arrow, until the focus is where it is wanted. */
  async #reach(what: string, wanted: (focused: Focused) => boolean): Promise<void> {
    const heard: string[] = [];
    for (let tab = 0; tab < MOST_TABS; tab += 1) {
      const focused = await this.#focused();
      if (wanted(focused)) return;
      heard.push(`${focused.kind} ${focused.name}`.slice(0, 60));
      await this.page.keyboard.press(focused.inMenu ? "ArrowDown" : "Tab");
    }
    throw new Error(`Tab never reaches ${what}; it reaches\n${[...new Set(heard)].join("\n")}`);
  }

  override async press(name: string): Promise<void> {
    const pressable = ["a", "button"];
    await this.named(name).waitFor();
    await this.#reach(name, (at) => pressable.includes(at.kind) && at.name === name);
    await this.page.keyboard.press("Enter");
  }

  override async pick(name: string): Promise<void> {
    const group = await this.page
      .getByRole("radio", { name })
      .first()
      .evaluate((radio) => (radio as HTMLInputElement).name);
    await this.#reach(`the choice ${name}`, (at) => at.kind === "radio" && at.group === group);
    const first = (await this.#focused()).name;
    for (let at = first; !at.startsWith(name); at = (await this.#focused()).name) {
      await this.page.keyboard.press("ArrowDown");
      if ((await this.#focused()).name === first) throw new Error(`no arrow reaches ${name}`);
    }
    await this.page.keyboard.press("Space");
  }

  /** Ticks a box whose name begins so. */
  async tick(name: string): Promise<void> {
    await this.#reach(`the box ${name}`, (at) => at.kind === "input" && at.name.startsWith(name));
    await this.page.keyboard.press("Space");
  }

  override async fill(label: string, text: string): Promise<void> {
    await this.#reach(`the field ${label}`, (at) => at.kind === "input" && at.name === label);
    await this.page.keyboard.press("Control+A");
    await this.page.keyboard.type(text);
  }
}
