/** A node's configuration as it is read, edited, compared, tried and applied. */
import { problemOf, rpc } from "../../model/session.svelte";
import type {
  ApplyAnswer,
  ConfigComparison,
  ApplyWay,
  NodeConfig,
  Problem,
} from "../../platform/generated/api";

/** How long secrets stay readable. */
export const REVEALED_MS = 30_000;

export class ConfigDraft {
  now = $state.raw<NodeConfig>();
  /** Why it could not be read. */
  problem = $state.raw<Problem>();
  /** The text that is edited; absent while it is only looked at. */
  text = $state<string>();
  compared = $state.raw<ConfigComparison>();
  mode = $state<ApplyWay>("auto");
  answer = $state.raw<ApplyAnswer>();
  /** What the last answer was given to. */
  applied = $state(false);
  fault = $state.raw<Problem>();
  busy = $state<"compare" | "try" | "apply">();

  constructor(private readonly machine: string) {}

  async load(): Promise<void> {
    this.problem = undefined;
    try {
      this.now = await rpc("node.config", { machine: this.machine });
      if (this.now.maintenance) this.edit();
    } catch (error) {
      this.problem = problemOf(error);
    }
  }

  edit(): void {
    this.text ??= this.now?.text ?? "";
  }

  leave(): void {
    this.text = undefined;
    this.forget();
  }

  /** What was found of a text counts only for that text. */
  forget(): void {
    this.compared = undefined;
    this.answer = undefined;
    this.fault = undefined;
    this.applied = false;
  }

  async compare(): Promise<void> {
    const { machine, text = "" } = this;
    await this.#work("compare", async () => {
      const compared = await rpc("node.compare", { machine, text });
      if (this.text !== text) return;
      this.compared = compared;
      const open = compared.modes.filter(({ denied }) => denied === null);
      if (!open.some(({ mode }) => mode === this.mode)) this.mode = open[0]?.mode ?? "auto";
    });
  }

  async tryOut(): Promise<void> {
    const { machine, text = "", mode } = this;
    await this.#work("try", async () => {
      this.applied = false;
      this.answer = await rpc("node.try", { machine, text, mode });
    });
  }

  async apply(): Promise<void> {
    const { machine, text = "", mode } = this;
    await this.#work("apply", async () => {
      this.answer = await rpc("node.apply", { machine, text, mode });
      this.applied = true;
      this.text = undefined;
      this.compared = undefined;
    });
    if (this.applied) await this.load();
  }

  async #work(what: NonNullable<ConfigDraft["busy"]>, work: () => Promise<void>): Promise<void> {
    this.busy = what;
    this.fault = undefined;
    try {
      await work();
    } catch (error) {
      this.fault = problemOf(error);
    } finally {
      this.busy = undefined;
    }
  }
}

/** The text with what is secret on its lines hidden: the key stays, the value goes. */
export function masked(text: string, secrets: readonly number[], dots: string): string {
  const mask = (line: string) => {
    const key = /^(\s*(?:- )?[\w.-]+:)/.exec(line)?.[1];
    return key === undefined ? `${/^\s*/.exec(line)?.[0] ?? ""}${dots}` : `${key} ${dots}`;
  };
  return text
    .split("\n")
    .map((line, at) => (secrets.includes(at + 1) && line.trim() !== "" ? mask(line) : line))
    .join("\n");
}
