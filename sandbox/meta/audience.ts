import { createHash } from 'node:crypto';
import { seededRandom } from '../../core/random.js';

/** What a recipient tends to do: probabilities, and mean delays. */
export type SocialHabits = {
  readonly read: number;
  /** Of those who have read it: follow the first link, write back, or say that they want no more. */
  readonly clicked: number;
  readonly replied: number;
  readonly stopped: number;
  /** Of replies: it quotes what it answers. */
  readonly quoted: number;
  readonly deliveryMs: number;
  readonly readMs: number;
  readonly replyMs: number;
};

/** Who does what, by id. */
export type SocialAudience = (person: string) => SocialHabits;

export const ORDINARY_SOCIAL_HABITS: SocialHabits = {
  read: 0.8,
  clicked: 0.15,
  replied: 0.15,
  stopped: 0.01,
  quoted: 0.3,
  deliveryMs: 2_000,
  readMs: 600_000,
  replyMs: 900_000,
};

export type SocialReaction =
  | { readonly kind: 'delivered' | 'read' | 'clicks'; readonly afterMs: number }
  | { readonly kind: 'writes'; readonly text: string; readonly quotes: boolean; readonly afterMs: number };

const REPLIES = ['Yes please', 'Thanks!', 'How much is it?', '👍', 'Tell me more'];
const STOPS = ['STOP', 'stop', 'Unsubscribe', 'please stop sending me these'];

/** What becomes of one message: the same for the same seed, person and message, whatever else is sent. */
export function socialReactionsTo(seed: number, habits: SocialHabits, person: string, words: string): readonly SocialReaction[] {
  const digest = createHash('sha256')
    .update(JSON.stringify([seed, person, words]))
    .digest();
  const random = seededRandom(digest.readUInt32BE(0));
  const happens = (probability: number) => random() < probability;
  const later = (meanMs: number) => Math.round(-Math.log(1 - random()) * meanMs);
  const chosen = (texts: readonly string[]) => texts[Math.floor(random() * texts.length)] ?? '';
  const deliveredMs = later(habits.deliveryMs);
  const readMs = deliveredMs + later(habits.readMs);
  const repliedMs = readMs + later(habits.replyMs);
  const reactions: SocialReaction[] = [{ kind: 'delivered', afterMs: deliveredMs }];
  if (!happens(habits.read)) return reactions;
  reactions.push({ kind: 'read', afterMs: readMs });
  if (happens(habits.stopped)) reactions.push({ kind: 'writes', text: chosen(STOPS), quotes: false, afterMs: repliedMs });
  else if (happens(habits.replied))
    reactions.push({ kind: 'writes', text: chosen(REPLIES), quotes: happens(habits.quoted), afterMs: repliedMs });
  if (happens(habits.clicked)) reactions.push({ kind: 'clicks', afterMs: readMs });
  return reactions;
}
