/** Which page of the settings holds the words a person looks for. */
import { en } from "../../messages";
import type { SettingsPage } from "../../model/router.svelte";

const s = en.settings;

/** The words on each page; the page's name counts too. */
const WORDS: Record<SettingsPage, readonly string[]> = {
  appearance: [s.theme, ...Object.values(en.theme), s.contrast, s.textSize, s.consoleText],
  service: [s.factory, s.proxy, s.extraCa, en.glossary.factory.word],
  storage: [s.dataDir, s.logs],
  machines: [en.newMachine.cpuLabel, en.newMachine.memoryLabel, en.newMachine.diskLabel],
  practice: [en.practice.enter, en.practice.title],
  keyboard: Object.values(en.shortcuts.keys),
  about: [s.version, s.licence],
};

export function finds(page: SettingsPage, words: string): boolean {
  const text = [s.topics[page], ...WORDS[page]].join("\n").toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
