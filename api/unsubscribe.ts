import { Router, type Request } from 'express';
import { readToken } from '../core/message/token.js';
import type { Database } from '../db/client.js';
import { unsubscribe } from '../db/queries/unsubscribing.js';
import { sendPage, type Page } from './pages.js';
import { readRawBody } from './raw-body.js';
import { requestState } from './requests.js';

export type UnsubscribeDependencies = {
  readonly database: Database;
  /** Of the tokens that our messages carry. */
  readonly ledgerKey: Buffer;
  readonly now: () => Date;
};

const ROUTE = '/v1/unsubscribe/:token';
/** One field of a form, in whichever of its two encodings. */
const BODY = { maxBytes: 10_000, timeoutMs: 10_000 };

/**
 * Where the link in a mail leads. Whoever follows it sees a page with a button: programs that look through mail follow every link,
 * and so nothing changes by that. The button, and a mail program's one-click unsubscribe (RFC 8058), post; nobody has to log in. To
 * post again changes nothing. Nothing is kept from anybody who holds a link but whether it is one of ours.
 */
export function createUnsubscribePages({ database, ledgerKey, now }: UnsubscribeDependencies): Router {
  const router = Router({ caseSensitive: true });
  router.get(ROUTE, (request, response) => {
    requestState(request).route = ROUTE;
    if (readToken(ledgerKey, request.params.token) === undefined) return sendPage(response, 404, UNKNOWN);
    sendPage(response, 200, QUESTION);
  });
  router.post(ROUTE, async (request: Request<{ token: string }>, response) => {
    requestState(request).route = ROUTE;
    // What is said in it is always the same: it is read so that the connection can be used again.
    await readRawBody(request, BODY);
    const message = readToken(ledgerKey, request.params.token);
    if (message === undefined) return sendPage(response, 404, UNKNOWN);
    const { tenantId, messageId } = message;
    await unsubscribe(database, tenantId, { messageId, at: now() });
    sendPage(response, 200, DONE);
  });
  return router;
}

const QUESTION: Page = {
  title: 'Unsubscribe?',
  text: 'You will get no more of these mails at this address.',
  button: 'Unsubscribe',
};
const DONE: Page = {
  title: 'You are unsubscribed',
  text: 'You will get no more of these mails at this address. It may take a moment for one that is on its way.',
};
const UNKNOWN: Page = {
  title: 'This link is not complete',
  text: 'Please follow the link in the mail once more, or copy all of it: a part of it seems to be missing.',
};
