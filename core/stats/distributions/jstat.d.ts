/** Of jStat, which has no types, only what may be used of it: see docs/statistics.md for what may not. */
declare module 'jstat' {
  const jStat: {
    readonly chisquare: { inv(p: number, degrees: number): number };
    readonly beta: { inv(p: number, alpha: number, beta: number): number };
    readonly studentt: { inv(p: number, degrees: number): number };
  };
  export = jStat;
}
