/** What jsdom lacks of a browser, as far as the page needs it. */
import { afterAll, afterEach } from "vitest";

/** Tests of plain values run without a document. */
if (typeof document !== "undefined") {
  const { cleanup, configure } = await import("@testing-library/svelte");
  // Pages are loaded when they are opened, and the computer may have other things to do.
  configure({ asyncUtilTimeout: 10_000 });
  afterEach(() => {
    cleanup();
    document.body.replaceChildren();
  });
  furnish();
  endTimers();
}

/** A browser's timers end with its document. Node's do not, and would find none when they fire. */
function endTimers(): void {
  const { setTimeout: begin } = globalThis;
  const begun = new Set<ReturnType<typeof setTimeout>>();
  globalThis.setTimeout = Object.assign((...given: Parameters<typeof setTimeout>) => {
    const timer = begin(...given);
    begun.add(timer);
    return timer;
  }, begin);
  afterAll(() => begun.forEach((timer) => clearTimeout(timer)));
}

function furnish(): void {
  const dialog = HTMLDialogElement.prototype;

  dialog.showModal = function (): void {
    const before = document.activeElement;
    this.setAttribute("open", "");
    this.addEventListener("close", () => before instanceof HTMLElement && before.focus(), {
      once: true,
    });
    this.querySelector<HTMLElement>("button, input, [tabindex]")?.focus();
  };
  dialog.close = function (): void {
    if (!this.hasAttribute("open")) return;
    this.removeAttribute("open");
    this.dispatchEvent(new Event("close"));
  };
  // Escape closes the dialog that is open, as a browser does: once everybody has heard of the key.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    queueMicrotask(() => {
      if (!event.defaultPrevented)
        document.querySelector<HTMLDialogElement>("dialog[open]")?.close();
    });
  });

  HTMLElement.prototype.showPopover = function (): void {
    this.style.display = "block";
  };
  // Nothing has a size here: an editor that measures its lines finds none.
  Range.prototype.getClientRects = () => [] as unknown as DOMRectList;
  HTMLElement.prototype.scrollIntoView = () => undefined;
  HTMLElement.prototype.checkVisibility = () => true;
  window.matchMedia = (media) =>
    Object.assign(new EventTarget(), { matches: false, media }) as MediaQueryList;
}
