import { Router, type Request, type Response } from 'express';
import { readLink } from '../core/message/link-token.js';
import { isLinkRobot } from '../core/message/link-robots.js';
import type { Database } from '../db/client.js';
import { findLinkTenant, followLink } from '../db/queries/links.js';
import { translateError } from './errors.js';
import { sendPage, type Page } from './pages.js';
import { createRateLimiter, type RateLimits } from './rate-limits.js';
import { requestState } from './requests.js';

export type LinkDependencies = {
  readonly database: Database;
  /** Of the links that our messages carry. */
  readonly ledgerKey: Buffer;
  readonly now: () => Date;
  readonly rateLimits?: RateLimits;
};

const ROUTE = '/l/:token';

/**
 * Where the links in texts lead, and from where whoever follows one is led on: to what the message said, and to nothing else. The first
 * time that a person does it is noted as a click. Programs that look at links for a preview are led on too, and nothing is noted.
 */
export function createLinkPages({ database, ledgerKey, now, rateLimits }: LinkDependencies): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router.get(
    ROUTE,
    (request: Request<{ token: string }>, _response, next) => {
      const state = requestState(request);
      state.route = ROUTE;
      // Thousands of telephones share one address of their provider's. Who holds a link is counted by it.
      if (readLink(ledgerKey, request.params.token)) state.link = request.params.token;
      next();
    },
    createRateLimiter(rateLimits),
    async (request: Request<{ token: string }>, response) => {
      try {
        await leadOn(request, response);
      } catch (error) {
        const { problem, headers } = translateError(error, requestState(request).requestId);
        if (problem.code !== 'unavailable') throw error;
        sendPage(response.set(headers), problem.status, LATER);
      }
    },
  );

  async function leadOn(request: Request<{ token: string }>, response: Response): Promise<void> {
    const link = readLink(ledgerKey, request.params.token);
    const tenantId = link && (await findLinkTenant(database, link.linkId));
    if (!tenantId) return sendPage(response, 404, UNKNOWN);
    const target = await followLink(database, tenantId, { ...link, clickedAt: isClick(request) ? now() : null });
    if (target === undefined) return sendPage(response, 404, UNKNOWN);
    response.status(302).location(target).set('X-Robots-Tag', 'noindex').end();
  }
  return router;
}

/** A browser that fetches a page in advance says so. */
const isClick = (request: Request): boolean =>
  request.method === 'GET' &&
  !isLinkRobot(request.get('User-Agent')) &&
  !['Sec-Purpose', 'Purpose', 'X-Moz'].some((name) => /prefetch|preview/i.test(request.get(name) ?? ''));

const UNKNOWN: Page = {
  title: 'This link leads nowhere',
  text: 'Please follow the link in the message once more, or copy all of it: a part of it seems to be missing.',
};
const LATER: Page = {
  title: 'One moment, please',
  text: 'The link is right, and where it leads cannot be looked up just now. Please try again.',
};
