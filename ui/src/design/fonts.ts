/** The letters that pages are written in. */

/** Settles when they can be drawn, or never will. */
export const fontsLoaded = (): Promise<unknown> =>
  document.fonts.load('1rem "Inter Variable"').catch(() => undefined);
