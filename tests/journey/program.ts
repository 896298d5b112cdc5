/** A program that a test started: what it says, and its end. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { within } from "./wait";

const ENDS_WITHIN_MS = 15_000;

export class Program {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #listeners = new Set<() => void>();
  readonly exited: Promise<number | null>;

  constructor(
    readonly name: string,
    path: string,
    args: string[],
    env: NodeJS.ProcessEnv,
    /** Open for programs that end with their standard input. */
    input: "closed" | "open" = "closed",
  ) {
    const stdin = input === "open" ? "pipe" : "ignore";
    this.#child = spawn(path, args, { env, stdio: [stdin, "pipe", "pipe"] });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      createInterface(stream).on("line", (line) => {
        this.#lines.push(line);
        this.#wake();
      });
    }
    this.exited = new Promise((resolve) => {
      this.#child.once("error", (error) => {
        this.#lines.push(String(error));
        resolve(null);
      });
      this.#child.once("exit", (code) => resolve(code));
    });
    void this.exited.then(() => this.#wake());
  }

  #wake(): void {
    for (const listener of this.#listeners) listener();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null && this.pid !== 0;
  }

  /** Everything it printed so far. */
  get output(): string {
    return this.#lines.join("\n");
  }

  /** Waits for a line, and gives what its pattern captured. */
  async says(pattern: RegExp, within_ms: number): Promise<string> {
    const heard = new Promise<string>((resolve, fail) => {
      const look = (): void => {
        const match = this.#lines.map((line) => pattern.exec(line)).find(Boolean);
        if (match) resolve(match[1] ?? match[0]);
        else if (!this.running) fail(new Error(`${this.name} ended:\n${this.output}`));
        else return;
        this.#listeners.delete(look);
      };
      this.#listeners.add(look);
      look();
    });
    try {
      return await within(`${this.name} saying ${pattern}`, within_ms, heard);
    } catch (error) {
      throw new Error(`${String(error)}\n${this.output}`, { cause: error });
    }
  }

  /** Asks it to end, and makes it end when it does not. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (!this.running) return;
    const gone = once(this.#child, "exit");
    this.#child.kill(signal);
    try {
      await within(`the end of ${this.name}`, ENDS_WITHIN_MS, gone);
    } catch {
      this.#child.kill("SIGKILL");
      await gone;
    }
  }
}
