/** A cluster in practice mode, from the first page to healthy, told once for every hand. */
import { en, fill } from "../../ui/src/messages";
import * as words from "../../ui/src/messages/en/clusterPages";
import type { Hand } from "./hand";
import { sees, sentence, type Stage } from "./journey";

/** The name that the first cluster is offered. */
export const CLUSTER = "knossos";
/** Emulated machines on a busy computer. */
export const FORMS_MS = 240_000;

const { form, page } = words;

/** Back to the first page, from wherever one is. */
export const homeStage: Stage = {
  name: "Home again",
  async go(hand) {
    await hand.press(en.nav.home);
    await sees(hand, en.clusters.new);
  },
};

/** One click: the form opens, filled in. */
export const askStage: Stage = {
  name: "A new cluster",
  async go(hand) {
    await hand.press(en.clusters.new);
    await sees(hand, form.create);
    // The plan follows the form: from then on it can be sent.
    await sees(hand, form.plan);
  },
};

/** Another click, where one machine is not enough. */
export const shapeStage = (title: string, machines: string): Stage => ({
  name: `The shape ${title}`,
  async go(hand) {
    await hand.pick(`${title}, `);
    await sees(hand, machines);
  },
});

/** And the last. */
export const createStage: Stage = {
  name: "Create cluster",
  async go(hand) {
    await hand.press(form.create);
    await sees(hand, sentence(page.creatingName));
  },
};

/** Waits until the page of a cluster says that it is healthy. */
export const healthy = (hand: Hand): Promise<void> =>
  sees(hand, en.clusters.phase.healthy, FORMS_MS);

/** All of it is as wanted. */
export const healthyStage: Stage = {
  name: "The cluster is healthy",
  go: healthy,
};

/** From the first page to a cluster of one machine. */
export const untilSolo: Stage[] = [askStage, createStage, healthyStage];

/** It goes off, gently. */
export const offStage: Stage = {
  name: "The cluster is stopped",
  async go(hand) {
    await hand.press(page.stop);
    await hand.press(fill(words.life.stopVerb, { name: CLUSTER }));
    await sees(hand, page.stopped, FORMS_MS);
  },
};
