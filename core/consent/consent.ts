import type { MessageChannel } from './quiet-hours.js';

/** A yes, a no that was given at once, a no that takes back a yes, and the confirmation of a yes from the address itself. */
export const consentActions = ['granted', 'denied', 'withdrawn', 'confirmed'] as const;
export type ConsentAction = (typeof consentActions)[number];

/** On what a yes rests. Where a channel needs a yes, only consent itself will do. */
export const consentBases = ['consent', 'existing_customer', 'legitimate_interest', 'contract'] as const;
export type ConsentBasis = (typeof consentBases)[number];

/** What holds of an address and a topic; pending is a yes that has to be confirmed, null is that nothing was said. */
export type ConsentState = 'pending' | 'granted' | 'denied' | 'withdrawn' | null;

export const DEFAULT_TOPIC = 'marketing';
/** Stands for all topics: what a STOP is about. */
export const ALL_TOPICS = '*';

const TOPIC = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** Whether it can be the name of one topic. */
export const isTopic = (text: string): boolean => TOPIC.test(text);

/** The name of a topic, or `*`. A RangeError says what was expected. */
export function parseTopic(text: string): string {
  if (text === ALL_TOPICS || isTopic(text)) return text;
  throw new RangeError(
    `not a topic (small letters, digits, "-" and "_", at most 64, or "*" are expected): ${JSON.stringify(text.slice(0, 80))}`,
  );
}

/** What somebody said, where, and what shows it. */
export type ConsentWord = {
  readonly channel: MessageChannel;
  /** Marketing, unless said otherwise. */
  readonly topic?: string;
  /** The address itself, or where only a message is known, the hash that the ledger has of it. */
  readonly address: string | Buffer;
  readonly userId?: string;
  readonly source: string;
  readonly at: Date;
  /** Ids, hashes, the page: nothing that names a person, since it outlives them. */
  readonly evidence?: Readonly<Record<string, unknown>>;
} & (
  | { readonly action: 'granted'; readonly basis: ConsentBasis; readonly textVersion?: string }
  | { readonly action: Exclude<ConsentAction, 'granted'> }
);
