/** Which page of the settings holds the words a person looks for. */
import { en } from "../../messages";
import type { SettingsPage } from "../../model/router.svelte";

/** The words on each page; the page's name counts too. */
const WORDS: Record<SettingsPage, readonly string[]> = {
  appearance: [
    en.settings.theme,
    ...Object.values(en.theme),
    en.settings.contrast,
    en.settings.textSize,
    en.settings.consoleText,
  ],
  service: [en.settings.factory, en.settings.proxy, en.settings.extraCa, en.glossary.factory.word],
  storage: [en.settings.dataDir, en.settings.logs, en.trash.title, en.trash.lead],
  machines: [en.newMachine.cpuLabel, en.newMachine.memoryLabel, en.newMachine.diskLabel],
  practice: [en.practice.enter, en.practice.title],
  keyboard: Object.values(en.shortcuts.keys),
  about: [en.settings.version, en.settings.licence],
};

export function finds(page: SettingsPage, words: string): boolean {
  const text = [en.settings.topics[page], ...WORDS[page]].join("\n").toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
