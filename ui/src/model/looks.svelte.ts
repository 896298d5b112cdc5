/** Who on the page looks at which node: the program asks a node only while somebody does. */
import { rpc, topics } from "./session.svelte";

interface Look {
  machine: string;
  full: boolean;
}

class Looks {
  readonly #open = new Map<number, Look>();
  #next = 1 + Math.floor(Math.random() * 1e6);

  constructor() {
    // The program forgets all looks when the connection to it is made anew.
    topics.nodes.begin(() => {
      for (const [look, what] of this.#open) this.#send(look, what);
    });
  }

  /** Looks at a machine's node until what is returned is called. */
  at(machine: string, full: boolean): () => void {
    const look = this.#next++;
    this.#open.set(look, { machine, full });
    this.#send(look, { machine, full });
    return () => {
      this.#open.delete(look);
      // A machine that is gone took its node with it.
      void rpc("node.unlook", { look }).catch(() => undefined);
    };
  }

  #send(look: number, { machine, full }: Look): void {
    void rpc("node.look", { look, machine, full }).catch(() => undefined);
  }
}

export const looks = new Looks();
