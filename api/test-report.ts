import { monthlyVolume } from '../core/experiment/impact.js';
import { reportOf } from '../core/experiment/report.js';
import { exposedAt, lookOf, type TestLookRow, type TestRow } from '../db/queries/tests.js';

const DAY_MS = 86_400_000;

/** The latest of a test's looks as a person reads it. Nothing before the first. */
export function reportText(test: TestRow, looks: readonly TestLookRow[]): string | null {
  const last = looks.at(-1);
  if (last === undefined) return null;
  const { design, startDate } = test;
  const days = Math.max(0, Math.round((last.lookedAt.getTime() - (startDate ?? last.lookedAt).getTime()) / DAY_MS));
  const look = lookOf(last);
  const { audience } = design;
  return reportOf(design, look, {
    days,
    audienceName: audience.kind === 'segment' ? audience.segmentId : audience.rule,
    volume: startDate && monthlyVolume(design, startDate.getTime(), looks.map(exposedAt)),
    links: null,
  });
}
