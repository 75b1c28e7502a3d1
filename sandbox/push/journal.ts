import { openJournalOf, type Journal, type JournalOptions } from '../provider/journal.js';

/** A message that was accepted. */
export type AcceptedPush = {
  readonly at: string;
  readonly endpoint: string;
  readonly topic: string | null;
  readonly ttl_seconds: number;
  readonly urgency: string;
  /** As the device reads it. */
  readonly payload: string;
  /** The public key of whoever sent it. */
  readonly sender: string;
};

export type PushJournal = Journal<AcceptedPush>;

/** Counted by their topics: each message of ours has one of its own. */
export const openJournal = (options: JournalOptions): PushJournal =>
  openJournalOf(options, {
    tokenOf: ({ topic }) => topic ?? undefined,
    withoutBody: (message) => ({ ...message, payload: '' }),
  });
