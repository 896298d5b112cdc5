/** When the first content was drawn, and what follows it. */
import { expect, it, vi } from "vitest";
import { contentDrawn, drawAgain, drawn } from "./drawn";

it("the content is drawn when the frame after it begins; then all is drawn once more", async () => {
  const frames: (() => void)[] = [];
  vi.stubGlobal("requestAnimationFrame", (frame: () => void) => frames.push(frame));
  const settled = vi.fn();
  void drawn.then(settled);
  const root = document.createElement("html");
  drawAgain(root);
  contentDrawn();
  contentDrawn();
  expect(frames).toHaveLength(1);
  frames.pop()!();
  await Promise.resolve();
  expect(settled).not.toHaveBeenCalled();
  expect(root.dataset).not.toHaveProperty("drawn");
  frames.pop()!();
  await vi.waitFor(() => expect(settled).toHaveBeenCalled());
  expect(root.dataset).toHaveProperty("drawn");
  expect(performance.getEntriesByName("content")).toHaveLength(1);
});
