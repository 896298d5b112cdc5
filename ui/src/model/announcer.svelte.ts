/** What a screen reader is told of work in progress: little, and the latest. */

/** At most one polite sentence in this time, milliseconds. */
export const POLITE_EVERY = 15_000;

export class Announcer {
  polite = $state("");
  assertive = $state("");
  #last = Number.NEGATIVE_INFINITY;
  #waiting: ReturnType<typeof setTimeout> | undefined;

  /** Said when there is time. A newer sentence replaces one that still waits. */
  say(text: string): void {
    clearTimeout(this.#waiting);
    const wait = this.#last + POLITE_EVERY - Date.now();
    if (wait <= 0) this.#speak(text);
    else this.#waiting = setTimeout(() => this.#speak(text), wait);
  }

  /** Said at once: a new blocker or a failure. */
  alert(text: string): void {
    this.assertive = text;
  }

  #speak(text: string): void {
    this.#waiting = undefined;
    this.#last = Date.now();
    this.polite = text;
  }
}

export const announcer = new Announcer();
