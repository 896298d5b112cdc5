/** Something went to the trash: said in a toast that can bring it back. */
import { en, fill, problemTitle } from "../../messages";
import { bytes } from "../../model/format";
import { problemOf, rpc } from "../../model/session.svelte";
import { toasts } from "../../model/toasts.svelte";
import type { Trashed } from "../../platform/generated/api";

export function toTrash({ trash_id, name }: Trashed, size?: number): void {
  const restore = async (): Promise<void> => {
    try {
      await rpc("trash.restore", { trash_id });
      toasts.show({ status: "good", title: fill(en.common.restored, { name }) });
    } catch (error) {
      toasts.show({ status: "warn", title: problemTitle(problemOf(error)) });
    }
  };
  toasts.show({
    title: fill(en.common.inTrash, { name }),
    text:
      size === undefined
        ? en.common.inTrashKept
        : fill(en.common.inTrashText, { bytes: bytes(size) }),
    undo: true,
    action: { label: en.common.undo, run: restore },
  });
}
