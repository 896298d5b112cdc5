/** Files of the studio that go into a folder of the person's. */
import { count, en } from "../../messages";
import { router, toActivity } from "../../model/router.svelte";
import { problemOf, rpc } from "../../model/session.svelte";
import { toasts } from "../../model/toasts.svelte";
import { lastFolder } from "../../model/saves";
import { work } from "../../model/work.svelte";
import type { Output, Problem } from "../../platform/generated/api";
import { studio } from "./studio.svelte";

class Saving {
  /** What is asked where to put; the dialog is open while there is something. */
  wanted = $state.raw<Output[]>([]);
  folder = $state("");
  problem = $state.raw<Problem>();
  busy = $state(false);

  ask(outputs: Output[]): void {
    this.folder ||= lastFolder(work.all());
    this.problem = undefined;
    this.wanted = outputs;
  }

  async pick(): Promise<void> {
    try {
      const { path } = await rpc("dialog.folder", {});
      if (path !== null) this.folder = path;
    } catch (error) {
      this.problem = problemOf(error);
    }
  }

  /** Begins, and closes the dialog; a problem keeps it open. */
  async save(replace: boolean, close: () => void): Promise<void> {
    this.busy = true;
    this.problem = undefined;
    try {
      const { jobs } = await rpc("output.save", {
        draft: studio.draft,
        outputs: this.wanted.map(({ text }) => text),
        folder: this.folder.trim(),
        replace,
      });
      const title = count(en.saving.begun, jobs.length);
      const action = { label: en.saving.watch, run: () => router.go(toActivity) };
      toasts.show({ status: "good", title, action });
      close();
    } catch (error) {
      this.problem = problemOf(error);
    }
    this.busy = false;
  }
}

export const saving = new Saving();
