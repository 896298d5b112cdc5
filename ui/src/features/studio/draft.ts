/** A draft's beginnings, and how two drafts differ. Pure. */
import type {
  Arch,
  ImageView,
  OpenTarget,
  Output,
  OutputKind,
  StudioDraft,
} from "../../platform/generated/api";
import { freshDraft, serialArgs } from "../parts/studioDraft";

export { freshDraft, serialArgs };

export const same = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

/** True while the arguments are those a fresh draft of some architecture has. */
export const isSerial = (args: readonly string[]): boolean =>
  same(args, serialArgs("amd64")) || same(args, serialArgs("arm64"));

/** Another target or architecture; suggested arguments follow, a person's own stay. */
export function retarget(draft: StudioDraft, change: Partial<StudioDraft>): StudioDraft {
  const next = { ...draft, ...change };
  const untouched = isSerial(draft.kernel_args) || draft.kernel_args.length === 0;
  if (!untouched) return next;
  if (next.target === draft.target && draft.kernel_args.length === 0) return next;
  return { ...next, kernel_args: next.target === "metal" ? serialArgs(next.arch ?? "amd64") : [] };
}

export interface Change {
  sign: "+" | "−" | "~";
  text: string;
}

/** What a person did since the draft was kept, one line each. */
export function changesOf(before: StudioDraft, now: StudioDraft): Change[] {
  const found: Change[] = [];
  for (const field of Object.keys(now) as (keyof StudioDraft)[]) {
    const [old, value] = [before[field], now[field]];
    if (same(old, value)) continue;
    if (field === "extensions" || field === "kernel_args") {
      const [had, has] = [before[field], now[field]];
      found.push(
        ...has.filter((item) => !had.includes(item)).map((text) => ({ sign: "+" as const, text })),
        ...had.filter((item) => !has.includes(item)).map((text) => ({ sign: "−" as const, text })),
      );
    } else {
      const plain = typeof value === "string" && !value.includes("\n") ? `: ${value}` : "";
      found.push({ sign: "~", text: `${field.replaceAll("_", " ")}${plain}` });
    }
  }
  return found;
}

/** How many answers of the last step differ from a fresh draft's. */
export function customized(draft: StudioDraft): number {
  const set = [
    draft.kernel_args.length > 0 && !isSerial(draft.kernel_args),
    draft.embedded_config.trim() !== "",
    draft.overlay_options.trim() !== "",
    draft.bootloader !== null,
    draft.meta.length > 0,
    draft.enroll_keys !== "",
    draft.well_known_certificates,
    draft.sector_size !== 0,
  ];
  return set.filter(Boolean).length;
}

/** Machines here boot from it, so it may go into the library. */
export function forLibrary({ kind, form, name }: Output): boolean {
  if (form !== "file") return false;
  return kind === "iso" || (/^disk_image/.test(kind) && /\.(raw\.(zst|xz)|qcow2)$/.test(name));
}

/** The library's image of this very file. */
export function inLibrary(
  images: readonly ImageView[],
  schematicId: string,
  version: string | null,
  output: Output,
): ImageView | undefined {
  return images.find(
    ({ spec: { origin, version: made } }) =>
      origin.kind === "factory" &&
      origin.schematic_id === schematicId &&
      origin.asset === output.name &&
      made === version,
  );
}

/** It can be put into a folder. */
export const savable = ({ kind, form }: Output): boolean => form === "file" || kind === "pxe";

/** In this order; a signed image comes with its kernel in one file. */
const PARTS: readonly OutputKind[] = ["kernel", "initramfs", "uki"];

/** Everything for this machine: the image, what is in it by itself, and the tool to talk to it. */
export function machineSet(
  outputs: readonly Output[],
  image: Output | undefined,
  here: Arch,
): Output[] {
  const of = (kind: OutputKind) => outputs.find((output) => output.kind === kind);
  const parts = PARTS.filter((kind) => kind !== "uki" || !of("kernel")).map(of);
  const tool = outputs.find(({ name }) => name === `talosctl-linux-${here}`);
  const first = image ?? outputs.find(({ kind }) => kind === "disk_image" || kind === "iso");
  return [first, ...parts, tool].filter((output) => output !== undefined);
}

/** What the program opens for a page of the result: it knows the addresses, the page only names them. */
export function pageTarget({ kind }: Output, draft: StudioDraft): OpenTarget {
  const minor = (draft.version ?? "").replace(/^v/, "").split(".").slice(0, 2).join(".");
  if (kind === "whats_new" || kind === "support_matrix")
    return { kind: "talos_docs", minor, page: kind };
  const place = { metal: "metal", cloud: draft.platform, sbc: draft.board }[
    draft.target ?? "metal"
  ];
  return { kind: "talos_guide", minor, place: place ?? "" };
}
