/** The window's transport. Nothing else in the page may speak to Tauri. */
import { Channel, invoke } from "@tauri-apps/api/core";
import {
  decodeChunk,
  ProblemError,
  type ByteStream,
  type CommandName,
  type Platform,
  type StreamReader,
} from "..";
import type { EventFrame, Problem, StreamRequest } from "../generated/api";

/** What the window asked before this code was there, in `src-tauri/src/early.js`. */
export interface Early {
  /** Messages of the event channel, as Tauri's own channels read them. */
  came: unknown[];
  /** Called with every further one. */
  take: (message: unknown) => void;
  /** The first answer to each of these commands. */
  answers: Partial<Record<CommandName, Promise<unknown>>>;
}

interface World {
  __CRETE_EARLY__?: Early;
  __TAURI_INTERNALS__?: { runCallback: (id: number, message: unknown) => void };
}

/** Gives an early channel's messages to one of Tauri's, which puts them in order. */
function takeOver(early: Early, channel: Channel<EventFrame[]>): void {
  const { __TAURI_INTERNALS__: internals } = globalThis as World;
  early.take = (message) => internals?.runCallback(channel.id, message);
  for (const message of early.came.splice(0)) early.take(message);
}

export function tauri(): Platform {
  let streams = 0;
  const early = (globalThis as World).__CRETE_EARLY__;

  /** An answer that is there already is good for one question. */
  function answer(name: CommandName, request: unknown): Promise<unknown> {
    const asked = early?.answers[name];
    if (!asked) return invoke("rpc", { name, request });
    delete early.answers[name];
    return asked;
  }

  const platform: Platform = {
    async rpc(name, request) {
      try {
        return (await answer(name, request)) as never;
      } catch (problem) {
        throw new ProblemError(problem as Problem);
      }
    },
    events(frames) {
      const channel = new Channel<EventFrame[]>(frames);
      if (early) takeOver(early, channel);
      else void invoke("events", { channel });
    },
    async again() {
      try {
        await invoke("open_again");
      } catch (problem) {
        throw new ProblemError(problem as Problem);
      }
    },
    stream(request: StreamRequest, reader: StreamReader): ByteStream {
      const stream = ++streams;
      const channel = new Channel<ArrayBuffer>();
      channel.onmessage = (wire) => {
        if (wire.byteLength === 0) {
          reader.end();
          return;
        }
        const { offset, bytes } = decodeChunk(wire);
        void reader.chunk(offset, bytes).then(() => {
          void platform.rpc("stream.ack", { stream, bytes: bytes.byteLength });
        });
      };
      void invoke("open_stream", { stream, request, channel });
      return { close: () => void platform.rpc("stream.close", { stream }) };
    },
  };
  return platform;
}
