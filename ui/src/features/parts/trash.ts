/** The trash, wherever it is met: what it holds, and the toasts that bring something back. */
import { count, en, fill, problemTitle } from "../../messages";
import { bytes } from "../../model/format";
import { router, toCluster, toMachine, toNetwork, type Route } from "../../model/router.svelte";
import { problemOf, rpc, topics } from "../../model/session.svelte";
import { toasts } from "../../model/toasts.svelte";
import type { Trashed, TrashView } from "../../platform/generated/api";

export const sizeOf = (things: readonly TrashView[]): number =>
  things.reduce((sum, thing) => sum + thing.bytes, 0);

/** How much is in it, in one line. */
export function sumText(things: readonly TrashView[]): string {
  if (things.length === 0) return en.trash.nothing;
  const values = { things: count(en.trash.things, things.length), bytes: bytes(sizeOf(things)) };
  return fill(en.trash.sum, values);
}

/** Where something is once it is back. */
function place({ kind, id }: TrashView): Route {
  switch (kind) {
    case "clusters":
      return toCluster(id);
    case "machines":
      return toMachine(id);
    case "networks":
      return toNetwork(id);
    case "images":
      return { page: "images" };
    case "drafts":
      return { page: "new-image" };
  }
}

/** Gives something back and says so, with the way to it. Rejects with a `ProblemError`. */
export async function giveBack({ trash_id, name }: Trashed): Promise<void> {
  // It leaves the trash with the answer; where it goes to is known only before.
  const thing = topics.trash.get(trash_id);
  await rpc("trash.restore", { trash_id });
  toasts.show({
    status: "good",
    title: fill(en.common.restored, { name }),
    ...(thing && { action: { label: en.common.show, run: () => router.go(place(thing)) } }),
  });
}

/** Something went to the trash: said in a toast that can bring it back. */
export function toTrash(trashed: Trashed, size?: number): void {
  const undo = async (): Promise<void> => {
    try {
      await giveBack(trashed);
    } catch (error) {
      toasts.show({ status: "warn", title: problemTitle(problemOf(error)) });
    }
  };
  toasts.show({
    title: fill(en.common.inTrash, { name: trashed.name }),
    text:
      size === undefined
        ? en.common.inTrashKept
        : fill(en.common.inTrashText, { bytes: bytes(size) }),
    undo: true,
    action: { label: en.common.undo, run: undo },
  });
}
