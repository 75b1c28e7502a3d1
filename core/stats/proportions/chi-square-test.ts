import { chiSquareUpperTail } from '../distributions/chi-square.js';
import { requireCount } from '../rules.js';
import { notEnoughData, type Answer } from '../verdict.js';
import { requireCounts, type Counts } from './counts.js';
import { LEAST_EXPECTED } from './two-proportions.js';

export type ChiSquare = { chiSquare: number; degrees: number; p: number };

/**
 * Pearson's chi-square test, without Yates's correction, that the rows of a table of counts have the same distribution. Assumes
 * independent counts. Refuses where a row or column is empty, or an expected count is below 5.
 *
 * Source: Pearson, "On the criterion …", 1900; degrees of freedom after Fisher, 1922.
 *
 * @example chiSquareTest([[762, 327, 468], [484, 239, 477]]) // → { status: 'ok', chiSquare: 30.0701491, degrees: 2, p: 2.95358918e-7 }
 */
export function chiSquareTest(table: readonly (readonly number[])[]): Answer<ChiSquare> {
  const columns = table[0]?.length ?? 0;
  if (table.length < 2 || columns < 2 || table.some((row) => row.length !== columns)) {
    throw new RangeError('a table of at least two rows and two columns, all of one length, is expected');
  }
  for (const row of table) for (const count of row) requireCount(count, 'each count of the table');
  const rowSums = table.map(sum);
  const columnSums = Array.from({ length: columns }, (_, column) => sum(table.map((row) => row[column] ?? 0)));
  const all = sum(rowSums);
  const least = all === 0 ? 0 : (Math.min(...rowSums) / all) * Math.min(...columnSums);
  if (least < LEAST_EXPECTED) return notEnoughData(`an expected count is ${least.toFixed(1)}, and the test needs ${LEAST_EXPECTED}`);
  const chiSquare = sum(table.flatMap((row, r) => row.map((count, c) => misfit(count, ((rowSums[r] ?? 0) / all) * (columnSums[c] ?? 0)))));
  const degrees = (table.length - 1) * (columns - 1);
  return { status: 'ok', chiSquare, degrees, p: chiSquareUpperTail(chiSquare, degrees) };
}

/**
 * Pearson's chi-square test that the rates of any number of arms are equal. Refuses as `chiSquareTest` does.
 *
 * @example compareManyRates([{ successes: 83, trials: 86 }, { successes: 90, trials: 93 }, { successes: 129, trials: 136 }, { successes: 70, trials: 82 }]) // → { status: 'ok', chiSquare: 12.6004113, degrees: 3, p: 0.00558547666 }
 */
export function compareManyRates(arms: readonly Counts[]): Answer<ChiSquare> {
  for (const [i, arm] of arms.entries()) requireCounts(arm, `arm ${i}`);
  return chiSquareTest(arms.map(({ successes, trials }) => [successes, trials - successes]));
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const misfit = (observed: number, expected: number): number => (observed - expected) ** 2 / expected;
