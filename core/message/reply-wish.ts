import { readReply, type ReplyReading } from '../consent/opt-out-words.js';
import type { InboundText } from './twilio-inbound.js';

export type ReplyWish = Exclude<ReplyReading, 'none'>;

/** What a reply asks for, beside what it says: by what the provider has read in it, else by its words. */
export function wishOf({ text, optOut }: Pick<InboundText, 'text' | 'optOut'>): ReplyWish | undefined {
  const read = optOut ?? readReply(text);
  return read === 'none' ? undefined : read;
}
