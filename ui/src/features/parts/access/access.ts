/** What merging would do and what became of files, as people read it. */
import { en, fill } from "../../../messages";
import type { Status } from "../../../design/Glyph.svelte";
import { dateOf } from "../../../model/format";
import type { AccessFile, AccessOffer } from "../../../platform/generated/api";

/** What merging would do, sentence by sentence. */
export function foretold(offer: AccessOffer): string[] {
  const words = en.access;
  if (offer.path === null) return [words.practice];
  if (offer.obstacle !== null) return [fill(words.obstacle, { why: offer.obstacle })];
  const { context, taken } = offer;
  const said: string[] = [];
  if (taken !== null) said.push(fill(words.taken, { taken, context }));
  else if (offer.replaces) said.push(words.replaces);
  else said.push(fill(words.named, { context }));
  said.push(offer.becomes_current ? words.current : words.notCurrent);
  if (offer.leads_to !== null) said.push(fill(words.leadsTo, { path: offer.leads_to }));
  said.push(offer.exists ? words.backup : words.creates);
  return said;
}

/** Until when a file counts; empty where there is no certificate any more. */
export function time({ expires_at, renew, expired }: AccessFile): string {
  if (expires_at === null) return "";
  const when = dateOf(expires_at);
  const words = en.access;
  return fill(expired ? words.over : renew ? words.soon : words.until, { when });
}

export function status({ state, renew, expired }: AccessFile): Status {
  if (state === "gone" || state === "unreadable") return "unknown";
  if (expired) return "bad";
  return renew ? "warn" : "good";
}
