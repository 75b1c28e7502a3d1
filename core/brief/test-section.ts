import { variationNamer, type TestDesign } from '../experiment/design.js';
import type { MonthlyVolume } from '../experiment/impact.js';
import type { Hypothesis } from '../experiment/hypotheses.js';
import type { Look } from '../experiment/look.js';
import { metricInWords, type MetricKind } from '../experiment/metric.js';
import { reportOf } from '../experiment/report.js';
import type { Standing } from '../experiment/standing.js';
import { verdictInWords } from '../experiment/verdict.js';
import { formatNumber } from '../numbers.js';
import type { AbTestWinner } from '../suggestion/payload.js';
import { counted, wrap } from './format.js';
import { WIDTH } from './segment-section.js';

/** A test as a walk tells of it: as it stood, with its latest look. */
export type TestFinding = {
  readonly testId: string;
  readonly design: TestDesign;
  readonly standing: Standing;
  readonly startedAtMs: number;
  readonly asOfMs: number;
  readonly plannedUsers: number;
  readonly audienceName: string;
  readonly look: Look | null;
  readonly volume: MonthlyVolume | null;
};

/** What to test next about one metric of one channel, the most promising first. */
export type NextTests = { readonly channel: string; readonly metric: MetricKind; readonly hypotheses: readonly Hypothesis[] };

const TOLD_HYPOTHESES = 3;
const TOLD_TESTS = 10;
const DAY_MS = 86_400_000;

/** Winners to apply with their whole report, then what else ended and what runs, a line each. Nothing where there are no tests. */
export function testLines(
  tests: readonly TestFinding[],
  winners: readonly AbTestWinner[],
  { engardeAppUrl }: { readonly engardeAppUrl: string },
): readonly string[] {
  const won = (testId: string) => winners.find(({ test_results }) => test_results.test_id === testId);
  const reports = tests.flatMap((test) => {
    const winner = won(test.testId);
    return winner === undefined || test.look === null ? [] : [reportLines(test, test.look, winner, engardeAppUrl)];
  });
  const others = tests.filter(({ testId }) => won(testId) === undefined);
  const ended = shortened(
    others.filter(({ standing }) => standing !== 'running'),
    endedLines,
    'have ended',
  );
  const running = shortened(
    others.filter(({ standing }) => standing === 'running'),
    runningLines,
    'run',
  );
  return [...reports.flat(), ...ended, ...running, ...(ended.length + running.length > 0 ? [''] : [])];
}

/** The first few, and how many more there are: a brief is short, however many tests there are. */
function shortened(tests: readonly TestFinding[], linesOf: (test: TestFinding) => readonly string[], doWhat: string): readonly string[] {
  const more = tests.length - TOLD_TESTS;
  return [...tests.slice(0, TOLD_TESTS).flatMap(linesOf), ...(more > 0 ? [`🧪 ${formatNumber(more)} more A/B tests ${doWhat}.`] : [])];
}

function reportLines(
  { design, startedAtMs, audienceName, volume }: TestFinding,
  look: Look,
  winner: AbTestWinner,
  engardeAppUrl: string,
): readonly string[] {
  const details = `${engardeAppUrl}/ab-tests/${encodeURIComponent(winner.test_results.test_id)}`;
  const days = Math.round((look.atMs - startedAtMs) / DAY_MS);
  const report = reportOf(design, look, { days, audienceName, volume, links: { apply: winner.cta_url, details } });
  return report.split('\n').flatMap((line) => (line.startsWith('👉') ? [line] : fold(line)));
}

/** A line of the report keeps its own indent. */
function fold(line: string): readonly string[] {
  const [indent = ''] = /^ */.exec(line) ?? [];
  return line.trim() === '' ? [''] : wrap(line, WIDTH, indent, `${indent}  `);
}

function endedLines({ design, look, standing }: TestFinding): readonly string[] {
  const found = look === null ? 'Stopped before its first look.' : verdictInWords(look.verdict, variationNamer(design));
  const since = standing === 'applied' ? ' It was applied.' : standing === 'rolled_back' ? ' It was applied and rolled back.' : '';
  return wrap(`🧪 A/B test "${design.name}" has ended. ${found}${since}`, WIDTH, '', '   ');
}

function runningLines({ design, look, startedAtMs, asOfMs, plannedUsers }: TestFinding): readonly string[] {
  const day = Math.floor((asOfMs - startedAtMs) / DAY_MS) + 1;
  const measured = look?.arms.reduce((sum, arm) => sum + arm.measured, 0) ?? 0;
  const verdict = look === null ? 'It waits for its first look.' : verdictInWords(look.verdict, variationNamer(design));
  const progress = `day ${day} of ${design.durationDays}, ${formatNumber(measured)} of ${counted(plannedUsers, 'user')} measured`;
  return wrap(`🧪 A/B test "${design.name}" runs: ${progress}. ${verdict}`, WIDTH, '', '   ');
}

/** The next hypotheses, each with what it rests on and the sample that it needs. */
export function nextTestLines(next: readonly NextTests[]): readonly string[] {
  return next.flatMap(({ channel, metric, hypotheses }) => {
    if (hypotheses.length === 0) return [];
    const lines = hypotheses.slice(0, TOLD_HYPOTHESES).flatMap(({ statement, evidence, usersPerArm }) => {
      const needs = `Needs ${counted(usersPerArm, 'user')} an arm.`;
      return wrap(`- ${statement} ${evidence.inWords} ${needs}`, WIDTH, '   ', '     ');
    });
    return [`🔬 To test next (${channel.replace('_', '-')}, ${metricInWords(metric)}):`, ...lines, ''];
  });
}
