/**
 * A download with digest and write beside `curl -o`, from the same server, by turns: the rate of
 * both, and what the engine's grows to. Prints a list of figures as JSON.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { program, result } from "../journey/places";
import { Program } from "../journey/program";
import { median, print, told, type Figure } from "./figure";

const MIB = 1 << 20;
const LENGTH = 2048 * MIB;
const ROUNDS = 5;
const LEAST_OF_CURL = 0.95;
const MOST_MIB = 64;

const run = promisify(execFile);

interface Downloaded {
  bytes: number;
  grown_kib: number;
}

/** MiB a second of a program that leaves a file of the whole length behind. */
async function timed(
  folder: string,
  path: string,
  args: (target: string) => string[],
): Promise<{ rate: number; said: string }> {
  const target = join(folder, "disk.raw");
  const begun = performance.now();
  const { stdout } = await run(path, args(target));
  const seconds = (performance.now() - begun) / 1000;
  rmSync(target);
  return { rate: LENGTH / MIB / seconds, said: stdout };
}

async function beside(way: string, url: string, ca: string, folder: string): Promise<Figure[]> {
  const ours: number[] = [];
  const theirs: number[] = [];
  const grown: number[] = [];
  for (let turn = 0; turn < ROUNDS; turn += 1) {
    const own = await timed(folder, program("examples/fetch"), (to) => [url, to, ca]);
    const { bytes, grown_kib } = JSON.parse(own.said) as Downloaded;
    if (bytes !== LENGTH) throw new Error(`${bytes} bytes arrived`);
    ours.push(own.rate);
    grown.push(grown_kib / 1024);
    const curl = (to: string): string[] => ["-sS", "--fail", "--cacert", ca, "-o", to, url];
    theirs.push((await timed(folder, "curl", curl)).rate);
  }
  told(`download, ${way}`, ours, "MiB/s");
  told(`curl, ${way}`, theirs, "MiB/s");
  return [
    {
      name: `download of 2 GiB with digest and write, ${way}`,
      unit: "MiB/s",
      value: median(ours),
      rival: { name: "curl -o", value: median(theirs) },
      goal: { least: LEAST_OF_CURL },
    },
    {
      name: `memory it grows by, ${way}`,
      unit: "MiB",
      value: Math.max(...grown),
      goal: { most: MOST_MIB },
    },
  ];
}

// Beside the other products, because what is temporary may be kept in memory.
const folder = mkdtempSync(result("bench", "download-"));
const ca = join(folder, "authority.pem");
const server = new Program(
  "the server",
  program("examples/serve"),
  [String(LENGTH), ca],
  process.env,
);
try {
  const plain = await server.says(/^serving (\S+)/, 20_000);
  const secure = await server.says(/^serving \S+ (\S+)/, 20_000);
  print([
    ...(await beside("plain", plain, ca, folder)),
    ...(await beside("TLS", secure, ca, folder)),
  ]);
} finally {
  await server.stop();
  rmSync(folder, { recursive: true });
}
