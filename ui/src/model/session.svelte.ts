/** What the page knows of the program behind it: one per window. */
import type { AppInfo, Commands, Job, Problem, Settings } from "../platform/generated/api";
import { ProblemError, type CommandName, type Platform } from "../platform";
import { Topics } from "./topics.svelte";

export const topics = new Topics();

class Session {
  info = $state<AppInfo>();
  settings = $state<Settings>();
  connection = $state<"connecting" | "live" | "lost">("connecting");
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

export function theme(settings: Settings | undefined): void {
  const wanted = settings?.theme ?? "system";
  if (wanted === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = wanted;
}

export async function start(host: Platform): Promise<void> {
  ready(host);
  host.events(
    (batch) => {
      session.connection = "live";
      topics.feed(batch);
    },
    () => (session.connection = "lost"),
  );
  const visible = (): void => {
    void host
      .rpc("app.visible", { visible: document.visibilityState === "visible" })
      .catch(() => undefined);
  };
  document.addEventListener("visibilitychange", visible);
  window.addEventListener("error", ({ message, error }) => {
    const text = `${message}\n${(error as Error | undefined)?.stack ?? ""}`;
    void host.rpc("app.fault", { text }).catch(() => undefined);
  });
  try {
    session.settings = await host.rpc("settings.get", {});
    theme(session.settings);
    session.info = await host.rpc("app.info", {});
  } catch (error) {
    console.error(problemOf(error));
  }
}

/** Newest first. */
export function jobsByAge(): Job[] {
  return [...topics.jobs.items.values()].sort((a, b) => b.created_at.localeCompare(a.created_at));
}

export function runningJobs(): Job[] {
  return jobsByAge().filter((job) => job.state === "running" || job.state === "queued");
}
