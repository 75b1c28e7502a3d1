import type { Variation } from './variation.js';

/** What a variation can have more or less of: the words in which tests are remembered and new ones are thought up. */
export const traits = [
  'personalised_subject',
  'personalised_content',
  'question_in_subject',
  'emoji_in_subject',
  'number_in_subject',
  'longer_subject',
  'longer_content',
  'bigger_offer',
  'later_send_time',
  'other_cta',
  'other_content',
] as const;
export type Trait = (typeof traits)[number];

/** That a treatment has more (1) or less (-1) of a trait than the control. */
export type TraitChange = { readonly trait: Trait; readonly sign: 1 | -1 };

const WORDS: Readonly<Record<Trait, readonly [more: string, less: string]>> = {
  personalised_subject: ['a subject that names the reader', 'a subject that names nobody'],
  personalised_content: ['content that names the reader', 'content that names nobody'],
  question_in_subject: ['a question as the subject', 'a statement as the subject'],
  emoji_in_subject: ['an emoji in the subject', 'a subject without an emoji'],
  number_in_subject: ['a number in the subject', 'a subject without a number'],
  longer_subject: ['a longer subject', 'a shorter subject'],
  longer_content: ['longer content', 'shorter content'],
  bigger_offer: ['a bigger offer', 'a smaller offer'],
  later_send_time: ['sending later in the day', 'sending earlier in the day'],
  other_cta: ['another call to action', 'another call to action'],
  other_content: ['other content', 'other content'],
};

export const changeInWords = ({ trait, sign }: TraitChange): string => WORDS[trait][sign === 1 ? 0 : 1];

/** Lengths nearer to each other than this are the same. */
const NOTABLY_LONGER = 1.25;

/**
 * What differs between two variations, in the words of tests. A placeholder `{{…}}` makes a text personalised; an offer is as big
 * as the first number in it; a send time is compared by its hour.
 */
export function changesBetween(control: Pick<Variation, 'parts'>, treatment: Pick<Variation, 'parts'>): TraitChange[] {
  const [from, to] = [control.parts, treatment.parts];
  const changes = [
    compared('personalised_subject', flag(from.subject, PLACEHOLDER), flag(to.subject, PLACEHOLDER)),
    compared('personalised_content', flag(from.content, PLACEHOLDER), flag(to.content, PLACEHOLDER)),
    compared('question_in_subject', flag(from.subject, /[?？؟]\s*$/u), flag(to.subject, /[?？؟]\s*$/u)),
    compared('emoji_in_subject', flag(from.subject, /\p{Extended_Pictographic}/u), flag(to.subject, /\p{Extended_Pictographic}/u)),
    compared('number_in_subject', flag(from.subject, /\p{Nd}/u), flag(to.subject, /\p{Nd}/u)),
    lengthened('longer_subject', from.subject, to.subject),
    lengthened('longer_content', from.content, to.content),
    compared('bigger_offer', sizeOf(from.offer), sizeOf(to.offer)),
    compared('later_send_time', hourOf(from.send_time), hourOf(to.send_time)),
    from.cta !== to.cta && to.cta !== undefined ? ({ trait: 'other_cta', sign: 1 } as const) : null,
  ].filter((change) => change !== null);
  const contentSaid = changes.some(({ trait }) => trait === 'personalised_content' || trait === 'longer_content');
  return from.content !== to.content && !contentSaid ? [...changes, { trait: 'other_content', sign: 1 }] : changes;
}

const PLACEHOLDER = /\{\{.+?\}\}/;
const flag = (text: string | undefined, pattern: RegExp): number | null => (text === undefined ? null : pattern.test(text) ? 1 : 0);

function compared(trait: Trait, from: number | null, to: number | null): TraitChange | null {
  if (from === null || to === null || from === to) return null;
  return { trait, sign: to > from ? 1 : -1 };
}

function lengthened(trait: Trait, from: string | undefined, to: string | undefined): TraitChange | null {
  if (from === undefined || to === undefined) return null;
  const [short, long] = [from.length, to.length].sort((left, right) => left - right);
  return (long ?? 0) > NOTABLY_LONGER * (short ?? 0) ? compared(trait, from.length, to.length) : null;
}

/** No offer is one of size 0. */
const sizeOf = (offer: string | undefined): number => Number(/\d+(\.\d+)?/.exec(offer ?? '')?.[0] ?? 0);

function hourOf(time: string | undefined): number | null {
  const [, hour] = /^(\d{1,2}):\d{2}/.exec(time ?? '') ?? [];
  return hour === undefined ? null : Number(hour);
}
