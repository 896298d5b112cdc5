/** What the processes of a program use, as the kernel counts it. */
import { readdirSync, readFileSync } from "node:fs";

/** Linux counts processor time in these. */
const TICKS_PER_SECOND = 100;

interface Stat {
  pid: number;
  name: string;
  parent: number;
  ticks: number;
}

function stat(pid: string): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const end = text.lastIndexOf(")");
    const [, parent, ...rest] = text.slice(end + 2).split(" ");
    return {
      pid: Number(pid),
      name: text.slice(text.indexOf("(") + 1, end),
      parent: Number(parent),
      ticks: Number(rest[9]) + Number(rest[10]),
    };
  } catch {
    return undefined;
  }
}

/** A program's process and WebKit's below it. Machines and helpers of tests are none of them. */
export function family(pid: number): Stat[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => stat(name) ?? []);
  const found = all.filter((process) => process.pid === pid);
  for (const member of found) {
    const children = all.filter((process) => process.parent === member.pid);
    found.push(...children.filter(({ name }) => name.startsWith("WebKit")));
  }
  return found;
}

/** Processor time that all of them have used, seconds. */
export function cpuSeconds(pid: number): number {
  return family(pid).reduce((sum, { ticks }) => sum + ticks, 0) / TICKS_PER_SECOND;
}

/** Memory of all of them, MiB: what they share with one another and with others is divided. */
export function pssMib(pid: number): number {
  const kib = family(pid).map((process) => {
    const rollup = readFileSync(`/proc/${process.pid}/smaps_rollup`, "utf8");
    return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1]);
  });
  return kib.reduce((sum, value) => sum + value, 0) / 1024;
}
