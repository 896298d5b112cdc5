/** The factory's versions, kept while the page is open, so that a second look draws at once. */
import type { Problem, VersionsAnswer } from "../platform/generated/api";
import { problemOf, rpc } from "./session.svelte";

class Versions {
  answer = $state.raw<VersionsAnswer>();
  problem = $state.raw<Problem>();
  asking = $state(false);

  async load(refresh: boolean): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    this.problem = undefined;
    try {
      this.answer = await rpc("factory.versions", { refresh });
    } catch (error) {
      this.problem = problemOf(error);
    }
    this.asking = false;
  }

  /** Forgets what another factory said. */
  forget(): void {
    this.answer = undefined;
  }
}

export const versions = new Versions();
