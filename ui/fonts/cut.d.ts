/** Path of the cut. */
export const CUT: string;
/** First and last code points of what the cut has. */
export function ranges(): [first: number, last: number][];
/** What the cut is made of, anew. */
export function cut(): Promise<Buffer>;
