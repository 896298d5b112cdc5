/** Waiting for a condition, with an end. */

/** Time between two looks. A condition that holds is seen at most this much later. */
const LOOK_EVERY_MS = 100;

/** Looks until `look` gives something, and says what was there when it never does. */
export async function until<T>(
  what: string,
  within_ms: number,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  last: () => Promise<string> | string = () => "",
): Promise<T> {
  const end = Date.now() + within_ms;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) {
      throw new Error(`still waiting for ${what} after ${within_ms / 1000} s\n${await last()}`);
    }
    await new Promise((next) => setTimeout(next, LOOK_EVERY_MS));
  }
}

/** Ends a promise that does not settle in time. */
export async function within<T>(what: string, ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new Error(`${what} took longer than ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
