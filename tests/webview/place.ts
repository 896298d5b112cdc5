/** A person's desktop, and the program started there as by a launcher. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { Home } from "../journey/home";
import { program } from "../journey/places";
import { Program } from "../journey/program";
import { until } from "../journey/wait";
import { Desktop } from "./desktop";
import { AppWindow, freePort } from "./window";

const DESIGN = { width: 1280, height: 832 };
export const SOON_MS = 30_000;

const PAINTED = `return document.readyState === "complete" &&
  performance.getEntriesByName("first-contentful-paint").length > 0`;

export class Place {
  readonly #opened: (() => Promise<void> | void)[] = [];

  private constructor(
    readonly home: Home,
    readonly desktop: Desktop,
    readonly listens: string,
    readonly pictures: string,
    readonly more: NodeJS.ProcessEnv,
  ) {}

  static async make(pictures: string, more: NodeJS.ProcessEnv = {}): Promise<Place> {
    const home = new Home();
    const desktop = await Desktop.open(DESIGN, home.env());
    const listens = `127.0.0.1:${await freePort()}`;
    return new Place(home, desktop, listens, pictures, more);
  }

  /** Lets go of everything, whatever state it is in. */
  async close(): Promise<void> {
    for (const close of this.#opened.reverse()) await close();
    for (const pid of this.programs()) process.kill(pid, "SIGKILL");
    await this.desktop.end();
    this.home.close();
  }

  /** Starts the window, which a driver may take hold of. */
  start(...args: string[]): Program {
    return new Program("the window", program("crete"), ["--practice", ...args], {
      ...this.home.env(this.desktop.env),
      TAURI_WEBVIEW_AUTOMATION: "true",
      WEBKIT_INSPECTOR_SERVER: this.listens,
      ...this.more,
    });
  }

  programs(): number[] {
    return this.home.running(program("crete"));
  }

  /** The one program after another. */
  async successor(before: number): Promise<number> {
    return until("the program's successor", SOON_MS, () => {
      const pids = this.programs();
      return pids.length === 1 && pids[0] !== before && pids[0];
    });
  }

  async attach(): Promise<AppWindow> {
    const options = { pictures: this.pictures };
    let last = "";
    const window = await until(
      "a hold on the window",
      SOON_MS,
      () =>
        AppWindow.attach(this.desktop, this.home, this.listens, options).catch((error: unknown) => {
          last = String(error);
          return undefined;
        }),
      () => last,
    );
    this.#opened.push(() => window.end());
    // Before its first paint a page is at times asked in vain, and a click on it gets lost.
    await until("the page's first paint", SOON_MS, () =>
      window.driver.run<boolean>(PAINTED).catch(() => false),
    );
    return window;
  }

  /** Ends the page's process of a program, as the kernel does to one that does wrong. */
  async crash(pid: number): Promise<void> {
    const page = await until("the page's process", SOON_MS, () => pageProcess(pid));
    process.kill(page, "SIGKILL");
  }

  x(...args: string[]): string {
    const env = this.home.env(this.desktop.env);
    return execFileSync("xdotool", args, { env, encoding: "utf8", stdio: "pipe" }).trim();
  }

  /** A window on the screen, by its title; xdotool fails while there is none. */
  async titled(title: string): Promise<string> {
    return until(`a window "${title}"`, SOON_MS, () => {
      try {
        return this.x("search", "--onlyvisible", "--name", `^${title}$`).split("\n")[0];
      } catch {
        return undefined;
      }
    });
  }
}

/** The child of a process that runs WebKit's page. */
function pageProcess(parent: number): number | undefined {
  const children = readdirSync("/proc").filter((name) => {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const [state, by] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return stat.includes("(WebKitWebProces") && state !== "Z" && Number(by) === parent;
    } catch {
      return false;
    }
  });
  return children.map(Number)[0];
}
