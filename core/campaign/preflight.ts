import type { EngagementChannel } from '../event/engagement.js';
import type { Rates } from '../message/rates.js';
import { formatNumber } from '../numbers.js';

/** Of a campaign's recipients, how many could get a message on a channel, and why others could not. All add up to the recipients. */
export type Reach = {
  readonly channel: EngagementChannel;
  readonly reachable: number;
  readonly noAddress: number;
  readonly noConsent: number;
  /** Their yes waits for its confirmation. */
  readonly unconfirmed: number;
  readonly suppressed: number;
  /** Further users at an address that gets the message once. */
  readonly sameAddress: number;
};

/** Of the users whom nothing else keeps from a message on a channel, how many are over a cap at this moment: a message would wait. */
export type OverCap = { readonly channel: EngagementChannel; readonly users: number };

/** Whether this installation sends on a channel, or why not, in words that follow "because". */
export type SendingReadiness = {
  readonly email: true | string;
  readonly in_app: true | string;
  readonly sms: true | string;
  readonly whatsapp: true | string;
  readonly social: true | string;
  readonly push: true | string;
  /** The secret that hashes addresses; without it nobody can be found among the suppressed. */
  readonly ledgerKey: Buffer | null;
  /** How fast it sends at most. */
  readonly rates?: Rates;
};

export type PreflightFacts = {
  readonly segmentName: string;
  /** Who would enter now. */
  readonly recipients: number;
  /** People enter later too. */
  readonly mayBeEmpty: boolean;
  /** Of each channel that the plan uses. */
  readonly reach: readonly Reach[];
  readonly readiness: Omit<SendingReadiness, 'ledgerKey' | 'rates'>;
};

const SENT = [
  ['email', 'email'],
  ['in_app', 'in-app message'],
  ['sms', 'SMS'],
  ['whatsapp', 'WhatsApp message'],
  ['social', 'social message'],
  ['push', 'push message'],
] as const;

/** What has to be put right before a campaign can be launched, in words; nothing when it can. */
export function blockersOf({ segmentName, recipients, mayBeEmpty, reach, readiness }: PreflightFacts): string[] {
  const blockers: string[] = [];
  for (const [channel, what] of SENT) {
    const because = readiness[channel];
    if (because !== true && reach.some((one) => one.channel === channel)) blockers.push(`no ${what} can be sent, because ${because}`);
  }
  if (recipients === 0 && mayBeEmpty) return blockers;
  if (recipients === 0) blockers.push(`the segment ${segmentName} has no members`);
  else for (const one of reach) if (one.reachable === 0) blockers.push(`nobody can be reached by ${one.channel}: ${whyNot(one)}`);
  return blockers;
}

function whyNot({ noAddress, noConsent, unconfirmed, suppressed }: Reach): string {
  const reasons = [
    [noAddress, 'no address'],
    [noConsent, 'no consent'],
    [unconfirmed, 'not confirmed their consent'],
    [suppressed, 'an address to which nothing may be sent'],
  ] as const;
  return reasons
    .filter(([users]) => users > 0)
    .map(([users, what]) => `${formatNumber(users)} ${users === 1 ? 'has' : 'have'} ${what}`)
    .join(', ');
}
