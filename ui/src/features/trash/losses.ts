/** What would be lost for good, in words: asked before anything is. */
import { count, en, fill } from "../../messages";
import { bytes } from "../../model/format";
import { topics } from "../../model/session.svelte";
import type { TrashKind, TrashView } from "../../platform/generated/api";
import { sizeOf } from "../parts/trash";

/** What a dialog says of a loss. */
export interface Loss {
  things: readonly TrashView[];
  title: string;
  goes: string[];
  stays: string[];
  verb: string;
}

const KINDS = [
  "clusters",
  "machines",
  "images",
  "networks",
  "drafts",
] as const satisfies TrashKind[];

export const newestFirst = (a: TrashView, b: TrashView): number =>
  b.deleted_at.localeCompare(a.deleted_at);

/** Names of the machines, in the trash or not, that need an image of `going` and stay without it. */
function stranded(going: readonly TrashView[]): string[] {
  const images = new Set(going.filter(({ kind }) => kind === "images").map(({ id }) => id));
  const machines = topics.machines.all().filter(({ spec }) => images.has(spec.image));
  const trashed = topics.trash
    .all()
    .filter(({ image }) => image !== null && images.has(image))
    .filter((thing) => !going.includes(thing));
  return [...machines.map(({ spec }) => spec.name), ...trashed.map(({ name }) => name)].sort();
}

/** What goes with one thing. */
export function lossOf(thing: TrashView): Loss {
  const { name, kind, image } = thing;
  const without = stranded([thing]);
  return {
    things: [thing],
    title: fill(en.trash.purgeTitle, { name }),
    goes: [
      fill(en.trash.goes[kind], { bytes: bytes(thing.bytes) }),
      ...(without.length > 0 ? [fill(en.trash.stranded, { machines: without.join(", ") })] : []),
    ],
    stays: image !== null && topics.images.get(image) ? [en.trash.staysImage] : [],
    verb: fill(en.trash.purgeDo, { name }),
  };
}

/** What goes with all that is there now; what comes meanwhile stays. */
export function lossOfAll(all: readonly TrashView[]): Loss {
  const without = stranded(all);
  const parts = KINDS.map((kind) => ({ kind, own: all.filter((thing) => thing.kind === kind) }));
  const things = count(en.trash.things, all.length);
  return {
    things: all,
    title: en.trash.emptyTitle,
    goes: [
      ...parts
        .filter(({ own }) => own.length > 0)
        .map(({ kind, own }) =>
          fill(en.trash.sum, {
            things: count(en.trash.goesAll[kind], own.length),
            bytes: bytes(sizeOf(own)),
          }),
        ),
      ...(without.length > 0 ? [fill(en.trash.strandedAll, { machines: without.join(", ") })] : []),
    ],
    stays: [],
    verb: fill(en.trash.emptyDo, { things }),
  };
}
