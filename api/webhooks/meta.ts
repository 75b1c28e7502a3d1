import { randomBytes } from 'node:crypto';
import { Router, type Request, type Response } from 'express';
import type { TenantId } from '../../core/ids.js';
import { eventsOfComment } from '../../core/message/comment-keywords.js';
import { readMetaEvents, type MetaEvent } from '../../core/message/meta-events.js';
import { isVerifyToken, verifyMetaSignature } from '../../core/message/meta-signature.js';
import { wishOf } from '../../core/message/reply-wish.js';
import { hashText, NONCE_BYTES, sealText } from '../../core/message/sealed-text.js';
import { readToken } from '../../core/message/token.js';
import type { Database } from '../../db/client.js';
import { ingestEvents } from '../../db/queries/events.js';
import { takeProviderEvents, type ProviderEvent } from '../../db/queries/send-ledger.js';
import { findSocialAccount, findSocialTenant } from '../../db/queries/social-accounts.js';
import { findEchoed, findSocialMessages, findUnread, takeComment, takeSocialReply, type KnownMessage } from '../../db/queries/social.js';
import { noteTextSid } from '../../db/queries/texts.js';
import { RequestProblem } from '../errors.js';
import type { Logger } from '../logging.js';
import { endUnreadConnection, readRawBody } from '../raw-body.js';
import { requestState } from '../requests.js';

export type MetaWebhookDependencies = {
  readonly database: Database;
  /** Of the tokens that our messages carry; what people write is sealed under it too. */
  readonly ledgerKey: Buffer;
  readonly appSecret: string;
  /** What Meta was given where the webhook was set up. */
  readonly verifyToken: string;
  readonly now: () => Date;
  readonly logger: Pick<Logger, 'warn'>;
};

export const META_ROUTE = '/v1/webhooks/meta';
/** Meta puts up to 1,000 things into one post. */
const BODY = { maxBytes: 4_000_000, timeoutMs: 10_000 };
const LINGER_MS = 2_000;
const DAY_MS = 24 * 3_600_000;

type Of<K extends MetaEvent['kind']> = Extract<MetaEvent, { kind: K }>;

/**
 * Meta's webhook: what becomes of messages, what people write and comment. Whatever Meta has signed is answered 200, whether or not it can
 * be used, which the log says without a word of it: the same would come again. Whatever else is answered, it was not all stored, and
 * comes again.
 */
export function createMetaWebhook(dependencies: MetaWebhookDependencies): Router {
  const router = Router({ caseSensitive: true });
  const { appSecret, verifyToken, now, logger } = dependencies;
  router.get(META_ROUTE, (request: Request, response: Response) => {
    requestState(request).route = META_ROUTE;
    const { 'hub.mode': mode, 'hub.verify_token': token, 'hub.challenge': challenge } = request.query;
    if (mode !== 'subscribe' || !isVerifyToken(verifyToken, token)) throw new RequestProblem('forbidden', 'the verify token is not ours');
    if (typeof challenge !== 'string' || !/^[\w-]{1,200}$/.test(challenge)) throw new RequestProblem('invalid', 'a challenge is expected');
    response.type('text/plain').send(challenge);
  });
  router.post(META_ROUTE, async (request: Request, response: Response) => {
    const state = requestState(request);
    state.route = META_ROUTE;
    response.once('finish', () => endUnreadConnection(request, LINGER_MS));
    const rawBody = await readRawBody(request, BODY);
    if (!verifyMetaSignature(appSecret, request.get('x-hub-signature-256'), rawBody)) {
      throw new RequestProblem('unauthorized', 'the signature is not Meta’s');
    }
    for (const event of readMetaEvents(parsed(rawBody), now().getTime())) {
      const because = 'because' in event ? event.because : await take(dependencies, event);
      if (because !== undefined) logger.warn({ requestId: state.requestId, because }, 'Meta told what cannot be used');
    }
    response.status(200).end();
  });
  return router;
}

function parsed(rawBody: Buffer): unknown {
  try {
    return JSON.parse(rawBody.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Takes one thing, once. Gives why it cannot be used. */
async function take(dependencies: MetaWebhookDependencies, event: MetaEvent): Promise<string | undefined> {
  const tenantId = await findSocialTenant(dependencies.database, event);
  if (tenantId === undefined) return 'it is of an account of no tenant';
  switch (event.kind) {
    case 'message':
      return takeMessage(dependencies, tenantId, event);
    case 'echo':
      return takeEcho(dependencies, tenantId, event);
    case 'delivered':
      return takeDelivered(dependencies, tenantId, event);
    case 'read':
      return takeRead(dependencies, tenantId, event);
    case 'comment':
      return takeCommented(dependencies, tenantId, event);
  }
}

async function takeMessage({ database, ledgerKey }: MetaWebhookDependencies, tenantId: TenantId, event: Of<'message'>): Promise<undefined> {
  const { provider, from, mid, text, quotes, atMs } = event;
  const sealed = sealText(ledgerKey, { tenantId, providerId: mid }, text, randomBytes(NONCE_BYTES));
  const reply = { provider, providerId: mid, from, quotes, asks: wishOf({ text }), sealed, at: new Date(atMs) };
  await takeSocialReply(database, tenantId, reply, ledgerKey);
  return undefined;
}

/**
 * What the account has said. By our token, or, where the network brings none back, by its words, it is a message of ours of which it may
 * not have been known whether the network has it. All else was written by hand.
 */
async function takeEcho(dependencies: MetaWebhookDependencies, tenantId: TenantId, event: Of<'echo'>): Promise<string | undefined> {
  const { database, ledgerKey } = dependencies;
  const { to, mid, text, metadata, atMs } = event;
  const named = metadata === undefined ? undefined : readToken(ledgerKey, metadata);
  if (named && named.tenantId !== tenantId) return 'the token is another tenant’s';
  const known = named ? undefined : (await findSocialMessages(database, tenantId, [mid]))[0];
  const echo = { addressKey: ledgerKey, address: to, said: hashText(ledgerKey, text), since: new Date(atMs - DAY_MS) };
  const messageId = named?.messageId ?? known?.messageId ?? (await findEchoed(database, tenantId, echo));
  if (messageId === undefined || !(await noteTextSid(database, tenantId, messageId, mid))) return undefined;
  await tell(dependencies, tenantId, [{ messageId, sid: mid }], { kind: 'sent', atMs });
  return undefined;
}

async function takeDelivered(dependencies: MetaWebhookDependencies, tenantId: TenantId, event: Of<'delivered'>): Promise<undefined> {
  const messages = await findSocialMessages(dependencies.database, tenantId, event.mids);
  await tell(dependencies, tenantId, messages, { kind: 'delivered', atMs: event.atMs });
}

async function takeRead(dependencies: MetaWebhookDependencies, tenantId: TenantId, event: Of<'read'>): Promise<undefined> {
  const { database, ledgerKey: addressKey } = dependencies;
  const { from: address, mid, untilMs, atMs } = event;
  const messages =
    mid === undefined
      ? await findUnread(database, tenantId, { addressKey, address, until: new Date(untilMs) })
      : await findSocialMessages(database, tenantId, [mid]);
  await tell(dependencies, tenantId, messages, { kind: 'opened', atMs });
}

type Telling = { readonly kind: ProviderEvent['kind']; readonly atMs: number };

/** Meta gives its events no id: each is one message's, once. */
async function tell(
  { database }: MetaWebhookDependencies,
  tenantId: TenantId,
  messages: readonly KnownMessage[],
  { kind, atMs }: Telling,
): Promise<void> {
  if (messages.length === 0) return;
  const at = new Date(atMs);
  const events = messages.map(({ messageId, sid }) => ({ eventId: `${sid}-${kind}`, messageId, kind, at, byMachine: false }));
  await takeProviderEvents(database, tenantId, 'meta', events);
}

/** A comment with a keyword is an event of whoever wrote it; it is kept before that, so that whoever enters by the event finds it. */
async function takeCommented({ database }: MetaWebhookDependencies, tenantId: TenantId, event: Of<'comment'>): Promise<string | undefined> {
  const { provider, account, from, commentId, text, post, atMs } = event;
  const found = await database.withTenant(tenantId, (tx) => findSocialAccount(tx, tenantId, provider));
  if (found?.accountId !== account) return 'it is of an account that was replaced';
  const names = eventsOfComment(text, found.commentKeywords);
  if (names.length === 0) return undefined;
  const userId = await takeComment(database, tenantId, { provider, commentId, from, at: new Date(atMs) });
  const accepted = names.map((name) => ({
    kind: 'event' as const,
    messageId: `meta-comment:${commentId}:${name}`,
    userId,
    event: name,
    occurredAtMs: atMs,
    properties: { provider, ...(post !== undefined && { post }) },
  }));
  await ingestEvents(database, tenantId, { accepted, rejected: [] });
  return undefined;
}
