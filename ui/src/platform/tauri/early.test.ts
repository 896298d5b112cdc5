/// <reference types="node" />
/**
 * What the window asks before the page's code is there: the page takes it over, and asks nothing
 * twice. The script is the one that the window runs.
 */
import { readFileSync } from "node:fs";
import { beforeEach, expect, it, vi } from "vitest";
import type { EventFrame } from "../generated/api";
import { tauri } from ".";

type Message = { index: number; message: EventFrame[] };

const script = readFileSync("../src-tauri/src/early.js", "utf8");
const callbacks = new Map<number, (message: unknown) => void>();
const invoke = vi.fn<(command: string, args: Record<string, unknown>) => Promise<unknown>>();

beforeEach(() => {
  callbacks.clear();
  invoke.mockReset().mockImplementation((_, { name }) => Promise.resolve({ answers: name }));
  vi.stubGlobal("__TAURI_INTERNALS__", {
    invoke,
    transformCallback: (callback: (message: unknown) => void) => {
      callbacks.set(callbacks.size + 1, callback);
      return callbacks.size;
    },
    unregisterCallback: (id: number) => callbacks.delete(id),
    runCallback: (id: number, message: unknown) => callbacks.get(id)?.(message),
  });
  new Function(script)();
});

const commands = (): unknown[] => invoke.mock.calls.map(([command, { name }]) => name ?? command);

/** Sends a message over the channel that was opened early. */
function send(index: number): void {
  const { channel } = invoke.mock.calls[0]![1] as { channel: string };
  const message: Message = { index, message: [frame(index)] };
  callbacks.get(Number(channel.replace("__CHANNEL__:", "")))?.(message);
}

const frame = (generation: number): EventFrame => ({
  topic: "jobs",
  generation,
  change: { kind: "init_done" },
});

it("the channel is open and the first questions are asked before any other code", () => {
  expect(commands()).toEqual(["events", "settings.get", "app.info"]);
});

it("frames from before and after arrive once and in order, over one channel", () => {
  send(0);
  send(2);
  const taken: number[] = [];
  tauri().events(
    (batch) => taken.push(...batch.map(({ generation }) => generation)),
    () => undefined,
  );
  expect(taken).toEqual([0]);
  send(1);
  send(3);
  expect(taken).toEqual([0, 1, 2, 3]);
  expect(commands().filter((name) => name === "events")).toHaveLength(1);
});

it("an early answer is given once; whoever asks again is answered anew", async () => {
  const platform = tauri();
  expect(await platform.rpc("settings.get", {})).toEqual({ answers: "settings.get" });
  expect(commands()).toHaveLength(3);
  await platform.rpc("settings.get", {});
  expect(commands().slice(3)).toEqual(["settings.get"]);
});

it("an early refusal carries the program's problem, and is no fault while nobody has asked", async () => {
  const problem = { code: "internal" };
  invoke.mockReset().mockRejectedValue(problem);
  new Function(script)();
  await new Promise((later) => setTimeout(later));
  await expect(tauri().rpc("app.info", {})).rejects.toMatchObject({ problem });
});
