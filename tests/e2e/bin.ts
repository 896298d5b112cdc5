/** Something deleted, so that there is something in the trash. */
import { en, fill } from "../../ui/src/messages";
import { sees } from "../journey/journey";
import { until } from "../journey/wait";
import type { Mouse } from "./mouse";

/** Makes a network and deletes it: all that needs no image. */
export async function deleteNetwork(hand: Mouse, name: string): Promise<void> {
  const { page } = hand;
  await page.evaluate((hash) => (window.location.hash = hash), "#/networks/new");
  await page.getByLabel(en.networks.name, { exact: true }).fill(name);
  await hand.press(en.networks.create);
  await page.getByRole("heading", { level: 1, name }).waitFor();
  await hand.press(fill(en.common.more, { name }));
  await hand.press(en.common.delete);
  await sees(hand, fill(en.common.inTrash, { name }));
}

/** Opens the trash the way somebody would who looks for it: settings, storage, trash. */
export async function openTrash(hand: Mouse): Promise<void> {
  const { page } = hand;
  await hand.press(en.nav.settings);
  await hand.press(en.settings.topics.storage);
  const trash = page.getByRole("region", { name: en.trash.title });
  await trash.getByRole("link", { name: en.common.show }).click();
  await page.getByRole("heading", { level: 1, name: en.trash.title }).waitFor();
}

/** Waits until a folder's places are as many. */
export const untilPlaces = (places: () => string[], count: number): Promise<true> =>
  until(`${count} places in the trash`, 20_000, () => places().length === count);
