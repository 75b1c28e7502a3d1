import type { EngagementChannel } from '../event/engagement.js';
import { changesBetween, traits, type Trait, type TraitChange } from './traits.js';
import type { Variation } from './variation.js';

const WITH_SUBJECT: readonly EngagementChannel[] = ['email', 'push'];

/** What a message of a channel can vary: without a subject, nothing of a subject. */
export const possibleTraits = (channel: EngagementChannel): readonly Trait[] =>
  WITH_SUBJECT.includes(channel) ? traits : traits.filter((trait) => !trait.endsWith('_subject'));

const NAME = '{{first_name}}, ';
const EMOJI = '✨ ';
const LATER_HOURS = 4;
const [EARLIEST_HOUR, LATEST_HOUR] = [8, 20];

/**
 * The parts of a control with a change made to them that needs no wording and promises nobody anything: a name or an emoji put
 * before the subject or taken away, another hour of the same day. Null for every other change, which a person must write, and where
 * the control is so already.
 */
export function treatmentFor(change: TraitChange, parts: Variation['parts']): Variation['parts'] | null {
  const treatment = rewritten(change, parts);
  if (treatment === null) return null;
  const changes = changesBetween({ parts }, { parts: treatment });
  return changes.some(({ trait, sign }) => trait === change.trait && sign === change.sign) ? treatment : null;
}

function rewritten({ trait, sign }: TraitChange, parts: Variation['parts']): Variation['parts'] | null {
  const { subject, send_time } = parts;
  switch (trait) {
    case 'personalised_subject':
      return subject === undefined ? null : withSubject(parts, sign === 1 ? prefixed(subject, NAME) : unprefixed(subject, NAME));
    case 'emoji_in_subject':
      return subject === undefined ? null : withSubject(parts, sign === 1 ? prefixed(subject, EMOJI) : withoutEmoji(subject));
    case 'later_send_time':
      return send_time === undefined ? null : withSendTime(parts, send_time, sign * LATER_HOURS);
    default:
      return null;
  }
}

const withSubject = (parts: Variation['parts'], subject: string | null): Variation['parts'] | null =>
  subject === null || subject === '' ? null : { ...parts, subject };

const prefixed = (text: string, prefix: string): string => `${prefix}${text}`;
const unprefixed = (text: string, prefix: string): string | null => (text.startsWith(prefix) ? text.slice(prefix.length) : null);

/** Only where an emoji stands before or after the words: within them, what is left would have to be read by a person. */
function withoutEmoji(subject: string): string | null {
  const bare = subject.replace(/^[\p{Extended_Pictographic}\u{FE0F}\s]+|[\p{Extended_Pictographic}\u{FE0F}\s]+$/gu, '');
  return /\p{Extended_Pictographic}/u.test(bare) ? null : bare;
}

function withSendTime(parts: Variation['parts'], time: string, hours: number): Variation['parts'] | null {
  const match = /^(\d{1,2}):(\d{2})$/.exec(time);
  const hour = Number(match?.[1]) + hours;
  if (match === null || !(hour >= EARLIEST_HOUR && hour <= LATEST_HOUR)) return null;
  return { ...parts, send_time: `${String(hour).padStart(2, '0')}:${match[2]}` };
}
