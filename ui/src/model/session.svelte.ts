/** What the page knows of the program behind it: one per window. */
import type { AppInfo, Commands, Problem, Settings } from "../platform/generated/api";
import { ProblemError, type CommandName, type Platform } from "../platform";
import { drawn, expectContent } from "./drawn";
import { Topics } from "./topics.svelte";

export const topics = new Topics();

class Session {
  info = $state.raw<AppInfo>();
  settings = $state.raw<Settings>();
  connection = $state<"connecting" | "live" | "lost">("connecting");
  /** When the program was last heard, while it does not answer; milliseconds. */
  lostAt = $state(0);
  /** Why the program could not be asked at all. */
  problem = $state.raw<Problem>();

  get practice(): boolean {
    return this.info?.practice ?? false;
  }
}

export const session = new Session();

let ready: (platform: Platform) => void;
const platform = new Promise<Platform>((resolve) => (ready = resolve));

/** Asks the program. Rejects with a `ProblemError`. */
export async function rpc<K extends CommandName>(
  name: K,
  request: Commands[K]["request"],
): Promise<Commands[K]["response"]> {
  return (await platform).rpc(name, request);
}

export function withPlatform(use: (platform: Platform) => void): void {
  void platform.then(use);
}

/** The problem of whatever was thrown. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  return {
    code: "internal",
    params: {},
    detail: String(error),
    fields: [],
    remedies: [{ kind: "report" }],
    id: "",
  };
}

/** Writes a mistake of the page into the program's log. */
export function reportFault(error: unknown): void {
  const { message, stack } = error instanceof Error ? error : { message: String(error), stack: "" };
  void rpc("app.fault", { text: `${message}\n${stack ?? ""}` }).catch(() => undefined);
}

/** Keeps changed preferences and takes them on at once. Rejects with a `ProblemError`. */
export async function changeSettings(change: Partial<Settings>): Promise<void> {
  if (!session.settings) return;
  session.settings = await rpc("settings.set", { settings: { ...session.settings, ...change } });
}

/** Has the program try once more to begin: the page begins with it, or has the problem of now. */
export async function beginAgain(): Promise<void> {
  try {
    await (await platform).again();
    window.location.reload();
  } catch (error) {
    session.problem = problemOf(error);
  }
}

function tellVisible(host: Platform): void {
  const visible = document.visibilityState === "visible";
  void host.rpc("app.visible", { visible }).catch(() => undefined);
}

/** Who looks for a window among others gives it the focus several times in a moment. */
const CHECKED_FOR_MS = 5000;

/**
 * Has this computer checked again when somebody comes back, as long as something is wrong with it:
 * it was perhaps mended in a terminal. A window that was only covered was visible all the time.
 */
function recheckOnReturn(host: Platform): void {
  let checkedAt = -Infinity;
  window.addEventListener("focus", () => {
    const checks = topics.host.get("host")?.checks ?? [];
    const now = performance.now();
    if (now - checkedAt < CHECKED_FOR_MS || checks.every(({ state }) => state === "ok")) return;
    checkedAt = now;
    // What was found is told to every page. If it could not be, the report of before still stands.
    void host.rpc("host.check", {}).catch(() => undefined);
  });
}

/** Takes in what is told from now on. `told` is called whenever all of it was. */
function watch(host: Platform, told: () => void): void {
  host.events(
    (batch) => {
      if (session.connection === "lost") tellVisible(host);
      session.connection = "live";
      topics.feed(batch);
      if (topics.whole) told();
    },
    () => {
      if (session.connection === "live") session.lostAt = Date.now();
      session.connection = "lost";
    },
  );
}

let settle: () => void;
/** Settles when everything that a page shows was told once, or will not be. */
export const whole = new Promise<void>((resolve) => (settle = resolve));

export async function start(host: Platform): Promise<void> {
  ready(host);
  const toldAll = new Promise<void>((told) => watch(host, told));
  // Live figures are sent only while somebody can see them, and this computer is checked for the
  // first time once there is something to see: both take the processors away from the page.
  expectContent();
  void drawn.then(() => tellVisible(host));
  document.addEventListener("visibilitychange", () => tellVisible(host));
  recheckOnReturn(host);
  window.addEventListener("error", (event) => reportFault(event.error ?? event.message));
  window.addEventListener("unhandledrejection", (event) => reportFault(event.reason));
  try {
    await Promise.all([
      host.rpc("settings.get", {}).then((settings) => (session.settings = settings)),
      host.rpc("app.info", {}).then((info) => (session.info = info)),
    ]);
    void toldAll.then(settle);
  } catch (error) {
    session.problem = problemOf(error);
    settle();
  }
}
