/** Changing preferences one by one: kept at once, refused at the field, and taken back on request. */
import { en, fieldText, fill, problemCause } from "../../messages";
import { changeSettings, problemOf, session } from "../../model/session.svelte";
import { toasts } from "../../model/toasts.svelte";
import { versions } from "../../model/versions.svelte";
import type { Problem, Settings } from "../../platform/generated/api";

export type Field = keyof Settings;

export class Preferences {
  /** Faults by field, as the program told them. */
  faults = $state.raw<Partial<Record<Field, string>>>({});
  problem = $state.raw<{ problem: Problem; title: string }>();
  /** What the last change replaced. */
  #before = $state.raw<Partial<Settings>>();

  get canUndo(): boolean {
    return this.#before !== undefined;
  }

  /** Keeps a change; true when it was taken. Values that are the same already change nothing. */
  async change(change: Partial<Settings>, quiet = false): Promise<boolean> {
    const now = session.settings;
    if (!now) return false;
    const fields = Object.keys(change) as Field[];
    if (fields.every((field) => now[field] === change[field])) {
      this.#forget(fields);
      return true;
    }
    this.problem = undefined;
    try {
      await changeSettings(change);
    } catch (error) {
      this.#refused(problemOf(error), fields);
      return false;
    }
    this.#forget(fields);
    this.#before = Object.fromEntries(fields.map((field) => [field, now[field]]));
    if (fields.includes("factory_url") || fields.includes("proxy")) versions.forget();
    if (!quiet)
      toasts.show({
        title: en.settings.saved,
        undo: true,
        action: { label: en.common.undo, run: () => void this.undo() },
      });
    return true;
  }

  async undo(): Promise<void> {
    const before = this.#before;
    if (!before) return;
    if (await this.change(before, true)) {
      this.#before = undefined;
      toasts.show({ title: en.settings.takenBack });
    }
  }

  #forget(fields: readonly Field[]): void {
    const left = { ...this.faults };
    for (const field of fields) delete left[field];
    this.faults = left;
  }

  #refused(problem: Problem, fields: readonly Field[]): void {
    this.faults = Object.fromEntries(
      problem.fields.map((fault) => [fault.field, fieldText(fault)]),
    );
    // What is wrong at another field would otherwise be a refusal without a reason.
    if (fields.some((field) => this.faults[field] !== undefined)) return;
    const title = fill(en.settings.notKept, { cause: problemCause(problem) });
    this.problem = { problem, title };
  }
}
