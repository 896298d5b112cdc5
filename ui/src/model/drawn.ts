/** When the first page with content was drawn: what can wait waits for it, and a start is measured. */

/** Pages that have nothing to wait for do not say when they are drawn. */
const AT_MOST_MS = 1000;

let told = false;
let tell: () => void;
/** Settles when the first content was drawn, or could have been. */
export const drawn = new Promise<void>((resolve) => (tell = resolve));

/** A frame was made when the one after it begins. */
export function contentDrawn(): void {
  if (told) return;
  told = true;
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      performance.mark("content");
      tell();
    }),
  );
}

/**
 * Has everything drawn once more, which `base.css` does. Without a graphics card WebKitGTK leaves a
 * part of the first frame of every second window blank until something in that part changes.
 */
export function drawAgain(root: HTMLElement): void {
  void drawn.then(() => (root.dataset["drawn"] = ""));
}

/** From now on the content is waited for no longer than a while. */
export function expectContent(): void {
  setTimeout(() => tell(), AT_MOST_MS);
}
