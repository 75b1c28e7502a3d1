import { createHmac } from 'node:crypto';
import { Router, type Request, type Response } from 'express';
import type { TenantId } from '../core/ids.js';
import { readToken } from '../core/message/token.js';
import type { Database } from '../db/client.js';
import { confirmConsent, findConfirmation, type ConfirmationStanding } from '../db/queries/confirmations.js';
import { sendPage, type Page } from './pages.js';
import { createRateLimiter, type RateLimits } from './rate-limits.js';
import { readRawBody } from './raw-body.js';
import { requestState } from './requests.js';

export type ConfirmDependencies = {
  readonly database: Database;
  /** Of the tokens that the mails carry; hashes where the button was pressed from. */
  readonly ledgerKey: Buffer;
  readonly now: () => Date;
  readonly rateLimits?: RateLimits;
};

const ROUTE = '/v1/confirm/:token';
/** The button sends an empty form. */
const BODY = { maxBytes: 10_000, timeoutMs: 10_000 };

/**
 * Where the link leads that asks whether a yes is its reader's. Whoever follows it sees a page with a button: programs that look through mail
 * follow every link, and so nothing changes by that. The button posts, and to post again changes nothing. A link works for seven days, and
 * not against a no that was said since.
 */
export function createConfirmPages({ database, ledgerKey, now, rateLimits }: ConfirmDependencies): Router {
  const router = Router({ caseSensitive: true });
  const limiter = createRateLimiter(rateLimits);
  const messageOf = (request: Request<{ token: string }>) => {
    requestState(request).route = ROUTE;
    return readToken(ledgerKey, request.params.token, 'confirmation');
  };
  router.get(ROUTE, limiter, async (request: Request<{ token: string }>, response) => {
    const message = messageOf(request);
    const found = message && (await findConfirmation(database, message.tenantId, message.messageId, now()));
    if (!found) return sendPage(response, 404, UNKNOWN);
    showStanding(response, found.standing, found.brandName);
  });
  router.post(ROUTE, limiter, async (request: Request<{ token: string }>, response) => {
    const message = messageOf(request);
    // What is said in it is always the same: it is read so that the connection can be used again.
    await readRawBody(request, BODY);
    if (!message) return sendPage(response, 404, UNKNOWN);
    const { tenantId, messageId } = message;
    const evidence = { ip_hash: hashIp(ledgerKey, tenantId, request.ip ?? '') };
    const standing = await confirmConsent(database, tenantId, { messageId, evidence, at: now() });
    if (!standing) return sendPage(response, 404, UNKNOWN);
    showStanding(response, standing, null);
  });
  return router;
}

/** Where somebody was, so that it can be compared, and not be read. */
const hashIp = (ledgerKey: Buffer, tenantId: TenantId, ip: string): string =>
  createHmac('sha256', ledgerKey).update(`madansara address ${tenantId}`).update(ip).digest('hex');

function showStanding(response: Response, standing: ConfirmationStanding, brandName: string | null): void {
  switch (standing) {
    case 'open':
      return sendPage(response, 200, question(brandName));
    case 'confirmed':
      return sendPage(response, 200, CONFIRMED);
    case 'expired':
      return sendPage(response, 410, EXPIRED);
    case 'withdrawn':
      return sendPage(response, 410, WITHDRAWN);
  }
}

const question = (brandName: string | null): Page => ({
  title: 'Confirm your address?',
  text: `${brandName ?? 'We'} will write to you at the address that the mail came to. You can stop it at any time.`,
  button: 'Confirm',
});
const CONFIRMED: Page = {
  title: 'Your address is confirmed',
  text: 'Thank you, that is all. Every mail will have a link to stop them.',
};
const EXPIRED: Page = {
  title: 'This link has expired',
  text: 'It worked for seven days. Nothing was confirmed: please enter your address once more, and you will get a new link.',
};
const WITHDRAWN: Page = {
  title: 'This link does not count any more',
  text: 'Since the mail was sent, somebody has said at this address that they want none. Please enter your address once more if you do.',
};
const UNKNOWN: Page = {
  title: 'This link is not complete',
  text: 'Please follow the link in the mail once more, or copy all of it: a part of it seems to be missing.',
};
