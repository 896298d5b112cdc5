/** The main job in practice mode, told once: from the first page to a machine and back. */
import { en, fill } from "../../ui/src/messages";
import type { Hand } from "./hand";
import { until } from "./wait";

const SOON_MS = 20_000;
/** An emulated machine on a busy computer. */
const BOOT_MS = 240_000;

export const NAME = "first-light";

export interface Stage {
  name: string;
  go(hand: Hand): Promise<void>;
}

/** Waits until the page shows a text. */
export async function sees(hand: Hand, wanted: string | RegExp, ms = SOON_MS): Promise<void> {
  const holds = (text: string): boolean =>
    typeof wanted === "string" ? text.includes(wanted) : wanted.test(text);
  let last = "";
  await until(
    `the page showing ${wanted}`,
    ms,
    async () => holds((last = await hand.text())),
    () => last,
  );
}

/** Waits until the console shows a text. */
async function prints(hand: Hand, wanted: RegExp): Promise<void> {
  let last = "";
  await until(
    `the console showing ${wanted}`,
    BOOT_MS,
    async () => wanted.test((last = await hand.console())),
    () => last,
  );
}

/** A sentence of the catalogue with anything in its gaps. */
export function sentence(text: string): RegExp {
  const words = text.split(/\{\w+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(words.join(".+"));
}

const start: Stage = {
  name: "Home",
  async go(hand) {
    await sees(hand, en.practice.band);
    await sees(hand, en.home.empty);
  },
};

const host: Stage = {
  name: "This computer can run machines",
  async go(hand) {
    await hand.press(en.nav.host);
    await sees(hand, new RegExp(`${en.verdict.ready}|${en.verdict.slow}`), 60_000);
    await sees(hand, en.check.qemu.ok);
  },
};

const choose: Stage = {
  name: "An image is chosen",
  async go(hand) {
    await hand.press(en.nav.images);
    await hand.press(en.images.new);
    await sees(hand, sentence(en.newImage.recommended));
    await hand.pick(en.arch.amd64);
    await hand.pick(en.medium.disk_image);
    await sees(hand, "metal-amd64.raw.zst");
  },
};

const download: Stage = {
  name: "Download",
  async go(hand) {
    await hand.press(en.newImage.download);
    // A small image may be there before anybody looks.
    await sees(hand, new RegExp(`${en.images.coming}|${en.images.createMachine}`));
  },
};

export const readyStage: Stage = {
  name: "The image is ready",
  async go(hand) {
    await sees(hand, en.images.createMachine, 120_000);
  },
};

export const describeStage: Stage = {
  name: "A machine is described",
  async go(hand) {
    await hand.press(en.images.createMachine);
    await sees(hand, en.newMachine.create);
    await hand.fill(en.newMachine.name, NAME);
    await hand.fill(en.newMachine.memoryLabel, "0.5");
  },
};

export const createStage: Stage = {
  name: "Create and start",
  async go(hand) {
    await hand.press(en.newMachine.create);
    await sees(hand, en.state.running, BOOT_MS);
  },
};

export const firstWordsStage: Stage = {
  name: "First words on the console",
  async go(hand) {
    await prints(hand, /\S/);
  },
};

export const bootedStage: Stage = {
  name: "The machine has booted",
  async go(hand) {
    await prints(hand, /\[talos\]/);
    await sees(hand, sentence(en.boot.maintenance), BOOT_MS);
  },
};

export const stopStage: Stage = {
  name: "The machine is stopped by its power button",
  async go(hand) {
    await hand.press(en.machines.stop);
    await sees(hand, en.rungDone.acpi, 60_000);
  },
};

const remove: Stage = {
  name: "The machine is deleted",
  async go(hand) {
    await hand.press(fill(en.common.more, { name: NAME }));
    await hand.press(en.common.delete);
    await hand.press(fill(en.common.deleteName, { name: NAME }));
    await sees(hand, fill(en.common.inTrash, { name: NAME }));
    await sees(hand, en.machines.empty);
  },
};

const undo: Stage = {
  name: "Deleting is undone",
  async go(hand) {
    await hand.press(en.common.undo);
    await sees(hand, fill(en.common.restored, { name: NAME }));
    await hand.press(NAME);
    await sees(hand, en.machines.start);
  },
};

/** From the first page to the choice of an image, by the shortest way. */
export const untilChosen: Stage[] = [start, choose];

/** From the first page to the described machine: nothing of it needs QEMU. */
export const untilDescribed: Stage[] = [start, host, choose, download, readyStage, describeStage];

/** From the first page to a booted machine. */
export const untilBooted: Stage[] = [...untilDescribed, createStage, firstWordsStage, bootedStage];

/** What follows: the machine is stopped, deleted, and taken back. */
export const untilUndone: Stage[] = [stopStage, remove, undo];

/** Where a stage stands in the whole, for the order of the pictures. */
function place(stage: Stage): string {
  const all = [...untilBooted, ...untilUndone];
  return String(all.indexOf(stage) + 1).padStart(2, "0");
}

/** Walks through stages, and keeps a picture of each. */
export async function walk(
  hand: Hand,
  stages: Stage[],
  done: (stage: string, ms: number) => void = () => undefined,
): Promise<void> {
  for (const stage of stages) {
    const begun = performance.now();
    try {
      await stage.go(hand);
    } catch (error) {
      await hand.picture(`failed ${stage.name}`).catch(() => undefined);
      throw new Error(`${stage.name}: ${String(error)}`, { cause: error });
    }
    done(stage.name, performance.now() - begun);
    await hand.picture(`${place(stage)} ${stage.name}`);
  }
}
