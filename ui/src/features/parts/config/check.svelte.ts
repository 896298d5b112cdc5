/** A text being judged while it is written: the latest text, and one question at a time. */
import { problemOf, rpc } from "../../../model/session.svelte";
import type { ConfigText, ConfigVerdict, Problem } from "../../../platform/generated/api";

/** A pause in writing, milliseconds. */
const PAUSE_MS = 250;

export class Check {
  verdict = $state.raw<ConfigVerdict>();
  problem = $state.raw<Problem>();
  /** True while the verdict is of an older text. */
  checking = $state(false);
  #turn = 0;
  #pause: ReturnType<typeof setTimeout> | undefined;

  /** Judges a text after a pause; at once when it is the first. */
  ask(wanted: ConfigText): void {
    const turn = (this.#turn += 1);
    this.checking = true;
    clearTimeout(this.#pause);
    this.#pause = setTimeout(
      () => void this.#judge(wanted, turn),
      this.verdict || this.problem ? PAUSE_MS : 0,
    );
  }

  async #judge(wanted: ConfigText, turn: number): Promise<void> {
    try {
      const verdict = await rpc("config.check", wanted);
      if (turn !== this.#turn) return;
      this.verdict = verdict;
      this.problem = undefined;
    } catch (error) {
      if (turn !== this.#turn) return;
      this.problem = problemOf(error);
    }
    this.checking = false;
  }

  /** Says nothing any more. */
  rest(): void {
    this.#turn += 1;
    clearTimeout(this.#pause);
    this.checking = false;
    this.verdict = undefined;
    this.problem = undefined;
  }
}
