/** The access to one cluster: what is known of it, and every deed with what came of it. */
import { en, fill, problemCause } from "../../../messages";
import { problemOf, rpc } from "../../../model/session.svelte";
import { toasts } from "../../../model/toasts.svelte";
import type {
  AccessFile,
  AccessKind,
  AccessRole,
  AccessView,
  ClusterId,
  Problem,
} from "../../../platform/generated/api";

export class Access {
  view = $state.raw<AccessView>();
  problem = $state.raw<Problem>();
  /** What is being done now; empty for nothing. */
  busy = $state("");

  constructor(readonly cluster: ClusterId) {
    void this.look();
  }

  async look(): Promise<void> {
    try {
      this.view = await rpc("access.view", { cluster: this.cluster });
      this.problem = undefined;
    } catch (error) {
      this.problem = problemOf(error);
    }
  }

  /** Does something, says what came of it, and looks again. */
  async #do(what: string, deed: () => Promise<string>): Promise<void> {
    this.busy = what;
    try {
      const title = await deed();
      if (title) toasts.show({ status: "good", title });
      await this.look();
    } catch (error) {
      const cause = problemCause(problemOf(error));
      toasts.show({ status: "warn", title: fill(en.access.couldNot, { what, cause }) });
      await this.look();
    }
    this.busy = "";
  }

  copy(kind: AccessKind, role: AccessRole): Promise<void> {
    return this.#do(fill(en.access.copy, { kind: en.access.kind[kind] }), async () => {
      const { text } = await rpc("access.text", { cluster: this.cluster, kind, role });
      await navigator.clipboard.writeText(text);
      return en.access.copied;
    });
  }

  save(kind: AccessKind, role: AccessRole): Promise<void> {
    return this.#do(fill(en.access.save, { kind: en.access.kind[kind] }), async () => {
      const { path } = await rpc("access.save", { cluster: this.cluster, kind, role });
      return path === null ? "" : fill(en.access.saved, { path });
    });
  }

  merge(kind: AccessKind, role: AccessRole, path: string): Promise<void> {
    return this.#do(fill(en.access.merge, { path }), async () => {
      const file = await rpc("access.merge", { cluster: this.cluster, kind, role });
      return fill(en.access.merged, { context: file.context, path: file.path });
    });
  }

  renew({ id, path }: AccessFile): Promise<void> {
    return this.#do(fill(en.access.renewNamed, { path }), async () => {
      await rpc("access.renew", { cluster: this.cluster, id });
      return fill(en.access.renewed, { path });
    });
  }

  undo({ id, path }: AccessFile): Promise<void> {
    return this.#do(fill(en.access.undoNamed, { path }), async () => {
      await rpc("access.undo", { cluster: this.cluster, id });
      return fill(en.access.undone, { path });
    });
  }

  forget({ id, path }: AccessFile): Promise<void> {
    return this.#do(fill(en.access.forgetNamed, { path }), async () => {
      await rpc("access.forget", { cluster: this.cluster, id });
      return "";
    });
  }

  saveSecrets(): Promise<void> {
    return this.#do(en.access.saveSecrets, async () => {
      const { path } = await rpc("access.save_secrets", { cluster: this.cluster });
      return path === null ? "" : fill(en.access.saved, { path });
    });
  }
}
