/** Whole numbers as runs of consecutive ones: a batch of five hundred members is mostly one run, in histories that are kept for long. */
export type Ranges = readonly (readonly [first: number, last: number])[];

/** Of numbers in any order, each once. */
export function toRanges(numbers: readonly number[]): Ranges {
  const runs: [number, number][] = [];
  for (const number of [...new Set(numbers)].sort((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run && number === run[1] + 1) run[1] = number;
    else runs.push([number, number]);
  }
  return runs;
}

/** In ascending order. */
export const fromRanges = (ranges: Ranges): number[] =>
  ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
