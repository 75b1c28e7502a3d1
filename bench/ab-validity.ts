import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { startProgress } from '../cli/progress.js';
import { resultOf, rows, type RowResult } from './measuring/validity-rows.js';

/**
 * Whether the verdicts keep their promises: many seeded simulated tests, each designed, assigned, exposed, looked at daily and
 * judged by the engine, and beside it the rule that most tools have: a chi-square test every day, over at the first p below 0.05.
 * Users convert at 20 %; the planned effect is 20 % → 25 %. Rows run side by side, and are the same however many do.
 * `npm run bench -- ab-validity [SIMULATIONS]`
 */
if (isMainThread) {
  const simulations = Number(process.argv[2] ?? 20_000);
  if (!Number.isSafeInteger(simulations) || simulations < 1) {
    throw new Error(`how many simulations? a whole number is expected, not ${process.argv[2]}`);
  }
  const startedMs = performance.now();
  const results = await measured(simulations);
  console.log(tableOf(results, simulations));
  console.log(JSON.stringify(summaryOf(results, { simulations, seconds: Math.round((performance.now() - startedMs) / 1000) })));
} else {
  const { index, simulations } = workerData as { readonly index: number; readonly simulations: number };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- the port of a thread; only windows have origins
  parentPort?.postMessage(resultOf(index, simulations));
}

/** All rows, each in a thread of its own, so many at once as there are processors. */
async function measured(simulations: number): Promise<RowResult[]> {
  const progress = startProgress('simulated tests', { total: rows.length, unit: 'rows' });
  const results = new Map<number, RowResult>();
  let next = 0;
  const workOff = async (): Promise<void> => {
    while (next < rows.length) {
      const index = next;
      next += 1;
      results.set(index, await inThread(index, simulations));
      progress.update(results.size);
    }
  };
  await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, workOff));
  progress.done(`${rows.length} rows of ${simulations.toLocaleString('en-US')} simulated tests`);
  return [...results].sort(([left], [right]) => left - right).map(([, result]) => result);
}

function inThread(index: number, simulations: number): Promise<RowResult> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL(import.meta.url), { workerData: { index, simulations } });
    thread.once('message', resolve);
    thread.once('error', reject);
  });
}

function tableOf(results: readonly RowResult[], simulations: number): string {
  const percent = (value: number | null) => (value === null ? '–' : `${(100 * value).toFixed(2)} %`);
  const plain = (value: number | null, places: number) => (value === null ? '–' : value.toFixed(places));
  return [
    `${simulations.toLocaleString('en-US')} simulated tests a row; 20 % convert, the planned effect is 20 % → 25 %`,
    '',
    '| row | arms | looks | users | found, or right winner | usual rule | invalid | sequential intervals hold | fixed interval holds | mean day | measured / true | shrunk / true |',
    '|---|---|---|---|---|---|---|---|---|---|---|---|',
    ...results.map((row) => {
      const counts = [row.name, row.arms, row.looks, row.users.toLocaleString('en-US')];
      const shares = [row.found, row.usualRule, row.invalid, row.sequentialHeld, row.fixedHeld].map(percent);
      return `| ${[...counts, ...shares, plain(row.meanDay, 1), plain(row.raw, 2), plain(row.shrunk, 2)].join(' | ')} |`;
    }),
    '',
  ].join('\n');
}

function summaryOf(results: readonly RowResult[], run: { readonly simulations: number; readonly seconds: number }) {
  const nulls = results.filter(({ isNull, isBroken }) => isNull && !isBroken);
  const alarms = nulls.filter(({ users }) => users >= 50_000);
  const held = results.flatMap(({ sequentialHeld }) => (sequentialHeld === null ? [] : [sequentialHeld]));
  const fixed = results.map(({ fixedHeld }) => fixedHeld);
  const usual = nulls.map(({ usualRule }) => usualRule);
  return {
    bench: 'ab-validity',
    simulations_per_row: run.simulations,
    seconds: run.seconds,
    false_winner_rate: Math.max(...nulls.map(({ found }) => found)),
    power: Math.min(...results.filter(({ isNull }) => !isNull).map(({ found }) => found)),
    coverage: Math.min(...held),
    fixed_coverage: [Math.min(...fixed), Math.max(...fixed)],
    sample_ratio_false_alarms: Math.max(...alarms.map(({ invalid }) => invalid)),
    sample_ratio_found: Math.min(...results.filter(({ isBroken }) => isBroken).map(({ invalid }) => invalid)),
    usual_rule_false_winner_rate: [Math.min(...usual), Math.max(...usual)],
  };
}
