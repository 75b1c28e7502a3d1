import { openJournalOf, readJournalOf, type Journal, type JournalOptions } from '../provider/journal.js';

/** A message that was accepted. */
export type AcceptedText = {
  readonly at: string;
  readonly sid: string;
  /** Ours, from the address that is told of the message's status; null where there was none. */
  readonly token: string | null;
  readonly to: string;
  readonly from: string;
  readonly messaging_service_sid: string | null;
  /** As its recipient would read it; empty when the journal was told to leave bodies out. */
  readonly body: string;
  readonly content_sid: string | null;
  readonly content_variables: string | null;
  readonly status_callback: string | null;
};

export type TwilioJournal = Journal<AcceptedText>;

export const openJournal = (options: JournalOptions): TwilioJournal =>
  openJournalOf(options, {
    tokenOf: ({ token }) => token ?? undefined,
    withoutBody: (message) => ({ ...message, body: '', content_variables: null }),
  });

export const readJournal = readJournalOf<AcceptedText>;
