/** Extensions on their shelves, and those a version does not have. Pure. */
import { en } from "../../messages";
import type { Extension, ExtensionTier } from "../../platform/generated/api";

export interface Shelf {
  id: string;
  title: string;
  items: Extension[];
}

export const shortName = (name: string): string => name.replace(/^siderolabs\//, "");

/** The chosen ones first, then shelf by shelf, each in the order of the alphabet. */
export function shelves(
  all: readonly Extension[],
  chosen: readonly string[],
  text: string,
  tier: ExtensionTier | "all",
): Shelf[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = ({ name, description, category, tier: own }: Extension): boolean => {
    const hay = `${name} ${description} ${en.studio.category[category]}`.toLowerCase();
    return (tier === "all" || own === tier) && words.every((word) => hay.includes(word));
  };
  const sorted = all.filter(fits).sort((a, b) => a.name.localeCompare(b.name));
  const found: Shelf[] = [];
  const put = (id: string, title: string, items: Extension[]) => {
    if (items.length > 0) found.push({ id, title, items });
  };
  put(
    "chosen",
    en.studio.chosen,
    sorted.filter(({ name }) => chosen.includes(name)),
  );
  const rest = sorted.filter(({ name }) => !chosen.includes(name));
  for (const [category, title] of Object.entries(en.studio.category))
    put(
      category,
      title,
      rest.filter((item) => item.category === category),
    );
  return found;
}

/** Chosen names that the version does not have. */
export const missing = (all: readonly Extension[], chosen: readonly string[]): string[] =>
  chosen.filter((name) => !all.some((item) => item.name === name));
