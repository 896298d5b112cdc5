/** Which log of a machine's node is read: chosen among its services, kept while one moves about. */
import { SvelteMap } from "svelte/reactivity";

class ChosenLog {
  readonly #chosen = new SvelteMap<string, string>();

  get(machine: string): string {
    return this.#chosen.get(machine) ?? "kernel";
  }

  of(machine: string, source: string): void {
    this.#chosen.set(machine, source);
  }
}

export const chosenLog = new ChosenLog();
