/** What a node tells line by line: records out of a stream's bytes, kept within bounds. */
import type { NodeRecord, NodeSource } from "../platform/generated/api";
import { withPlatform } from "./session.svelte";

/** Records out of bytes: one a line, in JSON. */
export class Records {
  #rest = "";
  readonly #decoder = new TextDecoder();

  feed(bytes: Uint8Array): NodeRecord[] {
    const parts = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#rest = parts.pop() ?? "";
    return parts.filter((line) => line !== "").map((line) => JSON.parse(line) as NodeRecord);
  }
}

/** What is drawn as one line. */
export type Told =
  | { key: number; kind: "line"; text: string }
  | { key: number; kind: "gap" }
  | { key: number; kind: "event"; event: Extract<NodeRecord, { kind: "event" }>["event"] };

export const MOST = 5000;

/** Follows one source of a node until it is closed. */
export class Teller {
  told = $state.raw<readonly Told[]>([]);
  waiting = $state(false);
  refused = $state.raw<Extract<NodeRecord, { kind: "refused" }>["problem"]>();
  ended = $state(false);
  #next = 0;
  #records = new Records();
  #close: (() => void) | undefined;
  #closed = false;

  constructor(machine: string, source: NodeSource) {
    withPlatform((platform) => {
      if (this.#closed) return;
      const opened = platform.stream(
        { kind: "node", machine, source },
        {
          chunk: (offset, bytes) => {
            // From the start again: the connection was made anew.
            if (offset === 0) this.#restart();
            this.#take(this.#records.feed(bytes));
            return Promise.resolve();
          },
          end: () => (this.ended = true),
        },
      );
      this.#close = () => opened.close();
    });
  }

  close(): void {
    this.#closed = true;
    this.#close?.();
  }

  #restart(): void {
    this.#records = new Records();
    this.told = [];
    this.ended = false;
  }

  #take(records: readonly NodeRecord[]): void {
    const fresh: Told[] = [];
    for (const record of records) {
      this.waiting = record.kind === "waiting";
      if (record.kind === "lines")
        for (const text of record.lines) fresh.push({ key: this.#next++, kind: "line", text });
      else if (record.kind === "gap") fresh.push({ key: this.#next++, kind: "gap" });
      else if (record.kind === "event")
        fresh.push({ key: this.#next++, kind: "event", event: record.event });
      else if (record.kind === "refused") this.refused = record.problem;
    }
    if (fresh.length > 0) this.told = [...this.told, ...fresh].slice(-MOST);
  }
}
