/** The order of names, as people count: node-2 before node-10. */

/** Names as hosts have them, which nearly all are. */
const PLAIN = /^[a-z0-9-]*$/;
const RUNS = /\d+|[a-z-]/g;

let collator: Intl.Collator | undefined;

/** Rules of all scripts take longer to be made than a page to be drawn: only who needs them. */
function byRules(a: string, b: string): number {
  collator ??= new Intl.Collator(undefined, { numeric: true });
  return collator.compare(a, b);
}

function byRuns(a: string, b: string): number {
  const [ours, theirs] = [a.match(RUNS) ?? [], b.match(RUNS) ?? []];
  for (const [at, run] of ours.entries()) {
    const other = theirs[at];
    if (other === undefined) return 1;
    const [own, its] = [Number(run), Number(other)];
    if (own !== its && !Number.isNaN(own) && !Number.isNaN(its)) return own - its;
    if (Number.isNaN(own) || Number.isNaN(its)) {
      if (run[0] !== other[0]) return (run[0] ?? "") < (other[0] ?? "") ? -1 : 1;
    }
  }
  return ours.length - theirs.length;
}

export const natural = (a: string, b: string): number =>
  PLAIN.test(a) && PLAIN.test(b) ? byRuns(a, b) : byRules(a, b);
