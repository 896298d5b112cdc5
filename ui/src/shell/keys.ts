/** What the shortcuts do. Those of a console are its own. */
import { changeSettings, session } from "../model/session.svelte";
import { layout } from "../model/layout.svelte";
import {
  router,
  toCluster,
  toMachine,
  toNetwork,
  toNewCluster,
  toSettings,
} from "../model/router.svelte";
import { isTyping, shortcutOf, type ShortcutName } from "../model/shortcuts";

const LEAST_TEXT = 80;
const MOST_TEXT = 200;
const TEXT_STEP = 10;

function zoom(percent: number): void {
  const text_percent = Math.min(MOST_TEXT, Math.max(LEAST_TEXT, percent));
  // The size is a convenience: where it cannot be kept, the page stays as it is.
  void changeSettings({ text_percent }).catch(() => undefined);
}

/** Regions of the window in the order of reading. */
function regions(): HTMLElement[] {
  const all = document.querySelectorAll<HTMLElement>("[data-region]");
  return [...all].filter((region) => region.checkVisibility());
}

/** Moves the focus to the next region of the window. */
function toRegion(step: number): void {
  const all = regions();
  const at = all.findLastIndex((region) => region.contains(document.activeElement));
  const next = all[(at + step + all.length) % all.length];
  next?.querySelector<HTMLElement>("h1, a, button, input")?.focus();
}

/** The page's one bronze button. */
function pressPrimary(): void {
  document.querySelector<HTMLElement>("main .btn.primary:not(:disabled)")?.click();
}

function toggleReveal(): boolean {
  const { route } = router;
  if (route.page === "network") {
    const tab = route.tab === "reveal" ? "overview" : "reveal";
    router.go(toNetwork(route.id, tab, route.machine));
    return true;
  }
  if (route.page === "cluster") {
    router.go(toCluster(route.id, route.tab === "access" ? "overview" : "access"));
    return true;
  }
  if (route.page !== "machine") return false;
  router.go(toMachine(route.id, route.tab === "reveal" ? "console" : "reveal"));
  return true;
}

const ACTIONS: Partial<Record<ShortcutName, () => void | boolean>> = {
  palette: () => void (layout.palette = !layout.palette),
  newCluster: () => router.go(toNewCluster),
  newMachine: () => router.go({ page: "new-machine", image: "" }),
  home: () => router.go({ page: "home" }),
  back: () => router.back(),
  forward: () => router.forward(),
  sidebar: () => void (layout.rail = !layout.rail),
  inspector: () => void (layout.drawer = layout.inspectors > 0 && !layout.drawer),
  primary: pressPrimary,
  reveal: toggleReveal,
  jobs: () => void (layout.jobs = !layout.jobs),
  larger: () => zoom((session.settings?.text_percent ?? 100) + TEXT_STEP),
  smaller: () => zoom((session.settings?.text_percent ?? 100) - TEXT_STEP),
  normal: () => zoom(100),
  settings: () => router.go(toSettings()),
  help: () => void (layout.shortcuts = true),
  nextRegion: () => toRegion(1),
  lastRegion: () => toRegion(-1),
};

export function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented) return;
  const name = shortcutOf(event);
  const action = name && ACTIONS[name];
  if (!action) return;
  if (!event.ctrlKey && !event.altKey && event.key.length === 1 && isTyping(event.target)) return;
  // A dialog is answered or closed first.
  if (document.querySelector("dialog[open]") && name !== "palette") return;
  if (action() !== false) event.preventDefault();
}
