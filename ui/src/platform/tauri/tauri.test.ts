// @vitest-environment node
/** The window's transport: problems as they come, and acknowledgements after drawing. */
import { beforeEach, expect, it, vi } from "vitest";
import type { Problem } from "../generated/api";
import { tauri } from ".";

const core = vi.hoisted(() => ({
  invoke: vi.fn(),
  Channel: class {
    constructor(public onmessage?: (message: unknown) => void) {}
  },
}));
vi.mock("@tauri-apps/api/core", () => core);

beforeEach(() => core.invoke.mockReset().mockResolvedValue({}));

function chunk(offset: number, text: string): ArrayBuffer {
  const bytes = new TextEncoder().encode(text);
  const wire = new DataView(new ArrayBuffer(8 + bytes.length));
  wire.setBigUint64(0, BigInt(offset), true);
  new Uint8Array(wire.buffer).set(bytes, 8);
  return wire.buffer;
}

it("a refusal carries the program's problem", async () => {
  const problem = { code: "denied" } as Problem;
  core.invoke.mockRejectedValueOnce(problem);
  await expect(tauri().rpc("machine.start", { machine: "m" })).rejects.toMatchObject({ problem });
  expect(core.invoke).toHaveBeenCalledWith("rpc", {
    name: "machine.start",
    request: { machine: "m" },
  });
});

it("bytes are acknowledged when they were taken in, and an empty chunk is the end", async () => {
  const end = vi.fn();
  let taken: () => void = () => undefined;
  tauri().stream(
    { kind: "console", machine: "m", port: "ttyS0" },
    { chunk: () => new Promise((resolve) => (taken = resolve)), end },
  );
  const { channel } = core.invoke.mock.calls[0]?.[1] as {
    channel: InstanceType<typeof core.Channel>;
  };
  core.invoke.mockClear();
  channel.onmessage?.(chunk(0, "abcd"));
  await Promise.resolve();
  expect(core.invoke).not.toHaveBeenCalled();
  taken();
  await vi.waitFor(() =>
    expect(core.invoke).toHaveBeenCalledWith("rpc", {
      name: "stream.ack",
      request: { stream: 1, bytes: 4 },
    }),
  );
  channel.onmessage?.(new ArrayBuffer(0));
  expect(end).toHaveBeenCalledTimes(1);
});
