import { Router, type Request, type Response } from 'express';
import type { Subscriber } from '../core/inbox/subscriber-token.js';
import { RequestProblem } from './errors.js';
import { createRateLimiter, type RateLimits } from './rate-limits.js';
import { readRawBody } from './raw-body.js';
import { requestState } from './requests.js';
import { admitSubscriber, type SubscriberAdmission } from './subscribers.js';

export type SubscriberRouting = Omit<SubscriberAdmission, 'rateLimiter'> & {
  readonly rateLimits?: RateLimits | undefined;
  /** How long a body may take to arrive. */
  readonly bodyTimeoutMs?: number;
};

export type SubscriberHandler = (subscriber: Subscriber, request: Request, response: Response) => Promise<void>;
type Handlers = Readonly<Partial<Record<'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE', SubscriberHandler>>>;

/** What pages and apps ask for from any site in the name of one user: the token says whose it is, and no address, cookie or body does. */
export function createSubscriberRouter(
  { rateLimits, bodyTimeoutMs = 10_000, ...tokens }: SubscriberRouting,
  { maxBodyBytes }: { readonly maxBodyBytes: number },
) {
  const admission = { ...tokens, rateLimiter: createRateLimiter(rateLimits) };
  const router = Router({ caseSensitive: true });
  return {
    router,
    serve(path: string, handlers: Handlers): void {
      const methods = Object.keys(handlers);
      router.all(path, async (request, response) => {
        requestState(request).route = path.replace(/:(\w+)/g, '{$1}');
        letAnySite(response);
        const handler = methods.includes(request.method) ? handlers[request.method as keyof Handlers] : undefined;
        if (!handler) return answerOtherMethod(methods, request, response);
        await handler(await admitSubscriber(admission, request, response), request, response);
      });
    },
    bodyOf: (request: Request): Promise<Buffer> => readRawBody(request, { maxBytes: maxBodyBytes, timeoutMs: bodyTimeoutMs }),
  };
}

/** Pages of any site may read the answer. */
export function letAnySite(response: Response): void {
  response.set({ 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': 'X-Request-Id, Retry-After' });
}

/** Answers a browser that asks beforehand, and refuses methods that are not there. */
export function answerOtherMethod(methods: readonly string[], request: Request, response: Response): void {
  const allowed = { Allow: [...methods, 'OPTIONS'].join(', ') };
  if (request.method !== 'OPTIONS') {
    throw new RequestProblem('method_not_allowed', `${request.method} is not allowed here; ${methods.join(' and ')} is`, {
      headers: allowed,
    });
  }
  response
    .status(204)
    .set({
      ...allowed,
      'Access-Control-Allow-Methods': methods.join(', '),
      'Access-Control-Allow-Headers': 'authorization, content-type, last-event-id, x-request-id',
      'Access-Control-Max-Age': '86400',
    })
    .end();
}

export function parsedBody(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new RequestProblem('invalid', 'the body is not JSON');
  }
}
