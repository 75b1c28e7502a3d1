import type { SocialProvider } from '../../core/message/social-message.js';
import { openJournalOf, readJournalOf, type Journal, type JournalOptions } from '../provider/journal.js';

/** A message that was accepted. */
export type AcceptedSocial = {
  readonly at: string;
  readonly mid: string;
  readonly provider: SocialProvider;
  readonly account: string;
  /** Who gets it, also where it answers a comment. */
  readonly to: string;
  readonly comment_id: string | null;
  /** Ours, where the network has a place for it. */
  readonly metadata: string | null;
  readonly text: string;
};

export type MetaJournal = Journal<AcceptedSocial>;

/** Where a message carries no token of ours, the same words to the same person are the same message. */
export const openJournal = (options: JournalOptions): MetaJournal =>
  openJournalOf(options, {
    tokenOf: ({ metadata, to, text }) => metadata ?? `${to} ${text}`,
    withoutBody: (message) => ({ ...message, text: '' }),
  });

export const readJournal = readJournalOf<AcceptedSocial>;
