import { createHash } from 'node:crypto';
import type { Reaction } from './audience.js';
import type { AcceptedMessage } from './journal.js';

/** A reaction that SendGrid tells of by its event webhook. */
export type ToldReaction = Reaction & { readonly event: Exclude<Reaction['event'], 'reply'> };

/** An event as SendGrid posts it: custom arguments lie flat beside its own fields. */
export type SendgridEvent = {
  readonly email: string;
  readonly timestamp: number;
  readonly event: ToldReaction['event'];
  readonly sg_event_id: string;
  readonly sg_message_id: string;
  readonly [field: string]: unknown;
};

export function eventOf(
  message: AcceptedMessage,
  email: string,
  { event, byMachine = false }: ToldReaction,
  number: number,
  atMs: number,
): SendgridEvent {
  const { custom_args, categories, sg_message_id, message_id, content } = message;
  const id = createHash('sha256').update(`${sg_message_id} ${email} ${event} ${number}`).digest('base64url').slice(0, 48);
  return {
    ...custom_args,
    email,
    timestamp: Math.floor(atMs / 1_000),
    'smtp-id': `<${message_id}@geopod-ismtpd-sandbox>`,
    event,
    ...(categories.length > 0 && { category: categories }),
    sg_event_id: id,
    sg_message_id,
    ...detailsOf(event, byMachine, content),
  };
}

function detailsOf(event: ToldReaction['event'], byMachine: boolean, content: AcceptedMessage['content']): Record<string, unknown> {
  const browser = { useragent: 'Mozilla/5.0 (sandbox)', ip: '192.0.2.1' };
  switch (event) {
    case 'processed':
    case 'spamreport':
      return {};
    case 'dropped':
      return { reason: 'Bounced Address', status: '5.0.0' };
    case 'deferred':
      return { response: '421 4.7.0 try again later', attempt: '1' };
    case 'delivered':
      return { response: '250 OK', tls: 1 };
    case 'bounce':
      return { reason: '550 5.1.1 the mailbox does not exist', status: '5.1.1', type: 'bounce' };
    case 'open':
      return { ...browser, sg_content_type: 'html', sg_machine_open: byMachine };
    case 'click':
      return { ...browser, url: firstLink(content['text/html'] ?? ''), url_offset: { index: 0, type: 'html' } };
    case 'unsubscribe':
      return browser;
  }
}

const firstLink = (html: string): string => /href="(https?:[^"]+)"/.exec(html)?.[1] ?? 'https://example.com/';
