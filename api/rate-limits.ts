import type { Request, RequestHandler } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { RequestProblem } from './errors.js';
import { requestState } from './requests.js';

export type RateLimits = {
  /** Requests a minute of one key. */
  readonly perKey: number;
  /** Requests a minute from one address that prove no key (public pages, failed attempts), of one user's pages, or by one link. */
  readonly perAddress: number;
};

/** Generous: they stop a loop that runs wild, not a busy customer. Each API process counts for itself. */
export const defaultRateLimits: RateLimits = { perKey: 6_000, perAddress: 600 };

const MINUTE_MS = 60_000;

/** Counts a request by its key, its user or its link when it has proven one, and otherwise by its address. Run it after authentication. */
export function createRateLimiter(limits: RateLimits = defaultRateLimits): RequestHandler {
  return rateLimit({
    windowMs: MINUTE_MS,
    limit: (request) => (requestState(request).holder ? limits.perKey : limits.perAddress),
    keyGenerator: limitedBy,
    standardHeaders: 'draft-8',
    identifier: 'per-minute',
    legacyHeaders: false,
    // Who sends a Forwarded header is not thereby somebody else: the address is the connection's, or a local proxy's word.
    validate: { forwardedHeader: false, xForwardedForHeader: false },
    handler: (_request, response) => {
      const retryAfter = response.getHeader('Retry-After');
      throw new RequestProblem('rate_limited', `the limit of requests a minute is reached; try again in ${String(retryAfter)} s`);
    },
  });
}

function limitedBy(request: Request): string {
  const { holder, subscriber, link } = requestState(request);
  if (holder) return `key ${holder.keyId}`;
  if (subscriber) return `subscriber ${subscriber.topic}`;
  if (link) return `link ${link}`;
  return `address ${request.ip ? ipKeyGenerator(request.ip) : 'unknown'}`;
}
