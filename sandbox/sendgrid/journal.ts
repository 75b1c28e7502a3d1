import { SENDGRID_TOKEN_ARG } from '../../core/message/sendgrid-mail.js';
import { openJournalOf, readJournalOf, type Journal, type JournalOptions } from '../provider/journal.js';
import type { Address, MailRequest, Personalization } from './mail-request.js';

/** A message that was accepted, as its recipient would get it. */
export type AcceptedMessage = {
  readonly at: string;
  /** The answer's X-Message-Id: the same for all messages of a request. */
  readonly message_id: string;
  /** This message's own. It begins with the answer's. */
  readonly sg_message_id: string;
  readonly custom_args: Readonly<Record<string, string>>;
  readonly from: Address;
  readonly to: readonly Address[];
  readonly cc: readonly Address[];
  readonly bcc: readonly Address[];
  readonly reply_to: Address | null;
  readonly subject: string;
  /** Each part of the body by its type; nothing when the journal was told to leave bodies out. */
  readonly content: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly categories: readonly string[];
};

export type SendgridJournal = Journal<AcceptedMessage>;

export const openJournal = (options: JournalOptions): SendgridJournal =>
  openJournalOf(options, {
    tokenOf: ({ custom_args }) => custom_args[SENDGRID_TOKEN_ARG],
    withoutBody: (message) => ({ ...message, content: {} }),
  });

export const readJournal = readJournalOf<AcceptedMessage>;

/** The messages of a request, each rendered for its recipient. */
export function renderMail(mail: MailRequest, messageId: string, nowMs: number): AcceptedMessage[] {
  return mail.personalizations.map((each, position) => {
    const fill = filler(each.substitutions);
    const { reply_to } = mail;
    return {
      at: new Date(nowMs).toISOString(),
      message_id: messageId,
      sg_message_id: `${messageId}.recvd-sandbox-1-${position}.0`,
      custom_args: { ...mail.custom_args, ...each.custom_args },
      from: each.from ?? mail.from,
      to: each.to,
      cc: each.cc ?? [],
      bcc: each.bcc ?? [],
      reply_to: reply_to ? { ...reply_to, email: fill(reply_to.email) } : null,
      subject: fill(each.subject ?? mail.subject ?? ''),
      content: Object.fromEntries((mail.content ?? []).map(({ type, value }) => [type, fill(value)])),
      headers: { ...mail.headers, ...each.headers },
      categories: mail.categories ?? [],
    };
  });
}

/** Values are searched for tags again, four levels deep: a tag inside a value is replaced, whoever wrote it there. */
const NESTING = 4;

function filler(substitutions: Personalization['substitutions'] = {}): (text: string) => string {
  const tags = Object.keys(substitutions).toSorted((a, b) => b.length - a.length);
  if (tags.length === 0) return (text) => text;
  const anyTag = new RegExp(tags.map((tag) => tag.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)).join('|'), 'g');
  return (text) => {
    let filled = text;
    for (let level = 0; level <= NESTING && tags.some((tag) => filled.includes(tag)); level += 1) {
      filled = filled.replaceAll(anyTag, (tag) => substitutions[tag] ?? tag);
    }
    return filled;
  };
}
