import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Router, type Request } from 'express';
import { readReply } from '../../core/consent/opt-out-words.js';
import { readInboundMail, type InboundMail } from '../../core/message/inbound-mail.js';
import { readReplyAddress } from '../../core/message/reply-address.js';
import { NONCE_BYTES, sealText } from '../../core/message/sealed-text.js';
import type { MessageRef } from '../../core/message/token.js';
import type { Database } from '../../db/client.js';
import { takeMailReply } from '../../db/queries/mail-replies.js';
import type { Logger } from '../logging.js';
import { endUnreadConnection } from '../raw-body.js';
import { requestState } from '../requests.js';
import { readMultipart } from './multipart.js';

export type SendgridInboundDependencies = {
  readonly database: Database;
  /** Of the addresses that our mails ask replies to; what people write is sealed under it too. */
  readonly ledgerKey: Buffer;
  /** Stands in the address that SendGrid posts to: it signs nothing. */
  readonly secret: string;
  readonly now: () => Date;
  readonly logger: Pick<Logger, 'warn'>;
  readonly bodyTimeoutMs?: number;
};

const ROUTE = '/v1/webhooks/sendgrid/inbound/:secret';
/** SendGrid takes mails up to 30 MB. */
const MAX_BODY_BYTES = 32_000_000;
const MAX_FIELD_BYTES = 1_000_000;
const LINGER_MS = 2_000;

/**
 * SendGrid's inbound parse: mails that people write back. SendGrid drops a mail at once that is answered with 4xx and tells nobody, and tries
 * again for three days after 5xx. So what was stored, and what can never be used, is answered 200, and the log says why; 503 is for what
 * did not arrive whole, and for a wrong secret, which somebody may mend in three days.
 */
export function createSendgridInbound(dependencies: SendgridInboundDependencies): Router {
  const { secret, logger, bodyTimeoutMs = 60_000 } = dependencies;
  const router = Router({ caseSensitive: true });
  router.post(ROUTE, async (request: Request<{ secret: string }>, response) => {
    const state = requestState(request);
    state.route = ROUTE;
    response.once('finish', () => endUnreadConnection(request, LINGER_MS));
    const again = (because: string, error?: unknown): void => {
      logger.warn(
        { requestId: state.requestId, because, ...(error !== undefined && { error }) },
        'a mail was not taken: it will come again',
      );
      response.status(503).set('Connection', 'close').end();
    };
    if (!isSame(request.params.secret, secret)) return again('the secret in the address is another one');
    const reading = await readMultipart(request, { maxBytes: MAX_BODY_BYTES, maxFieldBytes: MAX_FIELD_BYTES, timeoutMs: bodyTimeoutMs });
    if (reading.kind === 'incomplete') return again('it did not arrive whole');
    try {
      const because = reading.kind === 'unreadable' ? reading.because : await takeMail(dependencies, reading.fields);
      if (because !== undefined) logger.warn({ requestId: state.requestId, because }, 'a mail cannot be used');
    } catch (error) {
      return again('it could not be stored', error);
    }
    response.status(200).end();
  });
  return router;
}

const isSame = (sent: string, secret: string): boolean => timingSafeEqual(hashed(sent), hashed(secret));
const hashed = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Stores a mail, or gives why it cannot be used. */
async function takeMail(dependencies: SendgridInboundDependencies, parts: ReadonlyMap<string, Buffer>): Promise<string | undefined> {
  const mail = readInboundMail(decoded(parts));
  if ('because' in mail) return mail.because;
  const message = mail.recipients.map((address) => readReplyAddress(dependencies.ledgerKey, address)).find((found) => found !== undefined);
  return message === undefined ? 'it was written to no address of ours' : takeReply(dependencies, message, mail);
}

async function takeReply({ database, ledgerKey, now }: SendgridInboundDependencies, message: MessageRef, mail: InboundMail) {
  const { tenantId, messageId } = message;
  const providerId = createHash('sha256').update(`${messageId} ${mail.digest}`).digest('hex');
  const taken = await takeMailReply(database, tenantId, {
    messageId,
    providerId,
    from: mail.from,
    isAuthentic: mail.isAuthentic,
    isAutomatic: mail.isAutomatic,
    asks: wishIn(mail),
    sealed: sealText(ledgerKey, { tenantId, providerId }, mail.text, randomBytes(NONCE_BYTES)),
    addressKey: ledgerKey,
    at: now(),
  });
  return taken ? undefined : 'its message is not there, or its person was deleted';
}

/** What a mail asks for. A yes is an answer in a mail, and signs nobody up; help is for people to give. */
function wishIn({ text, isAutomatic }: InboundMail): 'stop' | 'maybe_stop' | undefined {
  const read = isAutomatic ? 'none' : readReply(text);
  return read === 'stop' || read === 'maybe_stop' ? read : undefined;
}

/** The fields as text: SendGrid leaves them in the encoding in which they were written, and says in one of them which that is. */
function decoded(parts: ReadonlyMap<string, Buffer>): ReadonlyMap<string, string> {
  const charsets = charsetsIn(parts.get('charsets'));
  return new Map([...parts].map(([name, bytes]) => [name, decodedBy(charsets[name], bytes)]));
}

function charsetsIn(bytes: Buffer | undefined): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(bytes?.toString('utf8') ?? '{}');
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}

function decodedBy(charset: unknown, bytes: Buffer): string {
  try {
    return new TextDecoder(typeof charset === 'string' ? charset : 'utf-8').decode(bytes);
  } catch {
    return bytes.toString('utf8');
  }
}
