/** The studio's real page with a hundred extensions, and a stopwatch for every key. */
import "../../../ui/src/design/fonts.css";
import "../../../ui/src/design/tokens.css";
import "../../../ui/src/design/scale.css";
import "../../../ui/src/design/base.css";
import { mount } from "svelte";
import StudioPage from "../../../ui/src/features/studio/StudioPage.svelte";
import { studio } from "../../../ui/src/features/studio/studio.svelte";
import { en } from "../../../ui/src/messages";
import { start } from "../../../ui/src/model/session.svelte";
import { FakePlatform } from "../../../ui/src/platform/fake";
import * as sample from "../../../ui/src/platform/fake/samples";
import type {
  Composition,
  Extension,
  ExtensionCategory,
  ExtensionTier,
  StudioDraft,
} from "../../../ui/src/platform/generated/api";

const COUNT = 100;
const CHOSEN = 8;
const VERSION = "v1.13.9";
const WORDS = ["drivers", "tools", "agent", "firmware", "storage", "network", "guest", "modules"];

const categories = Object.keys(en.studio.category) as ExtensionCategory[];
const tiers: ExtensionTier[] = ["core", "extra", "contrib"];
const extensions = Array.from({ length: COUNT }, (_, at): Extension => {
  const word = WORDS[at % WORDS.length] ?? "";
  const name = `siderolabs/example-${word}-${at}`;
  return {
    name,
    reference: `registry.example/${name}:1.${at}.0-${VERSION}`,
    tag: `1.${at}.0-${VERSION}`,
    author: "Somebody",
    description: `Kernel ${word} for machine ${at}, and what belongs to them on every node.`,
    tier: tiers[at % tiers.length] ?? null,
    category: categories[at % categories.length] ?? "misc",
  };
});

const compose = (draft: StudioDraft): Composition => ({
  steps: [],
  remarks: [],
  arch: draft.arch,
  schematic: { customization: {} } as Composition["schematic"],
  yaml: "customization: {}\n",
  schematic_id: "ab".repeat(32),
  cmdline: "",
  outputs: [],
  link: "",
});

const fake = new FakePlatform();
fake
  .answer("settings.get", () => sample.settings())
  .answer("app.info", () => sample.info())
  .answer("app.visible", () => ({}))
  .answer("factory.versions", () => ({
    groups: {
      recommended: VERSION,
      stable: [{ minor: "1.13", versions: [VERSION] }],
      prerelease: [],
    },
    fetched_at: "2026-11-24T10:00:00Z",
    stale: null,
    host: "factory.example",
  }))
  .answer("studio.targets", () => ({ metal: {} as never, clouds: [], boards: [] }))
  .answer("studio.presets", () => [])
  .answer("studio.compose", compose)
  .answer("studio.extensions", () => ({
    version: VERSION,
    extensions,
    fetched_at: "2026-11-24T10:00:00Z",
    host: "factory.example",
    stale: null,
  }));

/** What one key took, in milliseconds. */
export interface Key {
  /** Until a picture with it was handed over: this waits for the screen's own rhythm. */
  paint: number;
}

declare global {
  interface Window {
    /** Gets ready for a key. */
    awaitKey: () => void;
    /** What that key took. */
    lastKey: Promise<Key>;
    /** The field to type into, and how many extensions it searches. */
    search: string;
    extensionsShown: () => number;
  }
}

/** Settles in a task of its own, after everything that the present one started. */
const afterwards = () =>
  new Promise<void>((done) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => done();
    channel.port2.postMessage(null);
  });

const boxes = () => document.querySelectorAll<HTMLInputElement>("input[type=checkbox]");

window.search = en.studio.searchExtensions.replace("{n}", String(COUNT));
window.extensionsShown = () => boxes().length;
window.awaitKey = () => {
  window.lastKey = new Promise((done) => {
    window.addEventListener(
      "keydown",
      () => {
        const begun = performance.now();
        requestAnimationFrame(() => {
          void afterwards().then(() => done({ paint: performance.now() - begun }));
        });
      },
      { once: true, capture: true },
    );
  });
};

await start(fake);
mount(StudioPage, { target: document.getElementById("app")! });
studio.set({ extensions: extensions.slice(0, CHOSEN).map(({ name }) => name) });
studio.step = "extensions";
