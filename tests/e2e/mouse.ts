/** The page in Chromium, by mouse. */
import type { Locator, Page } from "playwright-core";
import { CONSOLE_LINES, type Hand } from "../journey/hand";
import { result } from "../journey/places";

export class Mouse implements Hand {
  constructor(
    readonly page: Page,
    /** Folder of its pictures. */
    readonly pictures: string,
  ) {}

  /** The first control of that name, whether it shows a word or only an icon. */
  protected named(name: string): Locator {
    const by = (role: "button" | "link" | "tab" | "menuitem"): Locator =>
      this.page.getByRole(role, { name, exact: true });
    return by("button").or(by("link")).or(by("tab")).or(by("menuitem")).first();
  }

  press(name: string): Promise<void> {
    return this.named(name).click();
  }

  pick(name: string): Promise<void> {
    return this.page.getByRole("radio", { name }).first().check();
  }

  fill(label: string, text: string): Promise<void> {
    return this.page.getByLabel(label, { exact: true }).first().fill(text);
  }

  text(): Promise<string> {
    return this.page.locator("body").innerText();
  }

  async console(): Promise<string> {
    return (await this.page.evaluate<string>(CONSOLE_LINES)) ?? "";
  }

  async picture(name: string): Promise<void> {
    await this.page.screenshot({
      path: result("e2e", this.pictures, `${name}.png`),
    });
  }
}
