/** Marks when the first page with content was drawn, so that a start can be measured. */

let told = false;

/** A frame was made when the one after it begins. */
export function contentDrawn(): void {
  if (told) return;
  told = true;
  requestAnimationFrame(() => requestAnimationFrame(() => performance.mark("content")));
}
