import { Router } from 'express';
import type { QuarantinedEvent } from '../../core/message/quarantine.js';
import { parseSendgridEvents, type SendgridEngagement } from '../../core/message/sendgrid-events.js';
import { verifySendgridSignature } from '../../core/message/sendgrid-signature.js';
import { readToken } from '../../core/message/token.js';
import type { TenantId } from '../../core/ids.js';
import type { Database } from '../../db/client.js';
import { takeProviderEvents, type ProviderEvent } from '../../db/queries/send-ledger.js';
import { RequestProblem } from '../errors.js';
import type { Logger } from '../logging.js';
import { endUnreadConnection, readRawBody } from '../raw-body.js';
import { requestState } from '../requests.js';

export type SendgridWebhookDependencies = {
  readonly database: Database;
  /** Of the tokens that our messages carry. */
  readonly ledgerKey: Buffer;
  /** As SendGrid shows it: base64 of the public key with which it signs. */
  readonly publicKey: string;
  readonly logger: Pick<Logger, 'warn'>;
  readonly bodyTimeoutMs?: number;
};

const ROUTE = '/v1/webhooks/sendgrid';
/** A batch has up to a few hundred events of a kilobyte. */
const MAX_BODY_BYTES = 5_000_000;
const LINGER_MS = 2_000;

/**
 * SendGrid's event webhook. It is answered 204 after the events are stored; whatever else is answered, SendGrid sends them again
 * for a day. What can never be used is let go, and counted in the log: to send it again would change nothing.
 */
export function createSendgridWebhook(dependencies: SendgridWebhookDependencies): Router {
  const { database, ledgerKey, publicKey, logger, bodyTimeoutMs = 10_000 } = dependencies;
  const router = Router({ caseSensitive: true });
  router.post(ROUTE, async (request, response) => {
    const state = requestState(request);
    state.route = ROUTE;
    response.once('finish', () => endUnreadConnection(request, LINGER_MS));
    const body = await readRawBody(request, { maxBytes: MAX_BODY_BYTES, timeoutMs: bodyTimeoutMs });
    const signature = request.get('x-twilio-email-event-webhook-signature');
    const timestamp = request.get('x-twilio-email-event-webhook-timestamp');
    if (!verifySendgridSignature(publicKey, signature, timestamp, body))
      throw new RequestProblem('unauthorized', 'the signature is not SendGrid’s');
    const { engagements, quarantined } = parseSendgridEvents(body);
    const { byTenant, strangers } = sortByTenant(ledgerKey, engagements);
    for (const [tenantId, events] of byTenant) await takeProviderEvents(database, tenantId, 'sendgrid', events);
    if (strangers + quarantined.length > 0) {
      const reasons = { ...countReasons(quarantined), ...(strangers > 0 && { 'the token is not ours': strangers }) };
      logger.warn({ requestId: state.requestId, events: engagements.length - strangers, reasons }, 'SendGrid told what cannot be used');
    }
    response.status(204).end();
  });
  return router;
}

function sortByTenant(ledgerKey: Buffer, engagements: readonly SendgridEngagement[]) {
  const byTenant = new Map<TenantId, ProviderEvent[]>();
  let strangers = 0;
  for (const engagement of engagements) {
    const message = readToken(ledgerKey, engagement.token);
    if (message === undefined) {
      strangers += 1;
      continue;
    }
    const { providerEventId, occurredAtMs, byMachine } = engagement;
    const event = {
      eventId: providerEventId,
      messageId: message.messageId,
      kind: kindOf(engagement),
      at: new Date(occurredAtMs),
      byMachine,
    };
    const events = byTenant.get(message.tenantId);
    if (events) events.push(event);
    else byTenant.set(message.tenantId, [event]);
  }
  return { byTenant, strangers };
}

function kindOf({ kind, isPermanent }: SendgridEngagement): ProviderEvent['kind'] {
  switch (kind) {
    case 'accepted':
    case 'deferred':
      // SendGrid has it, and goes on trying.
      return 'sent';
    case 'bounced':
      // A mailbox that is full now may be written to later: such a bounce is a message that failed, and no more.
      return isPermanent ? 'bounced' : 'dropped';
    case 'delivered':
    case 'opened':
    case 'clicked':
    case 'dropped':
    case 'complained':
    case 'unsubscribed':
      return kind;
  }
}

function countReasons(quarantined: readonly QuarantinedEvent[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { because } of quarantined) counts[because] = (counts[because] ?? 0) + 1;
  return counts;
}
