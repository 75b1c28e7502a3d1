import type { IncomingMessage, ServerResponse } from 'node:http';
import { serveControl } from '../provider/control.js';
import {
  breakOff,
  faultScript,
  isBreaking,
  type BreakingFault,
  type Carried,
  type Chances,
  type RequestRecord,
  type SendFault,
} from '../provider/faults.js';
import { parseJson, readBody, reply, startHttpServer } from '../provider/http.js';
import type { JournalOptions } from '../provider/journal.js';
import { rateLimiter, type RateLimit } from '../provider/rate-limit.js';
import { makeCertificate } from './certificate.js';
import { openJournal, type PushJournal } from './journal.js';
import { checkHeaders, MOST_BODY_BYTES, type PushRefusal } from './rules.js';
import { openSealed } from './sealed.js';
import { checkSender } from './sender.js';
import { openSubscriptions, type SubscribedDevice, type Subscriptions } from './subscriptions.js';

export type SandboxPushOptions = {
  readonly port?: number;
  readonly journal?: JournalOptions;
  readonly rateLimit?: RateLimit;
  readonly chances?: Chances<SendFault>;
  readonly now?: () => number;
};

export type SandboxPush = Pick<Subscriptions, 'subscribe' | 'leave'> & {
  readonly url: string;
  /** PEM: whoever is to trust this service needs it. */
  readonly certificate: string;
  /** What was accepted. */
  readonly journal: Omit<PushJournal, 'write' | 'close'>;
  /** Every request and how it ended, in the order in which they were decided. */
  requests(): readonly RequestRecord[];
  /** The next requests end so, one after the other; `undefined` lets one pass. Later ones are left to chance. */
  misbehave(...faults: readonly (SendFault | undefined)[]): void;
  setRateLimit(limit: RateLimit): void;
  close(): Promise<void>;
};

type State = {
  readonly origin: () => string;
  readonly subscriptions: Subscriptions;
  readonly journal: PushJournal;
  readonly faults: ReturnType<typeof faultScript<SendFault>>;
  readonly limiter: ReturnType<typeof rateLimiter>;
  readonly requests: RequestRecord[];
  readonly webhook: { pending(): number };
  readonly now: () => number;
};

/**
 * A push service for a laptop (RFC 8030, 8188, 8291, 8292), with a certificate of its own: browsers are subscribed here by a call, and what
 * is sent to them is opened as they would. It refuses what the real ones refuse, keeps a journal, and fails in all the ways that a test asks for.
 */
export async function startSandboxPush(options: SandboxPushOptions = {}): Promise<SandboxPush> {
  const { now = Date.now, rateLimit = { requests: 10_000, windowMs: 1_000 } } = options;
  const tls = makeCertificate();
  let url = '';
  const state: State = {
    origin: () => url,
    subscriptions: openSubscriptions(() => url),
    journal: openJournal(options.journal ?? {}),
    faults: faultScript(options.chances),
    limiter: rateLimiter(rateLimit, now),
    requests: [],
    webhook: { pending: () => 0 }, // it tells nobody anything later
    now,
  };
  const server = await startHttpServer(options.port ?? 0, (request, response) => serve(state, request, response), tls);
  url = server.url;
  return {
    url,
    certificate: tls.certificate,
    subscribe: state.subscriptions.subscribe,
    leave: state.subscriptions.leave,
    journal: state.journal,
    requests: () => state.requests,
    misbehave: state.faults.add,
    setRateLimit: state.limiter.set,
    async close() {
      await server.close();
      state.journal.close();
    },
  };
}

async function serve(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', state.origin());
  const body = await readBody(request, MOST_BODY_BYTES);
  const route = `${request.method} ${pathname}`;
  if (serveControl(state, { route, query: searchParams, body }, response)) return;
  if (route === 'POST /sandbox/subscriptions') return reply(response, 201, state.subscriptions.subscribe(senderIn(body)));
  const [, id = ''] = /^POST \/push\/([\w-]+)$/.exec(route) ?? [];
  return send(state, request, response, { device: state.subscriptions.get(id), body });
}

/** `{"applicationServerKey": "…"}`, as a page gives it to the browser. */
function senderIn(body: Buffer | undefined): string | null {
  const { applicationServerKey: key } = (parseJson(body ?? Buffer.alloc(0)) ?? {}) as { readonly applicationServerKey?: string };
  return key ?? null;
}

type Sent = { readonly device: SubscribedDevice | undefined; readonly body: Buffer | undefined };

/** Decides what to do with a request, writes down what was accepted, and only then answers, well or badly. */
async function send(state: State, request: IncomingMessage, response: ServerResponse, sent: Sent): Promise<void> {
  if (!state.limiter.take()) return refuse(state, response, { status: 429, because: 'too many requests' });
  const fault = state.faults.next();
  if (fault?.kind === 'rate_limited') {
    return refuse(state, response, { status: 429, because: 'too many requests' }, { 'Retry-After': String(fault.resetAfterS) });
  }
  if (isBreaking(fault) && !fault.accepts) return fail(state, request, response, fault, { accepted: 0, carried: 1 });
  const refusal = accept(state, request, sent);
  if (refusal) return refuse(state, response, refusal);
  if (isBreaking(fault)) return fail(state, request, response, fault, { accepted: 1, carried: 1 });
  if (fault) await new Promise((resolve) => setTimeout(resolve, fault.delayMs).unref());
  state.requests.push({ outcome: 201, accepted: 1 });
  response.writeHead(201, { Location: `${state.origin()}/message/${state.requests.length}`, TTL: String(request.headers['ttl']) }).end();
}

/** Puts a message into the journal, or tells why not. */
function accept({ origin, now, journal }: State, { headers }: IncomingMessage, { device, body }: Sent): PushRefusal | undefined {
  if (!device) return { status: 404, because: 'there is no such subscription' };
  if (device.isGone) return { status: 410, because: 'the subscription has ended' };
  const sender = checkSender(headers.authorization, origin(), now());
  if ('status' in sender) return sender;
  if (device.sender !== null && device.sender !== sender.publicKey) return { status: 403, because: 'it has subscribed with another key' };
  const checked = checkHeaders(headers);
  if ('status' in checked) return checked;
  if (body === undefined) return { status: 413, because: `at most ${MOST_BODY_BYTES} bytes are taken` };
  const payload = openSealed(body, device);
  if (!payload) return { status: 400, because: 'it was not sealed for this device' };
  const { ttlSeconds, urgency, topic } = checked;
  journal.write([
    {
      at: new Date(now()).toISOString(),
      endpoint: device.subscription.endpoint,
      topic,
      ttl_seconds: ttlSeconds,
      urgency,
      payload: payload.toString(),
      sender: sender.publicKey,
    },
  ]);
  return undefined;
}

function fail(state: State, request: IncomingMessage, response: ServerResponse, fault: BreakingFault, carried: Carried): void {
  const answerError = (status: number) => reply(response, status, { error: 'this is a fault of the sandbox' });
  state.requests.push(breakOff(fault, request, carried, answerError));
}

function refuse(
  state: State,
  response: ServerResponse,
  { status, because }: PushRefusal,
  headers: Readonly<Record<string, string>> = {},
): void {
  state.requests.push({ outcome: status, accepted: 0 });
  reply(response, status, { error: because }, headers);
}
