/** What moves on a page by itself at this moment. */
import type { Page } from "playwright-core";

/** Names of animations and changing properties; without their end, or with some way to go. */
const MOVING = `document.getAnimations()
  .filter(({ playState }) => playState === "running")
  .map((each) => each.animationName ?? each.transitionProperty ?? each.id)`;

export const moving = (page: Page): Promise<string[]> => page.evaluate<string[]>(MOVING);
