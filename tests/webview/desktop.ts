/** A desktop for one test: an X server without a screen, and a session bus, both its own. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Program } from "../journey/program";
import { within } from "../journey/wait";
import { readScreen, type Pixels } from "./pixels";

const STARTS_WITHIN_MS = 20_000;

export interface Screen {
  width: number;
  height: number;
}

/** An X server: one of our own can be looked at without asking anybody to draw. */
interface XServer {
  display: string;
  /** Where the server keeps what is on its screen. */
  frame?: string;
  end: () => Promise<void>;
}

export class Desktop {
  private constructor(
    readonly bus: string,
    readonly x: XServer,
    readonly end: () => Promise<void>,
  ) {}

  get display(): string {
    return this.x.display;
  }

  /** What a person would see now. A picture by WebDriver has the page drawn anew for it. */
  screen(): Pixels {
    if (!this.x.frame) throw new Error("the screen is not ours to look at");
    return readScreen(readFileSync(this.x.frame));
  }

  /** What a program needs to find this desktop. */
  get env(): NodeJS.ProcessEnv {
    return {
      DISPLAY: this.display,
      DBUS_SESSION_BUS_ADDRESS: this.bus,
      GDK_BACKEND: "x11",
      // Looking for assistive programs only makes the start slower and the log longer.
      NO_AT_BRIDGE: "1",
    };
  }

  /** Opens a screen of its own, or uses a display that is there. The bus is its own always. */
  static async open(screen: Screen | string, env: NodeJS.ProcessEnv): Promise<Desktop> {
    const x: XServer =
      typeof screen === "string"
        ? { display: screen, end: () => Promise.resolve() }
        : await startX(screen, env);
    const bus = new Program(
      "the session bus",
      "dbus-daemon",
      ["--session", "--nofork", "--print-address"],
      { ...env, DISPLAY: x.display },
    );
    try {
      const address = await bus.says(/^unix:\S+/, STARTS_WITHIN_MS);
      return new Desktop(address, x, async () => {
        await bus.stop();
        await x.end();
      });
    } catch (error) {
      await x.end();
      throw error;
    }
  }
}

/** Xvfb chooses a free display and writes its number when it is ready. */
async function startX({ width, height }: Screen, env: NodeJS.ProcessEnv): Promise<XServer> {
  const folder = mkdtempSync(join(tmpdir(), "crete-x-"));
  const size = ["-screen", "0", `${width}x${height}x24`, "-fbdir", folder];
  const child = spawn("Xvfb", ["-displayfd", "3", ...size, "-nolisten", "tcp", "-noreset"], {
    env,
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const failed = new Promise<never>((_, fail) => {
    child.once("error", fail);
    void gone.then(() => fail(new Error("Xvfb ended before it was ready")));
  });
  failed.catch(() => undefined);
  const number = new Promise<string>((resolve) => {
    createInterface(child.stdio[3] as NodeJS.ReadableStream).once("line", resolve);
  });
  const display = await within("Xvfb", STARTS_WITHIN_MS, Promise.race([number, failed]));
  return {
    display: `:${display}`,
    frame: join(folder, "Xvfb_screen0"),
    async end() {
      child.kill("SIGTERM");
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
