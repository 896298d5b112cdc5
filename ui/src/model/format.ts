/** Figures as people read them. Units: GiB for memory and images, GB for disks, m:ss under an hour. */

const BINARY = ["B", "KiB", "MiB", "GiB", "TiB"];
const DECIMAL = ["B", "kB", "MB", "GB", "TB"];

function scaled(count: number, base: number, units: readonly string[]): string {
  let value = Math.max(0, count);
  let unit = 0;
  // Rounding must not show 1024 MiB: the next unit begins where this one would round up to it.
  while (unit < units.length - 1 && Math.round(value) >= base) {
    value /= base;
    unit += 1;
  }
  const digits = unit >= 3 && value < 100 ? 1 : 0;
  return `${value.toFixed(digits)} ${units[unit] ?? ""}`;
}

/** Memory and files. */
export const bytes = (count: number): string => scaled(count, 1024, BINARY);

/** Space on the disks of this computer. */
export const space = (count: number): string => scaled(count, 1000, DECIMAL).replace(/\.\d /, " ");

export const rate = (perSecond: number): string => `${bytes(perSecond)}/s`;

/** What passes through a wire; the argument is bits a second. */
export function bits(perSecond: number): string {
  if (perSecond < 1000) return "0 kbit/s";
  if (perSecond < 999_500) return `${Math.round(perSecond / 1000)} kbit/s`;
  const mbit = perSecond / 1e6;
  if (mbit < 999.5) return `${mbit.toFixed(mbit < 9.95 ? 1 : 0)} Mbit/s`;
  return `${(mbit / 1000).toFixed(1)} Gbit/s`;
}

export const mib = (count: number): string => bytes(count * 2 ** 20);

/** A span that is counted while one looks: 0:48, 2 h 14 min. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole >= 3600) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** A span that is over: 0.8 s, 41 s, 2:38. */
export function took(seconds: number): string {
  const span = Math.max(0, seconds);
  if (span < 9.95) return `${span.toFixed(1)} s`;
  return Math.round(span) < 60 ? `${Math.round(span)} s` : duration(span);
}

/** A span in words, for what is not counted by the second: 44 s, 6 min, 3 hours, 5 days. */
export function rough(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const some = (n: number, unit: string) => `${n} ${unit}${n === 1 ? "" : "s"}`;
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  if (whole < 86_400) return some(Math.floor(whole / 3600), "hour");
  return some(Math.floor(whole / 86_400), "day");
}

const writers = new Map<string, Intl.DateTimeFormat>();

/** Made once for each way of writing: making one takes longer than drawing a page of times. */
function written(
  at: string,
  locale: string | undefined,
  options: Intl.DateTimeFormatOptions,
): string {
  const key = JSON.stringify([locale, options]);
  const writer = writers.get(key) ?? new Intl.DateTimeFormat(locale, options);
  writers.set(key, writer);
  return writer.format(new Date(at));
}

/** The time of day as the desktop writes it. */
export const clock = (at: string, locale?: string): string =>
  written(at, locale, { timeStyle: "short" });

/** A moment: the time today, the day and the time before. */
export function moment(at: string, now: number, locale?: string): string {
  if (dayKey(at) === dayKey(now)) return clock(at, locale);
  return written(at, locale, {
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
  });
}

/** The time of a log line, to the millisecond. */
export function logClock(at: string): string {
  const time = new Date(at);
  const two = (n: number) => String(n).padStart(2, "0");
  const ms = String(time.getMilliseconds()).padStart(3, "0");
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${ms}`;
}

/** The calendar day of a moment, as a key that sorts. */
export function dayKey(at: string | number): string {
  const time = new Date(at);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}

/** Wednesday 18 November. */
export const dayName = (at: string, locale?: string): string =>
  written(at, locale, { weekday: "long", day: "numeric", month: "long" });

/** A day with its year, as the desktop writes it. */
export const dateOf = (at: string, locale?: string): string =>
  new Date(at).toLocaleDateString(locale, { dateStyle: "medium" });

/** Seconds from one moment to another; RFC 3339 or milliseconds. */
export function between(from: string | number, to: string | number): number {
  return (new Date(to).getTime() - new Date(from).getTime()) / 1000;
}

/** The two ends of a long id. */
export const shortId = (id: string): string =>
  id.length > 16 ? `${id.slice(0, 8)}…${id.slice(-4)}` : id;
