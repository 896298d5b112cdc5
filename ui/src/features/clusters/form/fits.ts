/** Whether it fits, as shape and sentence. */
import type { Status } from "../../../design/Glyph.svelte";
import { fill } from "../../../messages";
import { words } from "../../../messages/clusters";
import { bytes } from "../../../model/format";
import type { Fit } from "../../../model/memory";

export const fitStatus = ({ verdict }: Fit): Status =>
  (({ fits: "good", tight: "warn", short: "bad" }) as const)[verdict];

export function fitText({ verdict, left }: Fit, short: boolean): string {
  const own = words.form;
  const size = bytes(left);
  if (verdict === "short") return fill(own.short, { missing: size });
  if (verdict === "tight") return fill(own.tight, { free: size });
  return fill(short ? own.fitsShort : own.fits, { free: size });
}
