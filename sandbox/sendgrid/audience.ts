import { createHash } from 'node:crypto';
import { seededRandom } from '../../core/random.js';

/** What a recipient tends to do: probabilities, and mean delays. Each step is asked for only when the one before has happened. */
export type Habits = {
  /** SendGrid knows the address as bad and does not even try. */
  readonly dropped: number;
  /** The mailbox does not exist. */
  readonly bounced: number;
  /** Refused for now: tried once more, and then delivered. */
  readonly deferred: number;
  /** A machine opens it at once, as Apple's mail privacy does. */
  readonly machineOpened: number;
  readonly opened: number;
  readonly clicked: number;
  readonly complained: number;
  readonly unsubscribed: number;
  readonly deliveryMs: number;
  readonly openMs: number;
  readonly clickMs: number;
  /** Of those who open it, so many write back to where the mail asks for it. */
  readonly replied?: number;
  /** One of these. */
  readonly replies?: readonly string[];
  readonly replyMs?: number;
};

/** Who does what, by address. */
export type Audience = (address: string) => Habits;

export const ORDINARY_HABITS: Habits = {
  dropped: 0.005,
  bounced: 0.01,
  deferred: 0.02,
  machineOpened: 0.15,
  opened: 0.3,
  clicked: 0.2,
  complained: 0.002,
  unsubscribed: 0.005,
  deliveryMs: 2_000,
  openMs: 3_600_000,
  clickMs: 60_000,
};

const ORDINARY_REPLIES: readonly string[] = [
  'Thank you, this is just what I was looking for!',
  'How long does it take to deliver to Norway?',
  'Please take me off your list.',
];

export type Reaction = {
  readonly event: 'processed' | 'dropped' | 'deferred' | 'delivered' | 'bounce' | 'open' | 'click' | 'spamreport' | 'unsubscribe' | 'reply';
  readonly afterMs: number;
  readonly byMachine?: boolean;
  /** What is written, in a reply. */
  readonly text?: string;
};

/** What becomes of one message: the same for the same seed, address and message, whatever else is sent. */
export function reactionsTo(seed: number, habits: Habits, address: string, message: string): readonly Reaction[] {
  const digest = createHash('sha256')
    .update(JSON.stringify([seed, address, message]))
    .digest();
  const random = seededRandom(digest.readUInt32BE(0));
  const happens = (probability: number) => random() < probability;
  const later = (meanMs: number) => Math.round(-Math.log(1 - random()) * meanMs);
  if (happens(habits.dropped)) return [{ event: 'dropped', afterMs: 0 }];
  const reactions: Reaction[] = [{ event: 'processed', afterMs: 0 }];
  let afterMs = later(habits.deliveryMs);
  const add = (event: Reaction['event'], delayMs: number, byMachine = false) =>
    void reactions.push({ event, afterMs: (afterMs += delayMs), ...(byMachine && { byMachine }) });
  if (happens(habits.bounced)) {
    add('bounce', 0);
    return reactions;
  }
  if (happens(habits.deferred)) add('deferred', 0);
  add('delivered', later(habits.deliveryMs));
  if (happens(habits.machineOpened)) add('open', later(habits.deliveryMs), true);
  if (happens(habits.complained)) add('spamreport', later(habits.openMs));
  else if (happens(habits.opened)) {
    add('open', later(habits.openMs));
    if (happens(habits.clicked)) add('click', later(habits.clickMs));
    if (happens(habits.unsubscribed)) add('unsubscribe', later(habits.clickMs));
    const { replied = 0, replies = ORDINARY_REPLIES, replyMs = habits.clickMs } = habits;
    if (happens(replied)) {
      const text = replies[Math.floor(random() * replies.length)] ?? '';
      reactions.push({ event: 'reply', afterMs: afterMs + later(replyMs), text });
    }
  }
  return reactions;
}

/** Habits as data, for a sandbox in its own process: the first rule whose text is in the address changes the ordinary ones. */
export type AudienceRule = { readonly addressHas: string } & Partial<Habits>;

export function audienceOf(rules: readonly AudienceRule[]): Audience {
  return (address) => {
    const { addressHas: _, ...changes } = rules.find(({ addressHas }) => address.includes(addressHas)) ?? { addressHas: '' };
    return { ...ORDINARY_HABITS, ...changes };
  };
}
