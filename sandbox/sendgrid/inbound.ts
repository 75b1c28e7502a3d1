import { randomBytes } from 'node:crypto';
import type { Chances, WebhookFault } from '../provider/faults.js';
import { startPosting } from '../provider/webhook.js';

export type InboundOptions = {
  /** Where mails are posted; before there is one, nobody takes them in. */
  readonly url?: string;
  readonly flushMs?: number;
  /** The first wait after 5xx or no answer; each later one is twice as long, for three days. */
  readonly retryBaseMs?: number;
  readonly answerTimeoutMs?: number;
  readonly chances?: Chances<WebhookFault>;
};

/** A mail as somebody writes it. */
export type WrittenMail = {
  readonly from: string;
  readonly to: string;
  readonly subject?: string;
  readonly text?: string;
  readonly html?: string;
  /** Lines of the head beside those that every mail has. */
  readonly head?: Readonly<Record<string, string>>;
  /** Fields of the form that are others than a mail like this would have. */
  readonly fields?: Readonly<Record<string, string>>;
};

const THREE_DAYS_MS = 3 * 86_400_000;

export type InboundParse = ReturnType<typeof inboundParse>;

/**
 * SendGrid's inbound parse: posts each mail as a form, until it is answered with 2xx. What is answered with 3xx or 4xx is dropped at once, and
 * nobody is told.
 */
export function inboundParse(
  { flushMs = 50, retryBaseMs = 1_000, answerTimeoutMs = 30_000, chances, ...options }: InboundOptions,
  { seed }: { readonly seed: number },
) {
  let url = options.url;
  const posting = startPosting<Readonly<Record<string, string>>>({
    maxBatch: 1,
    flushMs,
    answerTimeoutMs,
    seed,
    chances,
    post: ([fields = {}]) => ({ url: url ?? '', ...formOf(fields) }),
    // Whoever knows the address can write anything: as from somebody else.
    forge: (mails) => mails.map((fields) => ({ ...fields, from: 'stranger@example.org', SPF: 'fail', dkim: 'none' })),
    retryAfterMs(answer, attempt) {
      const waitMs = retryBaseMs * 2 ** (attempt - 1);
      const isOver = typeof answer === 'number' && answer < 500;
      return isOver || waitMs >= THREE_DAYS_MS ? undefined : waitMs;
    },
  });
  return {
    ...posting,
    /** Somebody writes a mail, and after a while it arrives. */
    write: (mail: WrittenMail, afterMs = 0): void => {
      const fields = fieldsOf(mail);
      posting.schedule(() => (url === undefined ? undefined : fields), afterMs);
    },
    setUrl: (next: string) => void (url = next),
  };
}

/** The fields that a mail is posted with. */
export function fieldsOf({ from, to, subject = '', text, html, head = {}, fields }: WrittenMail): Readonly<Record<string, string>> {
  const domain = from.slice(from.lastIndexOf('@') + 1);
  const lines = { From: from, To: to, Subject: subject, 'Message-ID': `<${randomBytes(12).toString('hex')}@${domain}>`, ...head };
  return {
    headers: Object.entries(lines)
      .map(([name, value]) => `${name}: ${value}\n`)
      .join(''),
    dkim: `{@${domain} : pass}`,
    SPF: 'pass',
    to,
    from,
    sender_ip: '192.0.2.1',
    envelope: JSON.stringify({ to: [to], from }),
    subject,
    attachments: '0',
    charsets: JSON.stringify({ to: 'UTF-8', from: 'UTF-8', subject: 'UTF-8', text: 'utf-8', html: 'utf-8' }),
    ...(text !== undefined && { text }),
    ...(html !== undefined && { html }),
    ...fields,
  };
}

/** A form as SendGrid posts it. */
export function formOf(fields: Readonly<Record<string, string>>): {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
} {
  const boundary = `xYzZY${randomBytes(8).toString('hex')}`;
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  return {
    headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}`, 'User-Agent': 'Sendlib/1.0' },
    body: `${parts.join('')}--${boundary}--\r\n`,
  };
}
