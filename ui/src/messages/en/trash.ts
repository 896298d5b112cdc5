/** What was deleted: giving it back, and losing it for good. */
import type { TrashKind } from "../../platform/generated/api";

type Words<K extends string> = Record<K, string>;
type Counted = Record<TrashKind, { one: string; other: string }>;

export const trash = {
  title: "Trash",
  lead: "What was deleted, until you delete it for good.",
  things: { one: "{n} thing", other: "{n} things" },
  sum: "{things}, {bytes}",
  list: "What was deleted",
  nothing: "Nothing is in it",
  emptyText:
    "What you delete comes here first and can be given back. It keeps its space meanwhile.",
  look: "Look into the trash: it holds {bytes}",
  kind: {
    images: "Image",
    machines: "Machine",
    networks: "Network",
    drafts: "Draft",
    clusters: "Cluster",
  } as const satisfies Words<TrashKind>,
  deleted: "{kind}, deleted {time} ago",
  imageHere: "It boots from {image}, which is in the trash too.",
  imageGone: "Its image is not there any more, so it cannot be started.",
  giveBack: "Give back",
  purge: "Delete for good…",
  empty: "Empty the trash…",
  emptying: "Deleting {at} of {n}",
  purgeTitle: "Delete {name} for good?",
  emptyTitle: "Empty the trash?",
  never: "This cannot be undone.",
  goes: {
    images: "The image's file, {bytes}",
    machines: "The machine and all that is on its disk, {bytes}",
    networks: "The network with its addresses and open ports",
    drafts: "The draft with its choices",
    clusters: "The cluster with its secrets: nothing can sign in to its machines without them",
  } as const satisfies Words<TrashKind>,
  goesAll: {
    images: { one: "{n} image", other: "{n} images" },
    machines: {
      one: "{n} machine and all that is on its disk",
      other: "{n} machines and all that is on their disks",
    },
    networks: { one: "{n} network", other: "{n} networks" },
    drafts: { one: "{n} draft", other: "{n} drafts" },
    clusters: { one: "{n} cluster with its secrets", other: "{n} clusters with their secrets" },
  } as const satisfies Counted,
  stranded: "It is what these boot from, and they could not be started again: {machines}",
  strandedAll:
    "Machines outside the trash that boot from it and could not be started again: {machines}",
  staysImage: "The image it boots from",
  purgeDo: "Delete {name} for good",
  emptyDo: "Delete {things} for good",
  notBack: "{name} could not be given back: {cause}",
  notPurged: "{name} could not be deleted: {cause}",
} as const;
