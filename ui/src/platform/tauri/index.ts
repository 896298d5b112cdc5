/** The window's transport. Nothing else in the page may speak to Tauri. */
import { Channel, invoke } from "@tauri-apps/api/core";
import { decodeChunk, ProblemError, type ByteStream, type Platform, type StreamReader } from "..";
import type { EventFrame, Problem, StreamRequest } from "../generated/api";

export function tauri(): Platform {
  let streams = 0;
  const platform: Platform = {
    async rpc(name, request) {
      try {
        return await invoke("rpc", { name, request });
      } catch (problem) {
        throw new ProblemError(problem as Problem);
      }
    },
    events(frames) {
      const channel = new Channel<EventFrame[]>();
      channel.onmessage = frames;
      void invoke("events", { channel });
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
