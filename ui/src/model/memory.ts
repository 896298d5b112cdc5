/** Whether a machine fits into the memory that is free now, and what stays for the person. */
import type { HostUsage } from "../platform/generated/api";

const GIB = 2 ** 30;
/** What should stay free: six GiB or a tenth, whichever is more, but never over half. */
export function keptLine(total: number): number {
  return Math.min(total / 2, Math.max(6 * GIB, total / 10));
}

/**
 * The most that a slider offers for one machine, GiB and processors: an offer that was made before
 * this computer was looked at knows no bounds.
 */
export function bounds(
  offer: { max_memory_mib: number; max_vcpus: number },
  usage: HostUsage | undefined,
): { memory: number; vcpus: number } {
  const mib = Math.min(offer.max_memory_mib, (usage?.memory_total ?? Infinity) / 2 ** 20);
  return {
    memory: Math.floor(mib / 512) / 2,
    vcpus: Math.min(offer.max_vcpus, usage?.cpus ?? Infinity),
  };
}

export interface Fit {
  verdict: "fits" | "tight" | "short";
  /** Bytes that stay free, or are missing. */
  left: number;
  others: number;
  machines: number;
  own: number;
  total: number;
  kept: number;
}

export function fit(usage: HostUsage, own: number): Fit {
  const total = usage.memory_total;
  const machines = Math.min(usage.memory_machines, usage.memory_used);
  const others = usage.memory_used - machines;
  const kept = keptLine(total);
  const free = total - usage.memory_used - own;
  const verdict = free < 0 ? "short" : free < kept ? "tight" : "fits";
  return { verdict, left: Math.abs(free), others, machines, own, total, kept };
}
