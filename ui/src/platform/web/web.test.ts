/** The dev host's transport: the token, acknowledgements, and connections made anew. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ProblemError } from "..";
import { web } from ".";

/** A socket that the test opens, feeds and breaks. */
class Socket {
  static all: Socket[] = [];
  static readonly OPEN = 1;
  readyState = 0;
  binaryType = "";
  sent: unknown[] = [];
  onopen: (() => void) | undefined;
  onmessage: ((event: { data: unknown }) => void) | undefined;
  onclose: (() => void) | undefined;

  constructor(readonly url: URL) {
    Socket.all.push(this);
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  open(): void {
    this.readyState = Socket.OPEN;
    this.onopen?.();
  }
  break(): void {
    this.readyState = 3;
    this.onclose?.();
  }
  /** A chunk as the dev host sends it: stream, place, bytes. */
  chunk(stream: number, offset: number, text: string): void {
    const bytes = new TextEncoder().encode(text);
    const wire = new DataView(new ArrayBuffer(12 + bytes.length));
    wire.setUint32(0, stream, true);
    wire.setBigUint64(4, BigInt(offset), true);
    new Uint8Array(wire.buffer).set(bytes, 12);
    this.onmessage?.({ data: wire.buffer });
  }
}

const asked: { url: string; body: unknown; token: string | null }[] = [];
let status = 200;
let body: unknown = {};

beforeEach(() => {
  Socket.all = [];
  asked.length = 0;
  [status, body] = [200, {}];
  vi.stubGlobal("WebSocket", Socket);
  vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
    const token = new Headers(init.headers).get("authorization");
    asked.push({ url, body: JSON.parse(String(init.body)), token });
    return Promise.resolve(new Response(JSON.stringify(body), { status }));
  });
  window.history.replaceState(null, "", "/?token=secret#/machines");
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  window.sessionStorage.clear();
});

const nothing = (): void => undefined;

it("takes the token out of the address, and keeps it for a reload", async () => {
  const first = web();
  expect(window.location.href).not.toContain("secret");
  expect(window.location.hash).toBe("#/machines");
  await first.rpc("settings.get", {});
  await web().rpc("settings.get", {});
  expect(asked.map(({ token }) => token)).toEqual(["Bearer secret", "Bearer secret"]);
});

it("a refusal is the program's problem; an answer from nowhere is one of its own", async () => {
  status = 422;
  body = { code: "denied", params: {}, detail: null, fields: [], remedies: [], id: "" };
  const refused = web().rpc("machine.start", { machine: "m" });
  await expect(refused).rejects.toMatchObject({ problem: { code: "denied" } });
  status = 403;
  await expect(web().rpc("settings.get", {})).rejects.toBeInstanceOf(ProblemError);
});

it("more bytes are asked for only when the last ones were taken in", async () => {
  const platform = web();
  platform.events(nothing, nothing);
  const [socket] = Socket.all;
  socket?.open();
  let taken: () => void = nothing;
  const heard: [number, string][] = [];
  platform.stream(
    { kind: "console", machine: "m", port: "ttyS0" },
    {
      chunk(offset, bytes) {
        heard.push([offset, new TextDecoder().decode(bytes)]);
        return new Promise((resolve) => (taken = resolve));
      },
      end: nothing,
    },
  );
  expect(socket?.sent).toEqual([
    { open: { stream: 1, request: { kind: "console", machine: "m", port: "ttyS0" } } },
  ]);
  socket?.chunk(1, 258, "abc");
  await vi.advanceTimersByTimeAsync(0);
  expect(heard).toEqual([[258, "abc"]]);
  expect(asked).toEqual([]);
  taken();
  await vi.advanceTimersByTimeAsync(0);
  expect(asked.map(({ url, body }) => [url, body])).toEqual([
    ["rpc/stream.ack", { stream: 1, bytes: 3 }],
  ]);
});

it("a lost connection is said, made anew, and its streams opened again", async () => {
  const platform = web();
  const lost = vi.fn();
  const frames = vi.fn();
  platform.events(frames, lost);
  Socket.all[0]?.open();
  const stream = platform.stream(
    { kind: "console", machine: "m", port: "ttyS1" },
    { chunk: () => Promise.resolve(), end: nothing },
  );
  Socket.all[0]?.break();
  expect(lost).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(500);
  expect(Socket.all).toHaveLength(2);
  Socket.all[1]?.break();
  // Each failure waits longer than the one before.
  await vi.advanceTimersByTimeAsync(500);
  expect(Socket.all).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(500);
  expect(Socket.all).toHaveLength(3);
  Socket.all[2]?.open();
  expect(Socket.all[2]?.sent).toEqual(Socket.all[0]?.sent);
  stream.close();
  Socket.all[2]?.break();
  await vi.advanceTimersByTimeAsync(500);
  Socket.all[3]?.open();
  expect(Socket.all[3]?.sent).toEqual([]);
});
