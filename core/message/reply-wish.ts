import { readReply, type ReplyReading } from '../consent/opt-out-words.js';
import type { InboundText } from './twilio-inbound.js';

/** What a reply asks for, beside what it says. */
export type ReplyWish = Exclude<ReplyReading, 'none'>;

/** As its words are read. A stop that the provider has read in it is one, whatever we read: it lets nothing more through. */
export function wishOf({ text, optOut }: Pick<InboundText, 'text' | 'optOut'>): ReplyWish | undefined {
  if (optOut !== undefined) return optOut;
  const reading = readReply(text);
  return reading === 'none' ? undefined : reading;
}
