import { openJournalOf, type Journal, type JournalOptions } from '../provider/journal.js';
import { readMail, valueOf } from './read-mail.js';

/** A mail that was accepted. */
export type AcceptedMail = {
  readonly at: string;
  /** By which the server's answer names it. */
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** What stands before the @ of its Message-ID. */
  readonly token: string;
  readonly subject: string;
  /** As it came; nothing when the journal was told to leave bodies out. */
  readonly source: string;
};

export type SmtpJournal = Journal<AcceptedMail>;

export const openSmtpJournal = (options: JournalOptions): SmtpJournal =>
  openJournalOf<AcceptedMail>(options, { tokenOf: ({ token }) => token, withoutBody: (mail) => ({ ...mail, source: '' }) });

export function acceptedMail({ source, ...mail }: Pick<AcceptedMail, 'at' | 'id' | 'from' | 'to' | 'source'>): AcceptedMail {
  const { headers } = readMail(source);
  const token = /^<([^@]*)@/.exec(valueOf(headers, 'message-id') ?? '')?.[1] ?? '';
  return { ...mail, token, subject: valueOf(headers, 'subject') ?? '', source };
}
