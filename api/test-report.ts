import { reportOf } from '../core/experiment/report.js';
import { lookOf, type TestLookRow, type TestRow } from '../db/queries/tests.js';

const DAY_MS = 86_400_000;

/** The latest look as a person reads it. */
export function reportText(test: TestRow, last: TestLookRow): string {
  const { design, startDate } = test;
  const days = Math.max(0, Math.round((last.lookedAt.getTime() - (startDate ?? last.lookedAt).getTime()) / DAY_MS));
  const look = lookOf(last);
  const exposed = look.arms.reduce((sum, arm) => sum + arm.exposed, 0);
  const { audience } = design;
  return reportOf(design, look, {
    days,
    audienceName: audience.kind === 'segment' ? audience.segmentId : audience.rule,
    usersPerMonth: days > 0 ? (exposed * 30) / days : null,
    links: null,
  });
}
