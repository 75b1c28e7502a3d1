import { createHash } from 'node:crypto';
import { seededRandom } from '../../core/random.js';

/** What a recipient tends to do: probabilities, and mean delays. Each step is asked for only when the one before has happened. */
export type PhoneHabits = {
  /** A carrier filters it. */
  readonly failed: number;
  /** The number is gone for good. */
  readonly unreachable: number;
  /** The telephone is off. */
  readonly undelivered: number;
  /** On WhatsApp alone: nobody hears of an SMS that is read. */
  readonly read: number;
  /** Follows the first link in it, where it has one. */
  readonly clicked: number;
  readonly replied: number;
  /** Of replies on WhatsApp: it quotes what it answers. */
  readonly quoted: number;
  /** Replies STOP. */
  readonly stopped: number;
  /** Wants no more either, but says so in words that Twilio does not know. */
  readonly protested: number;
  readonly deliveryMs: number;
  readonly readMs: number;
  readonly clickMs: number;
  readonly replyMs: number;
};

/** Who does what, by number. */
export type PhoneAudience = (number: string) => PhoneHabits;

export const ORDINARY_PHONE_HABITS: PhoneHabits = {
  failed: 0.005,
  unreachable: 0.005,
  undelivered: 0.02,
  read: 0.7,
  clicked: 0.15,
  replied: 0.08,
  quoted: 0.5,
  stopped: 0.01,
  protested: 0.003,
  deliveryMs: 3_000,
  readMs: 600_000,
  clickMs: 300_000,
  replyMs: 900_000,
};

export type PhoneStatus = 'queued' | 'sent' | 'delivered' | 'undelivered' | 'failed' | 'read';

export type PhoneReaction =
  | { readonly kind: 'status'; readonly status: PhoneStatus; readonly errorCode?: number; readonly afterMs: number }
  | { readonly kind: 'clicks'; readonly afterMs: number }
  | { readonly kind: 'writes'; readonly text: string; readonly quotes: boolean; readonly afterMs: number };

const REPLIES = ['Yes please', 'Thanks!', 'How much is it?', 'Call me tomorrow', '👍', 'Non merci, pas maintenant'];
const PROTESTS = ['please stop sending me these', 'Arrêtez de m’écrire', 'take me off your list', 'No more texts. Stop.'];

export type Reached = {
  readonly number: string;
  readonly isWhatsapp: boolean;
  readonly byService: boolean;
  /** The channel is going to refuse it with this code. */
  readonly failsWith: number | undefined;
};

/** What becomes of one message: the same for the same seed, number and message, whatever else is sent. */
export function phoneReactionsTo(seed: number, habits: PhoneHabits, reached: Reached, message: string): readonly PhoneReaction[] {
  const digest = createHash('sha256')
    .update(JSON.stringify([seed, reached.number, message]))
    .digest();
  const random = seededRandom(digest.readUInt32BE(0));
  const happens = (probability: number) => random() < probability;
  const later = (meanMs: number) => Math.round(-Math.log(1 - random()) * meanMs);
  const reactions: PhoneReaction[] = [];
  let afterMs = 0;
  const becomes = (status: PhoneStatus, delayMs: number, errorCode?: number) =>
    void reactions.push({ kind: 'status', status, afterMs: (afterMs += delayMs), ...(errorCode !== undefined && { errorCode }) });
  const writes = (text: readonly string[], quotes: boolean) => {
    const chosen = text[Math.floor(random() * text.length)] ?? '';
    reactions.push({ kind: 'writes', text: chosen, quotes, afterMs: (afterMs += later(habits.replyMs)) });
  };

  if (reached.byService) becomes('queued', 0);
  const failure = reached.failsWith ?? (happens(habits.failed) ? 30007 : undefined);
  if (failure !== undefined) {
    becomes('failed', later(habits.deliveryMs), failure);
    return reactions;
  }
  becomes('sent', later(habits.deliveryMs));
  const lost = happens(habits.unreachable) ? (reached.isWhatsapp ? 63024 : 30005) : happens(habits.undelivered) ? 30003 : undefined;
  if (lost !== undefined) {
    becomes('undelivered', later(habits.deliveryMs), lost);
    return reactions;
  }
  becomes('delivered', later(habits.deliveryMs));
  if (reached.isWhatsapp) {
    if (!happens(habits.read)) return reactions;
    becomes('read', later(habits.readMs));
  }
  const shownMs = afterMs;
  if (happens(habits.stopped)) writes(['STOP', 'stop', 'Unsubscribe'], false);
  else if (happens(habits.protested)) writes(PROTESTS, false);
  else if (happens(habits.replied)) writes(REPLIES, reached.isWhatsapp && happens(habits.quoted));
  if (happens(habits.clicked)) reactions.push({ kind: 'clicks', afterMs: shownMs + later(habits.clickMs) });
  return reactions.toSorted((a, b) => a.afterMs - b.afterMs);
}

/** Habits as data, for a sandbox in its own process: the first rule whose text is in the number changes the ordinary ones. */
export type PhoneAudienceRule = { readonly numberHas: string } & Partial<PhoneHabits>;

export function phoneAudienceOf(rules: readonly PhoneAudienceRule[]): PhoneAudience {
  return (number) => {
    const { numberHas: _, ...changes } = rules.find(({ numberHas }) => number.includes(numberHas)) ?? { numberHas: '' };
    return { ...ORDINARY_PHONE_HABITS, ...changes };
  };
}
