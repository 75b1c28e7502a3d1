import { request as httpsRequest, type Agent, type RequestOptions } from 'node:https';
import webPush from 'web-push';
import type { PushAnswer } from '../../core/message/push-outcome.js';
import type { PushCarriage } from '../../core/message/push.js';
import { endpointFault, type PushSubscription } from '../../core/push/subscription.js';
import type { VapidKeys } from '../../core/push/vapid.js';
import { limitAtOnce, type InTurn } from './limit-at-once.js';
import { lookupPublic, PRIVATE_ADDRESS } from './public-lookup.js';
import { watchConnection } from './watched-connection.js';

export type PushOptions = {
  readonly vapid: VapidKeys;
  /** For the whole of a request, from looking up the name to the answer. */
  readonly timeoutMs: number;
  /** How many requests are under way at once. */
  readonly atOnce?: number;
  /** The one push service of a rehearsal, wherever it is, and the certificate that it is known by (PEM). */
  readonly service?: { readonly origin: string; readonly certificate: string };
};

export type PushClient = { readonly options: PushOptions; readonly inTurn: InTurn };

const AT_ONCE = 32;

export const createPushClient = (options: PushOptions): PushClient => ({ options, inTurn: limitAtOnce(options.atOnce ?? AT_ONCE) });

export type PushPost = PushCarriage & { readonly subscription: PushSubscription; readonly payload: string; readonly topic: string };

/** Seals a message for its device and signs the request; what is left is to send it, which never throws. */
export function preparePush({ options }: PushClient, post: PushPost): () => Promise<PushAnswer> {
  const { vapid, timeoutMs, service } = options;
  const { subscription, payload, topic, ttlSeconds, urgency } = post;
  const { endpoint, ...keys } = subscription;
  const fault = endpointFault(endpoint, service?.origin);
  if (fault !== undefined) return () => Promise.resolve({ kind: 'forbidden', because: `its endpoint: ${fault}` });
  const { headers, body } = webPush.generateRequestDetails({ endpoint, keys }, payload, {
    vapidDetails: { subject: vapid.subject, publicKey: vapid.publicKey, privateKey: vapid.privateKey },
    TTL: ttlSeconds,
    urgency,
    topic,
    contentEncoding: 'aes128gcm',
  });
  const watched = watchConnection(service ? { ca: service.certificate } : { lookup: lookupPublic });
  return async () => {
    const deadline = AbortSignal.timeout(timeoutMs);
    const request = { method: 'POST', headers: { ...headers }, agent: watched.agents.httpsAgent, signal: deadline };
    return answerTo(endpoint, request, body).catch((error: unknown) => {
      const code = deadline.aborted ? 'ETIMEDOUT' : codeOf(error);
      if (code === PRIVATE_ADDRESS) return { kind: 'forbidden', because: 'its endpoint leads to a private network' } as const;
      return { kind: 'broken', code, written: watched.written() } as const;
    });
  };
}

/** An answer is its status and headers. What else a stranger's server says, however much it is, is never read; nor is anybody followed. */
function answerTo(endpoint: string, options: RequestOptions & { readonly agent: Agent }, body: Buffer | null): Promise<PushAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(endpoint, options, (response) => {
      resolve({ kind: 'answered', status: response.statusCode ?? 0, headers: response.headers });
      response.destroy();
    });
    request.on('error', reject);
    request.end(body);
  });
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
