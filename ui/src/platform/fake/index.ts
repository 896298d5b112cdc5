/** A program that a test plays: answers it was told, frames and bytes it is told to send. */
import { ProblemError, type CommandName, type Platform, type StreamReader } from "..";
import type {
  Change,
  Commands,
  EventFrame,
  Problem,
  StreamRequest,
  Topic,
  TopicItems,
} from "../generated/api";

type Answer<K extends CommandName> = (
  request: Commands[K]["request"],
) => Commands[K]["response"] | Promise<Commands[K]["response"]>;

export interface Call {
  name: CommandName;
  request: unknown;
}

export interface FakeStream {
  request: StreamRequest;
  /** Sends a chunk; settles when the page has taken it in. */
  send(offset: number, text: string): Promise<void>;
  end(): void;
  closed: boolean;
}

export class FakePlatform implements Platform {
  /** Every command the page sent, oldest first. */
  readonly calls: Call[] = [];
  readonly streams: FakeStream[] = [];
  readonly #answers = new Map<CommandName, (request: never) => unknown>();
  #frames: ((batch: EventFrame[]) => void) | undefined;
  #lost: (() => void) | undefined;
  #generation = 0;

  /** Answers a command from now on. */
  answer<K extends CommandName>(name: K, answer: Answer<K>): this {
    this.#answers.set(name, answer);
    return this;
  }

  /** Refuses a command from now on. */
  refuse(name: CommandName, problem: Partial<Problem> & Pick<Problem, "code">): this {
    return this.answer(name, () => {
      throw new ProblemError(problemWith(problem));
    });
  }

  /** Requests of one command, oldest first. */
  requests<K extends CommandName>(name: K): Commands[K]["request"][] {
    return this.calls.filter((call) => call.name === name).map((call) => call.request) as never;
  }

  async rpc<K extends CommandName>(
    name: K,
    request: Commands[K]["request"],
  ): Promise<Commands[K]["response"]> {
    this.calls.push({ name, request: structuredClone(request) });
    const answer = this.#answers.get(name);
    // Silence would hang a test; a refusal tells what is missing.
    if (!answer) throw new ProblemError(problemWith({ code: "internal", detail: `no ${name}` }));
    return (await answer(request as never)) as Commands[K]["response"];
  }

  events(frames: (batch: EventFrame[]) => void, lost: () => void): void {
    this.#frames = frames;
    this.#lost = lost;
  }

  stream(request: StreamRequest, reader: StreamReader): { close(): void } {
    const stream: FakeStream = {
      request,
      send: (offset, text) => reader.chunk(offset, new TextEncoder().encode(text)),
      end: () => reader.end(),
      closed: false,
    };
    this.streams.push(stream);
    return { close: () => (stream.closed = true) };
  }

  /** Whether another beginning would do. */
  again = (): Promise<void> => Promise.resolve();

  tell(topic: Topic, change: Change): void {
    this.#generation += 1;
    this.#frames?.([{ topic, generation: this.#generation, change }]);
  }

  upsert<T extends Topic>(topic: T, key: string, value: TopicItems[T]): void {
    this.tell(topic, { kind: "upsert", key, value: structuredClone(value) });
  }

  remove(topic: Topic, key: string): void {
    this.tell(topic, { kind: "remove", key });
  }

  /** All of a topic: Init, items, InitDone. */
  snapshot<T extends Topic>(topic: T, items: Record<string, TopicItems[T]>): void {
    this.tell(topic, { kind: "init" });
    for (const [key, value] of Object.entries(items))
      this.tell(topic, { kind: "item", key, value: structuredClone(value) });
    this.tell(topic, { kind: "init_done" });
  }

  /** The connection is gone. */
  lose(): void {
    this.#lost?.();
  }
}

export function problemWith(problem: Partial<Problem> & Pick<Problem, "code">): Problem {
  return { params: {}, detail: null, fields: [], remedies: [], id: "", ...problem };
}
