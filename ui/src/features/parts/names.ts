/** Names of images, with the word that keeps practice apart from the real thing. */
import { en, fill } from "../../messages";
import { session } from "../../model/session.svelte";
import type { ImageView, TalosVersion } from "../../platform/generated/api";

export function talosName(version: TalosVersion): string {
  const name = fill(en.images.name, { version });
  return session.practice ? fill(en.practice.standIn, { name }) : name;
}

/** A factory's image is named by its version, a person's own by its file. */
export function imageName({ spec }: ImageView): string {
  if (spec.origin.kind === "imported") return spec.origin.file_name;
  return talosName(spec.version ?? "");
}

/** What it was made as: the factory's file name, or how the own file is packed. */
export function assetName({ spec: { origin } }: ImageView): string {
  if (origin.kind === "factory") return origin.asset;
  return `${en.library.format[origin.format]}, ${en.library.packing[origin.packing]}`;
}

export const isPrerelease = (version: TalosVersion): boolean => version.includes("-");

export const minorOf = (version: TalosVersion): string =>
  version.replace(/^v/, "").split(".").slice(0, 2).join(".");

/** A name close to what was written that can be used. */
export function usableName(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 63)
    .replace(/^-+|-+$/g, "");
}
