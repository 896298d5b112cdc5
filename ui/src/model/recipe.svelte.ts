/** A recipe of a cluster that was dropped onto the window, until the page of a new one takes it. */

/** What tells a recipe from any other YAML: its first key, with the form of the file. */
export const isRecipe = (text: string): boolean => /^crete_cluster:\s*\d+\s*$/m.test(text);

class Recipe {
  #text = $state<string>();

  /** True while one waits. */
  get waits(): boolean {
    return this.#text !== undefined;
  }

  put(text: string): void {
    this.#text = text;
  }

  /** The one that waits; it is taken once. */
  take(): string | undefined {
    const text = this.#text;
    this.#text = undefined;
    return text;
  }
}

export const recipe = new Recipe();
