import { Router } from 'express';
import { parseSendgridEvents, type SendgridEngagement } from '../../core/message/sendgrid-events.js';
import { verifySendgridSignature } from '../../core/message/sendgrid-signature.js';
import { readToken } from '../../core/message/token.js';
import type { TenantId } from '../../core/ids.js';
import type { Database } from '../../db/client.js';
import { takeProviderEvents, type ProviderEvent } from '../../db/queries/send-ledger.js';
import { RequestProblem } from '../errors.js';
import { readRawBody } from '../raw-body.js';
import { requestState } from '../requests.js';

export type SendgridWebhookDependencies = {
  readonly database: Database;
  /** Of the tokens that our messages carry. */
  readonly ledgerKey: Buffer;
  /** As SendGrid shows it: base64 of the public key with which it signs. */
  readonly publicKey: string;
  readonly bodyTimeoutMs?: number;
};

const ROUTE = '/v1/webhooks/sendgrid';
/** A batch has up to a few hundred events of a kilobyte. */
const MAX_BODY_BYTES = 5_000_000;

const KINDS: Readonly<Partial<Record<SendgridEngagement['kind'], ProviderEvent['kind']>>> = {
  accepted: 'sent',
  delivered: 'delivered',
  opened: 'opened',
  clicked: 'clicked',
  dropped: 'dropped',
  complained: 'complained',
  unsubscribed: 'unsubscribed',
};

/**
 * SendGrid's event webhook. It is answered 204 after the events are stored; whatever else is answered, SendGrid sends them again
 * for a day. Events of messages that are not ours, or not there any more, are let go: to send them again would change nothing.
 */
export function createSendgridWebhook({ database, ledgerKey, publicKey, bodyTimeoutMs = 10_000 }: SendgridWebhookDependencies): Router {
  const router = Router({ caseSensitive: true });
  router.post(ROUTE, async (request, response) => {
    requestState(request).route = ROUTE;
    const body = await readRawBody(request, { maxBytes: MAX_BODY_BYTES, timeoutMs: bodyTimeoutMs });
    const signature = request.get('x-twilio-email-event-webhook-signature');
    const timestamp = request.get('x-twilio-email-event-webhook-timestamp');
    if (!verifySendgridSignature(publicKey, signature, timestamp, body))
      throw new RequestProblem('unauthorized', 'the signature is not SendGrid’s');
    for (const [tenantId, events] of byTenant(ledgerKey, parseSendgridEvents(body).engagements)) {
      await takeProviderEvents(database, tenantId, 'sendgrid', events);
    }
    response.status(204).end();
  });
  return router;
}

function byTenant(ledgerKey: Buffer, engagements: readonly SendgridEngagement[]): ReadonlyMap<TenantId, readonly ProviderEvent[]> {
  const groups = new Map<TenantId, ProviderEvent[]>();
  for (const { kind, token, providerEventId, occurredAtMs, byMachine, isPermanent } of engagements) {
    const message = readToken(ledgerKey, token);
    // A mailbox that is full now may be written to later: such a bounce is a message that failed, and no more.
    const told = kind === 'bounced' ? (isPermanent ? 'bounced' : 'dropped') : KINDS[kind];
    if (message === undefined || told === undefined) continue;
    const event = { eventId: providerEventId, messageId: message.messageId, kind: told, at: new Date(occurredAtMs), byMachine };
    groups.set(message.tenantId, [...(groups.get(message.tenantId) ?? []), event]);
  }
  return groups;
}
