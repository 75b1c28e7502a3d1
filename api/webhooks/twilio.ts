import { randomBytes, randomUUID } from 'node:crypto';
import { Router, type Request, type Response } from 'express';
import type { TenantId } from '../../core/ids.js';
import { rulesFor } from '../../core/message/reply-rules.js';
import { readToken } from '../../core/message/token.js';
import type { QuarantinedEvent } from '../../core/message/quarantine.js';
import { wishOf } from '../../core/message/reply-wish.js';
import { hashText, NONCE_BYTES, sealText } from '../../core/message/sealed-text.js';
import { readTwilioForm, type TwilioForm } from '../../core/message/twilio-form.js';
import { readTwilioInbound, type InboundText } from '../../core/message/twilio-inbound.js';
import { TWILIO_TOKEN_PARAM } from '../../core/message/twilio-message.js';
import { verifyTwilioSignature } from '../../core/message/twilio-signature.js';
import { readTwilioStatus, type TwilioEngagement } from '../../core/message/twilio-status.js';
import type { Database } from '../../db/client.js';
import { findPhoneTenant } from '../../db/queries/phone-senders.js';
import { takeReply, type Answering } from '../../db/queries/replies.js';
import { listReplyRules } from '../../db/queries/reply-rules.js';
import { takeProviderEvents, type ProviderEvent } from '../../db/queries/send-ledger.js';
import { noteTextSid, suppressRecipient } from '../../db/queries/texts.js';
import { RequestProblem } from '../errors.js';
import type { Logger } from '../logging.js';
import { endUnreadConnection, readRawBody } from '../raw-body.js';
import { requestState } from '../requests.js';

export type TwilioWebhookDependencies = {
  readonly database: Database;
  /** Of the tokens that our messages carry; what people write is sealed under it too. */
  readonly ledgerKey: Buffer;
  /** Where Twilio reaches us: it signs the address that it requests, which is not what a server behind a proxy sees. */
  readonly publicUrl: string;
  readonly authToken: string;
  readonly now: () => Date;
  readonly logger: Pick<Logger, 'warn'>;
};

export const TWILIO_STATUS_ROUTE = '/v1/webhooks/twilio/status';
export const TWILIO_INBOUND_ROUTE = '/v1/webhooks/twilio/inbound';
/** A text has 1,600 characters at most. */
const BODY = { maxBytes: 100_000, timeoutMs: 10_000 };
const LINGER_MS = 2_000;

/**
 * Twilio's webhooks: what becomes of a message, and what people write. Whatever Twilio has signed is answered 204, whether or not it can
 * be used, which the log says: the same would come again. Whatever else is answered, it was not stored.
 */
export function createTwilioWebhooks(dependencies: TwilioWebhookDependencies): Router {
  const router = Router({ caseSensitive: true });
  const serve = (route: string, take: (form: TwilioForm, request: Request) => Promise<QuarantinedEvent | undefined>) =>
    router.post(route, async (request: Request, response: Response) => {
      const state = requestState(request);
      state.route = route;
      response.once('finish', () => endUnreadConnection(request, LINGER_MS));
      const unusable = await take(await readSigned(dependencies, route, request), request);
      // Why, and nothing of what was said.
      if (unusable) dependencies.logger.warn({ requestId: state.requestId, because: unusable.because }, 'Twilio told what cannot be used');
      response.status(204).end();
    });
  serve(TWILIO_STATUS_ROUTE, async (form, request) => {
    const told = readTwilioStatus(form, request.query[TWILIO_TOKEN_PARAM], dependencies.now().getTime());
    return 'because' in told ? told : takeStatus(dependencies, told);
  });
  serve(TWILIO_INBOUND_ROUTE, async (form) => {
    const written = readTwilioInbound(form);
    return 'because' in written ? written : takeText(dependencies, written);
  });
  return router;
}

/** The form, once it is known to be Twilio's: by the address that it was given, with the query as it came. */
async function readSigned({ publicUrl, authToken }: TwilioWebhookDependencies, route: string, request: Request): Promise<TwilioForm> {
  const form = readTwilioForm(await readRawBody(request, BODY));
  const at = request.originalUrl.indexOf('?');
  const url = `${publicUrl}${route}${at === -1 ? '' : request.originalUrl.slice(at)}`;
  if (!form || !verifyTwilioSignature(authToken, request.get('x-twilio-signature'), url, form)) {
    throw new RequestProblem('unauthorized', 'the signature is not Twilio’s');
  }
  return form;
}

async function takeStatus(
  { database, ledgerKey, now }: TwilioWebhookDependencies,
  told: TwilioEngagement,
): Promise<QuarantinedEvent | undefined> {
  const message = readToken(ledgerKey, told.token);
  if (message === undefined) return { because: 'the token is not ours', excerpt: '' };
  const { tenantId, messageId } = message;
  await noteTextSid(database, tenantId, messageId, told.messageSid);
  const event = { eventId: told.providerEventId, messageId, kind: kindOf(told), at: new Date(told.occurredAtMs), byMachine: false };
  await takeProviderEvents(database, tenantId, 'twilio', [event]);
  if (told.addressFault === 'opted_out') await suppressRecipient(database, tenantId, { messageId, because: 'unsubscribed', at: now() });
  return undefined;
}

/** A telephone that is off now may be written to later: such a failure is one message's, and no more. */
function kindOf({ kind, addressFault }: TwilioEngagement): ProviderEvent['kind'] {
  if (kind === 'accepted') return 'sent';
  return kind === 'bounced' && addressFault !== 'unreachable' ? 'dropped' : kind;
}

async function takeText(
  { database, ledgerKey, now }: TwilioWebhookDependencies,
  written: InboundText,
): Promise<QuarantinedEvent | undefined> {
  const { channel, from, to, text, messageSid, repliedTo, serviceSid } = written;
  const tenantId = await findPhoneTenant(database, { channel, number: to, serviceSid });
  if (tenantId === undefined) return { because: 'it was written to a sender of no tenant', excerpt: '' };
  const sealed = sealText(ledgerKey, { tenantId, providerId: messageSid }, text, randomBytes(NONCE_BYTES));
  const reply = { provider: 'twilio', providerId: messageSid, channel, from, quotes: repliedTo, asks: wishOf(written), sealed, at: now() };
  await takeReply(database, tenantId, reply, ledgerKey, await answeringOf({ database, ledgerKey }, tenantId, written));
  return undefined;
}

/** What rules would answer. Where Twilio says that it has read a word, it has answered by itself. */
async function answeringOf(
  { database, ledgerKey }: Pick<TwilioWebhookDependencies, 'database' | 'ledgerKey'>,
  tenantId: TenantId,
  written: InboundText,
): Promise<Answering> {
  const { channel, from, text, optOut } = written;
  const rules = optOut ? [] : await database.withTenant(tenantId, (tx) => listReplyRules(tx, tenantId, { active: true }));
  const sealId = randomUUID();
  return {
    rules: rulesFor(rules, { channel, text, asks: wishOf(written) }),
    said: hashText(ledgerKey, text),
    sealId,
    sealedTo: sealText(ledgerKey, { tenantId, providerId: sealId }, from, randomBytes(NONCE_BYTES)),
  };
}
