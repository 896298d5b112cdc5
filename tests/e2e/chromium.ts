/** Debian's Chromium, driven by playwright-core. */
import { programs } from "../journey/places";
import { chromium, type Browser } from "playwright-core";

/** Names under which it is installed. */
const NAMES = ["chromium", "chromium-browser"];

/** It must neither call home nor look for a graphics card; root has no sandbox of its own. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function launch(): Promise<Browser> {
  const executablePath = NAMES.flatMap(programs)[0];
  if (!executablePath) throw new Error("Chromium is not installed");
  return chromium.launch({ executablePath, args: FLAGS });
}
