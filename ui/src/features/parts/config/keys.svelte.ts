/** The keys of each version that was asked for, once. */
import { reportFault, rpc } from "../../../model/session.svelte";
import type { ConfigKeys, TalosVersion } from "../../../platform/generated/api";

class KeysByVersion {
  #known = $state.raw<Record<string, ConfigKeys>>({});
  readonly #asked = new Set<string>();

  /** The keys of a version; nothing until they are there. */
  of(version: TalosVersion): ConfigKeys | undefined {
    return this.#known[version];
  }

  /** Asks for them, unless that was done. Without them nothing is suggested, and all is checked. */
  async load(version: TalosVersion): Promise<void> {
    if (version === "" || this.#asked.has(version)) return;
    this.#asked.add(version);
    try {
      const keys = await rpc("config.keys", { version });
      this.#known = { ...this.#known, [version]: keys };
    } catch (error) {
      this.#asked.delete(version);
      reportFault(error);
    }
  }
}

export const configKeys = new KeysByVersion();
