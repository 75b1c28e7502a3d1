import type { InboundText } from './twilio-inbound.js';

export type ReplyWish = 'stop' | 'start' | 'help';

const STOP = new Set(['stop', 'stopall', 'unsubscribe', 'cancel', 'end', 'quit', 'optout', 'revoke']);
const START = new Set(['start', 'unstop']);
const HELP = new Set(['help', 'info']);

/** What a reply asks for, beside what it says: by what the provider has read in it, else by its only word. */
export function wishOf({ text, optOut }: Pick<InboundText, 'text' | 'optOut'>): ReplyWish | undefined {
  if (optOut !== undefined) return optOut;
  const word = text.replaceAll(/[^\p{L}]/gu, '').toLowerCase();
  if (STOP.has(word)) return 'stop';
  if (START.has(word)) return 'start';
  return HELP.has(word) ? 'help' : undefined;
}
