import type { Accepted } from './accepted.js';
import type { Row } from './comparing.js';
import { HOURS, MOST_EACH, placeOf, wantsTexts } from './people.js';

/** Which rules were broken by what was taken, and how often each has held something: a rule that never did proves nothing. */
export type RulesKept = {
  readonly sent_in_quiet_hours: number;
  /** Messages beyond what a person may get. */
  readonly sent_over_cap: number;
  readonly sent_without_consent: number;
  readonly held: { readonly by_hours: number; readonly by_caps: number; readonly by_consent: number; readonly by_opt_outs: number };
};

/** Asks nobody but the journals, the inboxes and who the people are. */
export function checkRules(rows: readonly Row[], accepted: Accepted, aheadMs: number): RulesKept {
  const taken = rows.flatMap((row) => (accepted.get(row.id)?.timesMs ?? []).map((atMs) => ({ ...row, atMs: atMs + aheadMs })));
  const perPerson = new Map<string, number>();
  for (const { user_id } of taken) perPerson.set(user_id, (perPerson.get(user_id) ?? 0) + 1);
  const isText = ({ channel }: Row) => channel === 'sms' || channel === 'whatsapp';
  const heldBy = (...reasons: readonly string[]) =>
    rows.filter(({ status, reason }) => (status === 'deferred' || status === 'suppressed') && reasons.includes(reason ?? '')).length;
  return {
    sent_in_quiet_hours: taken.filter(({ user_id, atMs }) => isQuiet(user_id, atMs)).length,
    sent_over_cap: [...perPerson.values()].reduce((sum, count) => sum + Math.max(0, count - MOST_EACH), 0),
    sent_without_consent: taken.filter((row) => isText(row) && !wantsTexts(row.user_id)).length,
    held: {
      by_hours: heldBy('quiet hours'),
      by_caps: heldBy('frequency cap'),
      by_consent: heldBy('no consent'),
      by_opt_outs: heldBy('unsubscribed', 'complained', 'awaiting review'),
    },
  };
}

function isQuiet(userId: string, atMs: number): boolean {
  const minute = (((atMs / 60_000 + placeOf(userId) * 60) % 1440) + 1440) % 1440;
  return minute < HOURS.from || minute >= HOURS.to;
}
