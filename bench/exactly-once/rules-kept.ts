import type { Accepted } from './accepted.js';
import type { Row } from './ledger-rows.js';
import { HOURS, MOST_EACH, placeOf, wantsTexts } from './people.js';

/** Which rules were broken by what was taken, and how often each has held something: a rule that never did proves nothing. */
export type RulesKept = {
  readonly sent_in_quiet_hours: number;
  /** Messages beyond what a person may get. */
  readonly sent_over_cap: number;
  readonly sent_without_consent: number;
  readonly held: { readonly by_hours: number; readonly by_caps: number; readonly by_consent: number; readonly by_opt_outs: number };
  /** Not sent to an address that does not exist, refused by a provider, and put off by one until after the end. */
  readonly bounced: number;
  readonly failed: number;
  readonly put_off: number;
  /** Not sent for a reason that nothing in this scenario explains. */
  readonly unexplained: number;
};

const HOLDING = {
  by_hours: ['quiet hours'],
  by_caps: ['frequency cap'],
  by_consent: ['no consent'],
  by_opt_outs: ['unsubscribed', 'complained', 'awaiting review'],
  bounced: ['bounced'],
} as const;
type Why = keyof typeof HOLDING | 'failed' | 'put_off' | 'unexplained';

/** Asks nobody but the journals, the inboxes and who the people are. */
export function checkRules(rows: readonly Row[], accepted: Accepted, aheadMs: number): RulesKept {
  const taken = rows.flatMap((row) => (accepted.get(row.key)?.timesMs ?? []).map((atMs) => ({ ...row, atMs: atMs + aheadMs })));
  const perPerson = new Map<string, number>();
  for (const { person } of taken) perPerson.set(person, (perPerson.get(person) ?? 0) + 1);
  const isText = ({ channel }: Row) => channel === 'sms' || channel === 'whatsapp';
  const unsent = rows.filter(({ key, status }) => !accepted.has(key) && status !== 'uncertain').map(whyNot);
  const count = (why: Why) => unsent.filter((one) => one === why).length;
  return {
    sent_in_quiet_hours: taken.filter(({ user_id, atMs }) => isQuiet(user_id, atMs)).length,
    sent_over_cap: [...perPerson.values()].reduce((sum, count) => sum + Math.max(0, count - MOST_EACH), 0),
    sent_without_consent: taken.filter((row) => isText(row) && !wantsTexts(row.user_id)).length,
    held: { by_hours: count('by_hours'), by_caps: count('by_caps'), by_consent: count('by_consent'), by_opt_outs: count('by_opt_outs') },
    bounced: count('bounced'),
    failed: count('failed'),
    put_off: count('put_off'),
    unexplained: count('unexplained'),
  };
}

function whyNot({ status, reason }: Row): Why {
  if (status === 'failed') return 'failed';
  const known = Object.entries(HOLDING).find(([, reasons]) => (reasons as readonly (string | null)[]).includes(reason));
  if (known && (status === 'deferred' || status === 'suppressed')) return known[0] as keyof typeof HOLDING;
  return status === 'deferred' ? 'put_off' : 'unexplained';
}

function isQuiet(userId: string, atMs: number): boolean {
  const minute = (((atMs / 60_000 + placeOf(userId) * 60) % 1440) + 1440) % 1440;
  return minute < HOURS.from || minute >= HOURS.to;
}
