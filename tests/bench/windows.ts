/** Windows that are measured: started as by a launcher, and asked only when they have settled. */
import type { Home } from "../journey/home";
import { Program } from "../journey/program";
import { until } from "../journey/wait";
import type { Desktop } from "../webview/desktop";
import { WebDriver, WebDriverError } from "../webview/webdriver";
import { freePort } from "../webview/window";
import { cpuSeconds, family } from "./processes";

const SOON_MS = 60_000;
/** A window has settled when its processes have used less than so much in so long. */
const QUIET_MS = 1_500;
const QUIET_CPU_SECONDS = 0.15;
/** The program, its page, and WebKit's network. */
const PROCESSES = 3;

/** When the page had drawn a frame with its content, in milliseconds of the epoch. */
const CONTENT = `const [mark] = performance.getEntriesByName("content");
  return mark ? performance.timeOrigin + mark.startTime : false`;

export class MeasuredWindow {
  private constructor(
    readonly program: Program,
    /** Milliseconds of the epoch. */
    readonly started: number,
    readonly listens: string,
  ) {}

  static async start(
    desktop: Desktop,
    home: Home,
    path: string,
    args: string[] = [],
    more: NodeJS.ProcessEnv = {},
  ): Promise<MeasuredWindow> {
    const listens = `127.0.0.1:${await freePort()}`;
    const env = home.env({
      ...desktop.env,
      TAURI_WEBVIEW_AUTOMATION: "true",
      WEBKIT_INSPECTOR_SERVER: listens,
      ...more,
    });
    const started = Date.now();
    return new MeasuredWindow(new Program(path, path, args, env), started, listens);
  }

  get pid(): number {
    return this.program.pid;
  }

  /** Waits until nothing more happens by itself. */
  async settled(): Promise<void> {
    let [since, before] = [Date.now(), 0];
    await until(`${this.program.name} to settle`, SOON_MS, () => {
      if (!this.program.running) throw new Error(`it ended:\n${this.program.output}`);
      const now = cpuSeconds(this.pid);
      if (now - before > QUIET_CPU_SECONDS || family(this.pid).length < PROCESSES) {
        [since, before] = [Date.now(), now];
      }
      return Date.now() - since >= QUIET_MS;
    });
  }

  /** Milliseconds from the start of the process to its first frame with content. */
  async untilContent(home: Home, desktop: Desktop): Promise<number> {
    const port = await freePort();
    const server = new Program(
      "WebKitWebDriver",
      "WebKitWebDriver",
      [`--port=${port}`, `--target=${this.listens}`],
      home.env(desktop.env),
    );
    try {
      const driver = await until("a hold on the window", SOON_MS, () =>
        WebDriver.open(`http://127.0.0.1:${port}`).catch(() => undefined),
      );
      let refused = "";
      const look = async (): Promise<number | false> => {
        try {
          return await driver.run<number | false>(CONTENT);
        } catch (error) {
          // WebKit refuses while it takes hold of a page.
          if (!(error instanceof WebDriverError)) throw error;
          refused = error.message;
          return false;
        }
      };
      const at = await until("the mark of the content", SOON_MS, look, () => refused);
      return at - this.started;
    } finally {
      await server.stop();
    }
  }

  async end(): Promise<void> {
    await this.program.stop();
  }
}
