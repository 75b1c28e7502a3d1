import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
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

export type JournalOptions = {
  /** A line of JSON for each message is added to this file. */
  readonly path?: string;
  /** Also survives the machine; a written line survives any process without it. */
  readonly fsync?: boolean;
  readonly keepsBodies?: boolean;
  /** The custom argument by which messages are counted. */
  readonly tokenArg: string;
};

export type SendgridJournal = ReturnType<typeof openJournal>;

/** What was accepted: the truth about who was sent what, and how often. A message is in the file before its sender hears of it. */
export function openJournal({ path, fsync = false, keepsBodies = true, tokenArg }: JournalOptions) {
  const messages: AcceptedMessage[] = [];
  const byToken = new Map<string, AcceptedMessage[]>();
  if (path !== undefined) mkdirSync(dirname(path), { recursive: true });
  const file = path === undefined ? undefined : openSync(path, 'a');
  return {
    /** All messages of a request at once. */
    write(accepted: readonly AcceptedMessage[]): void {
      const kept = keepsBodies ? accepted : accepted.map((message) => ({ ...message, content: {} }));
      if (file !== undefined) {
        writeWhole(file, kept.map((message) => `${JSON.stringify(message)}\n`).join(''));
        if (fsync) fsyncSync(file);
      }
      for (const message of kept) {
        messages.push(message);
        const token = message.custom_args[tokenArg];
        if (token !== undefined) byToken.set(token, [...(byToken.get(token) ?? []), message]);
      }
    },
    all: (): readonly AcceptedMessage[] => messages,
    byToken: (token: string): readonly AcceptedMessage[] => byToken.get(token) ?? [],
    /** Tokens that were accepted more than once, and how often. */
    duplicates: (): ReadonlyMap<string, number> =>
      new Map([...byToken].filter(([, sent]) => sent.length > 1).map(([token, sent]) => [token, sent.length])),
    counts: () => ({ messages: messages.length, tokens: byToken.size }),
    close: () => file !== undefined && closeSync(file),
  };
}

/** A journal's file as a process that has ended left it. A line that it could not finish was never answered, and is left out. */
export function readJournal(path: string): readonly AcceptedMessage[] {
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as AcceptedMessage);
}

/** One write may take less than it was given. */
function writeWhole(file: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
}

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
