/** The real window, held through WebKitWebDriver. */
import { createServer, type AddressInfo } from "node:net";
import { readFileSync, writeFileSync } from "node:fs";
import { CONSOLE_LINES, type Hand } from "../journey/hand";
import type { Home } from "../journey/home";
import { program, result } from "../journey/places";
import { Program } from "../journey/program";
import { until } from "../journey/wait";
import type { Desktop } from "./desktop";
import { WebDriver } from "./webdriver";

const DRIVER_STARTS_WITHIN_MS = 20_000;
const ENDS_WITHIN_MS = 20_000;
const CLICKABLE_WITHIN_MS = 20_000;

/** Control, as WebDriver writes it. */
const CONTROL = "\uE009";

/** When the page first showed something, in milliseconds of the epoch. */
const FIRST_PAINT = `return performance.timeOrigin +
  performance.getEntriesByName("first-contentful-paint")[0].startTime`;

const CLOSE = `window.__TAURI_INTERNALS__.invoke("rpc", {
  name: "window.action", request: { kind: "close" },
})`;

/** Linux counts a process' start in these. */
const TICKS_PER_SECOND = 100;

/** When a process was started, in milliseconds of the epoch. */
function startOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const ticks = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
  const uptime = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
  return Date.now() - (uptime - ticks / TICKS_PER_SECOND) * 1000;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

/** What of a page can be pressed, chosen, or filled in; by the name a person reads or hears. */
const FINDING = `
  const [kind, name] = arguments;
  const words = (text) => text.replace(/\\s+/g, " ").trim();
  const seen = [...document.querySelectorAll(kind)].filter((at) => at.checkVisibility());
  const label = (at) => at.ariaLabel ?? (at.labels?.[0] ?? at).textContent ?? "";
  return kind.includes("radio")
    ? seen.find((at) => words(label(at)).startsWith(name))
    : seen.find((at) => !at.disabled && words(label(at)) === name);
`;

export interface Options {
  args?: string[];
  env?: NodeJS.ProcessEnv;
  /** Folder of its pictures. */
  pictures: string;
}

export class AppWindow implements Hand {
  private constructor(
    readonly driver: WebDriver,
    readonly server: Program,
    readonly home: Home,
    readonly pictures: string,
  ) {}

  /** Opens the window. A start that hangs is tried once more, as a person would. */
  static async open(desktop: Desktop, home: Home, options: Options): Promise<AppWindow> {
    try {
      return await AppWindow.#try(desktop, home, options);
    } catch (error) {
      console.warn(`the window did not open, trying once more: ${String(error)}`);
      return AppWindow.#try(desktop, home, options);
    }
  }

  static #try(desktop: Desktop, home: Home, options: Options): Promise<AppWindow> {
    const start = { binary: program("crete"), args: options.args ?? [] };
    return AppWindow.#drive(desktop, home, options, [], (address) =>
      WebDriver.open(address, start),
    );
  }

  /** Takes hold of a window that runs already, and whose program listens there for it. */
  static attach(
    desktop: Desktop,
    home: Home,
    listens: string,
    options: Options,
  ): Promise<AppWindow> {
    return AppWindow.#drive(desktop, home, options, [`--target=${listens}`], (address) =>
      WebDriver.open(address),
    );
  }

  static async #drive(
    desktop: Desktop,
    home: Home,
    options: Options,
    args: string[],
    open: (address: string) => Promise<WebDriver>,
  ): Promise<AppWindow> {
    const port = await freePort();
    const server = new Program(
      "WebKitWebDriver",
      "WebKitWebDriver",
      [`--port=${port}`, ...args],
      // The driver starts the program, so the program gets this environment.
      home.env({
        ...desktop.env,
        TAURI_WEBVIEW_AUTOMATION: "true",
        ...options.env,
      }),
    );
    try {
      const address = `http://127.0.0.1:${port}`;
      await until("WebKitWebDriver", DRIVER_STARTS_WITHIN_MS, async () => {
        if (!server.running) throw new Error(`WebKitWebDriver ended:\n${server.output}`);
        return fetch(`${address}/status`).then(
          (answer) => answer.ok,
          () => false,
        );
      });
      return new AppWindow(await open(address), server, home, options.pictures);
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  press(name: string): Promise<void> {
    return this.#click("a, button", name);
  }

  pick(name: string): Promise<void> {
    return this.#click("input[type=radio]", name);
  }

  async fill(label: string, text: string): Promise<void> {
    await this.#click("input:not([type=radio])", label);
    await this.driver.chord(CONTROL, "a");
    await this.driver.type(text);
  }

  /** Clicks once it is there; a page that changes in between is looked at again. */
  async #click(kind: string, name: string): Promise<void> {
    let last = "";
    await until(
      `a click on "${name}"`,
      CLICKABLE_WITHIN_MS,
      async () => {
        const element = await this.driver.element(FINDING, [kind, name]);
        if (!element) return false;
        return this.driver.click(element).then(
          () => true,
          (error: unknown) => {
            last = String(error);
            return false;
          },
        );
      },
      async () => `${last}\n${await this.text()}`,
    );
  }

  text(): Promise<string> {
    return this.driver.run("return document.body.innerText");
  }

  console(): Promise<string> {
    return this.driver.run(`return ${CONSOLE_LINES}`);
  }

  async picture(name: string): Promise<void> {
    const png = await this.driver.screenshot();
    writeFileSync(result(...this.pictures.split("/"), `${name}.png`), png);
  }

  /** Milliseconds from the start of the process to the first content on the screen. */
  async firstPaint(): Promise<number> {
    const [pid] = this.#programs();
    if (pid === undefined) throw new Error("the window's program does not run");
    const painted = await this.driver.run<number>(FIRST_PAINT);
    return painted - startOf(pid);
  }

  /** Closes the window as its close button does, and waits until its program has ended. */
  async close(): Promise<void> {
    // The page goes away under this call, so it may not be answered.
    await this.driver.run(CLOSE).catch(() => undefined);
    await until("the window's end", ENDS_WITHIN_MS, () => this.#programs().length === 0);
  }

  /** Lets go of everything, whatever state it is in. */
  async end(): Promise<void> {
    for (const pid of this.#programs()) process.kill(pid, "SIGKILL");
    await this.driver.close().catch(() => undefined);
    await this.server.stop();
  }

  #programs(): number[] {
    return this.home.running(program("crete"));
  }
}
