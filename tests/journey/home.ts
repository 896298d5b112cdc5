/** A person's empty home: folders of its own for everything the program keeps. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { practiceImages } from "./places";

/** A machine's process, as the program recorded it. */
export interface Running {
  machine: string;
  pid: number;
  start_ticks: number;
}

/** The process of a machine or of a network: only a machine's has something to run on. */
interface Recorded {
  owner: string;
  pid: number;
  start_ticks: number;
  accelerator?: string;
}

/** Without a settings program, fonts are hinted to whole pixels, as on no desktop. */
const GTK_SETTINGS =
  "[Settings]\ngtk-xft-antialias=1\ngtk-xft-hinting=1\ngtk-xft-hintstyle=hintslight\n";

export class Home {
  readonly root = mkdtempSync(join(tmpdir(), "crete-"));
  readonly #folders = {
    HOME: this.root,
    XDG_DATA_HOME: join(this.root, "data"),
    XDG_CONFIG_HOME: join(this.root, "config"),
    XDG_STATE_HOME: join(this.root, "state"),
    XDG_CACHE_HOME: join(this.root, "cache"),
    XDG_RUNTIME_DIR: join(this.root, "run"),
  };

  constructor() {
    for (const folder of Object.values(this.#folders)) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    }
    this.write("config/gtk-3.0/settings.ini", GTK_SETTINGS);
  }

  /** The environment of a program that runs for this person. */
  env(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    return {
      PATH: process.env.PATH,
      LANG: "C.UTF-8",
      CRETE_LOG: "info",
      CRETE_PRACTICE_IMAGES: practiceImages(),
      ...this.#folders,
      ...more,
    };
  }

  path(...parts: string[]): string {
    return join(this.root, ...parts);
  }

  write(name: string, text: string, mode = 0o600): string {
    const file = this.path(name);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, text, { mode });
    return file;
  }

  /** Machines that run for this person, real or in practice. */
  machines(): Running[] {
    return this.#processes()
      .filter(({ accelerator }) => accelerator !== undefined)
      .map(({ owner, pid, start_ticks }) => ({ machine: owner, pid, start_ticks }));
  }

  #processes(): Recorded[] {
    return ["crete", "crete-practice"].flatMap((name) => {
      const folder = this.path("run", name);
      return entries(folder).flatMap((id) => {
        const record = read(join(folder, id, "process.json"));
        return record && alive(record) ? [record] : [];
      });
    });
  }

  /** Processes that run a program for this person. */
  running(program: string): number[] {
    return entries("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => runs(pid, program, this.root));
  }

  /** Ends the machines and networks that a failed test left running, and removes everything. */
  close(): void {
    for (const { pid } of this.#processes()) process.kill(pid, "SIGKILL");
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5 });
  }
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(file: string): Recorded | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Recorded;
  } catch {
    return undefined;
  }
}

/** True when a process runs a program, started with a folder in its environment. */
function runs(pid: number, program: string, folder: string): boolean {
  try {
    return (
      readlinkSync(`/proc/${pid}/exe`) === program &&
      readFileSync(`/proc/${pid}/environ`, "utf8").includes(folder)
    );
  } catch {
    // It ended meanwhile, or it is not ours to look at.
    return false;
  }
}

/** True when the process is the recorded one, and no zombie that nobody has reaped. */
function alive({ pid, start_ticks }: Recorded): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] !== "Z" && Number(fields[19]) === start_ticks;
  } catch {
    return false;
  }
}
