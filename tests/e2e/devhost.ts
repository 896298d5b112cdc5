/** The program in a browser: the dev host of one person. */
import { Program } from "../journey/program";
import { builtPage, program } from "../journey/places";
import type { Home } from "../journey/home";

const STARTS_WITHIN_MS = 60_000;

export interface Options {
  args?: string[];
  env?: NodeJS.ProcessEnv;
  /** Programs that this computer has, but the dev host must not find. */
  without?: string[];
}

/**
 * Runs a program in a mount namespace in which some files are hidden: the nearest thing to a
 * computer without them, and nothing outside notices.
 */
const HIDING = [
  "unshare",
  "--map-root-user",
  "--mount",
  "sh",
  "-euc",
  'while [ "$1" != -- ]; do mount --bind /dev/null "$1"; shift; done; shift; exec "$@"',
  "hide",
];

export class DevHost {
  private constructor(
    readonly program: Program,
    /** The page's address, with its token. */
    readonly url: string,
  ) {}

  static async start(home: Home, options: Options = {}): Promise<DevHost> {
    const hidden = options.without ?? [];
    const command = [program("crete-devhost"), "--page", builtPage(), ...(options.args ?? [])];
    const [path = "", ...args] =
      hidden.length > 0 ? [...HIDING, ...hidden, "--", ...command] : command;
    const started = new Program("the dev host", path, args, home.env(options.env));
    return new DevHost(
      started,
      await started.says(/^dev host listening on (\S+)/, STARTS_WITHIN_MS),
    );
  }

  /** The address of a route, without the token that the first address carried. */
  route(fragment: string): string {
    const url = new URL(this.url);
    url.search = "";
    url.hash = fragment;
    return url.href;
  }

  stop(): Promise<void> {
    return this.program.stop();
  }
}
