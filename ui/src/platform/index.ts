/** The only way out of the page: one interface, and a transport for each host. */
import type { Commands, EventFrame, Problem, StreamRequest } from "./generated/api";

export type CommandName = keyof Commands;

/** What a command is refused with. The page decides on `problem.code` alone. */
export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.code);
  }
}

export interface ByteStream {
  close(): void;
}

export interface StreamReader {
  /** Bytes with their place in the whole. More come only when the promise has settled. */
  chunk(offset: number, bytes: Uint8Array): Promise<void>;
  end(): void;
}

export interface Platform {
  rpc<K extends CommandName>(
    name: K,
    request: Commands[K]["request"],
  ): Promise<Commands[K]["response"]>;
  /** Frames of all topics; `lost` when the connection is gone and being made anew. */
  events(frames: (batch: EventFrame[]) => void, lost: () => void): void;
  stream(request: StreamRequest, reader: StreamReader): ByteStream;
  /** Has the program try once more to begin. Rejects with why it cannot. */
  again(): Promise<void>;
}

/** Reads a chunk as both transports send it: eight bytes place, then the bytes. */
export function decodeChunk(wire: ArrayBuffer): { offset: number; bytes: Uint8Array } {
  const offset = Number(new DataView(wire).getBigUint64(0, true));
  return { offset, bytes: new Uint8Array(wire, 8) };
}
