/** The dev host's transport: HTTP for commands, one WebSocket for topics and byte streams. */
import { decodeChunk, ProblemError, type ByteStream, type Platform, type StreamReader } from "..";
import type { EventFrame, Problem, StreamRequest } from "../generated/api";

const TOKEN = "crete-token";
const RETRY_FIRST = 500;
const RETRY_LAST = 5000;

/** The token of the printed address, kept for reloads and taken out of the address. */
function token(): string {
  const url = new URL(window.location.href);
  const given = url.searchParams.get("token");
  if (given !== null) {
    window.sessionStorage.setItem(TOKEN, given);
    url.searchParams.delete("token");
    window.history.replaceState(null, "", url);
  }
  return given ?? window.sessionStorage.getItem(TOKEN) ?? "";
}

function unreachable(detail: string): ProblemError {
  const problem: Problem = {
    code: "internal",
    params: {},
    detail,
    fields: [],
    remedies: [{ kind: "retry" }],
    id: "",
  };
  return new ProblemError(problem);
}

export function web(): Platform {
  const secret = token();
  const readers = new Map<number, { request: StreamRequest; reader: StreamReader }>();
  let streams = 0;
  let socket: WebSocket | undefined;

  function open(stream: number): void {
    const entry = readers.get(stream);
    if (entry && socket?.readyState === WebSocket.OPEN) {
      socket.send(JSON.stringify({ open: { stream, request: entry.request } }));
    }
  }

  function received(wire: ArrayBuffer): void {
    const stream = new DataView(wire).getUint32(0, true);
    const entry = readers.get(stream);
    if (!entry) return;
    if (wire.byteLength === 4) {
      entry.reader.end();
      return;
    }
    const { offset, bytes } = decodeChunk(wire.slice(4));
    void entry.reader.chunk(offset, bytes).then(() => {
      void platform.rpc("stream.ack", { stream, bytes: bytes.byteLength }).catch(() => undefined);
    });
  }

  const platform: Platform = {
    async rpc(name, request) {
      let answer: Response;
      try {
        answer = await fetch(`rpc/${name}`, {
          method: "POST",
          headers: { "content-type": "application/json", authorization: `Bearer ${secret}` },
          body: JSON.stringify(request),
        });
      } catch (error) {
        throw unreachable(String(error));
      }
      if (answer.status === 403) throw unreachable("the address of this page has expired");
      const body: unknown = await answer.json();
      if (!answer.ok) throw new ProblemError(body as Problem);
      return body as never;
    },
    events(frames, lost) {
      let wait = RETRY_FIRST;
      const connect = (): void => {
        const url = new URL(`ws?token=${secret}`, window.location.href);
        url.protocol = "ws:";
        url.hash = "";
        socket = new WebSocket(url);
        socket.binaryType = "arraybuffer";
        socket.onopen = () => {
          wait = RETRY_FIRST;
          for (const stream of readers.keys()) open(stream);
        };
        socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
          if (typeof data === "string") frames(JSON.parse(data) as EventFrame[]);
          else received(data);
        };
        socket.onclose = () => {
          lost();
          window.setTimeout(connect, wait);
          wait = Math.min(wait * 2, RETRY_LAST);
        };
      };
      connect();
    },
    async again() {
      await platform.rpc("app.info", {});
    },
    stream(request, reader): ByteStream {
      const stream = ++streams;
      readers.set(stream, { request, reader });
      open(stream);
      return {
        close() {
          readers.delete(stream);
          void platform.rpc("stream.close", { stream }).catch(() => undefined);
        },
      };
    },
  };
  return platform;
}
