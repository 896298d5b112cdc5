/** Names of images, with the word that keeps practice apart from the real thing. */
import { en, fill } from "../../messages";
import { session } from "../../model/session.svelte";
import type { ImageView, TalosVersion } from "../../platform/generated/api";

export function talosName(version: TalosVersion): string {
  const name = fill(en.images.name, { version });
  return session.practice ? fill(en.practice.standIn, { name }) : name;
}

export const imageName = (image: ImageView): string => talosName(image.spec.choice.version);

export const isPrerelease = (version: TalosVersion): boolean => version.includes("-");

export const minorOf = (version: TalosVersion): string =>
  version.replace(/^v/, "").split(".").slice(0, 2).join(".");
