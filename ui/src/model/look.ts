/** Puts the person's preferences of appearance on the page. */
import type { Settings } from "../platform/generated/api";

export function dress(root: HTMLElement, settings: Settings | undefined): void {
  const { theme = "system", high_contrast = false, text_percent = 100 } = settings ?? {};
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  if (high_contrast) root.dataset.contrast = "more";
  else delete root.dataset.contrast;
  root.style.fontSize = text_percent === 100 ? "" : `${text_percent}%`;
}
