import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SENDGRID_TOKEN_ARG } from '../../core/message/sendgrid-mail.js';
import { ORDINARY_HABITS, reactionsTo, type Audience } from './audience.js';
import { eventOf } from './events.js';
import { faultScript, type Chances, type SendFault } from './faults.js';
import { openJournal, renderMail, type AcceptedMessage, type JournalOptions, type SendgridJournal } from './journal.js';
import { isSandboxed } from './mail-request.js';
import { rateLimiter, type RateLimit } from './rate-limit.js';
import { hashed, isKeyOf, parseJson, readBody, reply } from './http.js';
import { checkMail, MAX_BODY_BYTES, sendgridError, type SendgridError } from './rules.js';
import { createSigner, signerOf } from './signing.js';
import { webhookSender, type WebhookOptions, type WebhookSender } from './webhook.js';

export type SendgridOptions = {
  readonly port?: number;
  /** Keys begin with `SG.`. */
  readonly keys: readonly string[];
  readonly journal?: Partial<JournalOptions>;
  readonly rateLimit?: RateLimit;
  readonly chances?: Chances<SendFault>;
  readonly webhook?: WebhookOptions;
  /** Base64 of a PKCS #8 key: the webhook's signatures stay valid over a restart. */
  readonly webhookKey?: string;
  readonly audience?: Audience;
  /** For the audience and the order of events. */
  readonly seed?: number;
  /** How many times faster than in life the audience reacts. */
  readonly speed?: number;
  readonly now?: () => number;
};

export type SandboxSendgrid = {
  readonly url: string;
  /** What was accepted. */
  readonly journal: Omit<SendgridJournal, 'write' | 'close'>;
  readonly webhook: Omit<WebhookSender, 'schedule' | 'close'>;
  /** Every request and how it ended, in the order in which they were decided. */
  requests(): readonly RequestRecord[];
  /** The next requests with a valid key end so, one after the other; `undefined` lets one pass. Later ones are left to chance. */
  misbehave(...faults: readonly (SendFault | undefined)[]): void;
  setRateLimit(limit: RateLimit): void;
  close(): Promise<void>;
};

export type RequestRecord = {
  /** The status that was answered, or how the answer failed to be one. */
  readonly outcome: number | 'reset' | 'half_open';
  /** How many messages it carried into the journal. */
  readonly accepted: number;
};

type State = {
  readonly keyHashes: ReadonlySet<string>;
  readonly journal: SendgridJournal;
  readonly faults: ReturnType<typeof faultScript<SendFault>>;
  readonly limiter: ReturnType<typeof rateLimiter>;
  readonly webhook: WebhookSender;
  readonly requests: RequestRecord[];
  readonly now: () => number;
  readonly react: (message: AcceptedMessage) => void;
};

/**
 * SendGrid for a laptop: it takes what the real one's published rules allow, refuses what they do not, and keeps a journal of
 * what it accepted. An audience reacts, and its events are posted to a webhook, signed. It fails in all the ways that a test asks for.
 */
export async function startSandboxSendgrid(options: SendgridOptions): Promise<SandboxSendgrid> {
  const { keys, now = Date.now, seed = 1, rateLimit = { requests: 10_000, windowMs: 1_000 } } = options;
  const signer = options.webhookKey === undefined ? createSigner() : signerOf(options.webhookKey);
  const webhook = webhookSender(options.webhook ?? {}, { seed, signer, now });
  const state: State = {
    keyHashes: new Set(keys.map(hashed)),
    journal: openJournal({ tokenArg: SENDGRID_TOKEN_ARG, ...options.journal }),
    faults: faultScript(options.chances),
    limiter: rateLimiter(rateLimit, now),
    webhook,
    requests: [],
    now,
    react: reactor(options, webhook, now),
  };
  const server = createServer((request, response) => {
    serve(state, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    journal: state.journal,
    webhook,
    requests: () => state.requests,
    misbehave: state.faults.add,
    setRateLimit: state.limiter.set,
    close: () =>
      new Promise((resolve) => {
        webhook.close();
        server.close(() => {
          state.journal.close();
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/** Plans what the recipients of a message will do, as soon as it is accepted. */
function reactor({ audience = () => ORDINARY_HABITS, seed = 1, speed = 1 }: SendgridOptions, webhook: WebhookSender, now: () => number) {
  return (message: AcceptedMessage) => {
    for (const { email } of [...message.to, ...message.cc, ...message.bcc]) {
      const identity = message.custom_args[SENDGRID_TOKEN_ARG] ?? message.sg_message_id;
      for (const [number, reaction] of reactionsTo(seed, audience(email), email, identity).entries()) {
        webhook.schedule(() => eventOf(message, email, reaction, number, now()), reaction.afterMs / speed);
      }
    }
  };
}

async function serve(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://sandbox');
  const body = await readBody(request, MAX_BODY_BYTES);
  switch (`${request.method} ${pathname}`) {
    case 'POST /v3/mail/send':
      return send(state, request, response, body);
    case 'GET /v3/user/webhooks/event/settings/signed':
      if (!isKeyOf(request, state.keyHashes)) return refuse(state, response, 401, UNAUTHORIZED);
      return reply(response, 200, { public_key: state.webhook.publicKey });
    case 'GET /sandbox/counts':
      return reply(response, 200, {
        ...state.journal.counts(),
        duplicates: state.journal.duplicates().size,
        requests: state.requests.length,
        pending: state.webhook.pending(),
      });
    case 'GET /sandbox/messages':
      return reply(response, 200, state.journal.byToken(searchParams.get('token') ?? ''));
    case 'GET /sandbox/duplicates':
      return reply(response, 200, Object.fromEntries(state.journal.duplicates()));
    case 'POST /sandbox/faults':
      state.faults.add(...(JSON.parse(String(body)) as SendFault[]));
      return reply(response, 202, {});
    default:
      return pathname === '/v3/mail/send'
        ? refuse(state, response, 405, [sendgridError('method not allowed')])
        : refuse(state, response, 404, [sendgridError('not found')]);
  }
}

const UNAUTHORIZED = [sendgridError('The provided authorization grant is invalid, expired, or revoked')];

/** Decides what to do with a request, writes down what was accepted, and only then answers, well or badly. */
async function send(state: State, request: IncomingMessage, response: ServerResponse, body: Buffer | undefined): Promise<void> {
  if (!isKeyOf(request, state.keyHashes)) return refuse(state, response, 401, UNAUTHORIZED);
  if (!state.limiter.take()) return refuse(state, response, 429, [sendgridError('too many requests')]);
  const fault = state.faults.next();
  if (fault?.kind === 'rate_limited') {
    const resetS = Math.ceil(state.now() / 1_000) + fault.resetAfterS;
    const headers = { 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': String(resetS) };
    return refuse(state, response, 429, [sendgridError('too many requests')], headers);
  }
  if (fault && fault.kind !== 'slow' && !fault.accepts) return fail(state, request, response, fault, 0);
  if (body === undefined) return refuse(state, response, 413, [sendgridError('content too large')]);
  const checked = checkMail(parseJson(body), state.now());
  if ('errors' in checked) return refuse(state, response, 400, checked.errors);
  if (isSandboxed(checked.mail)) return conclude(state, response, 200, 0);
  const messageId = randomBytes(16).toString('base64url');
  const messages = renderMail(checked.mail, messageId, state.now());
  state.journal.write(messages);
  messages.forEach(state.react);
  if (fault && fault.kind !== 'slow') return fail(state, request, response, fault, messages.length);
  if (fault) await new Promise((resolve) => setTimeout(resolve, fault.delayMs).unref());
  conclude(state, response, 202, messages.length, { 'X-Message-Id': messageId });
}

function fail(
  state: State,
  request: IncomingMessage,
  response: ServerResponse,
  fault: Exclude<SendFault, { kind: 'slow' | 'rate_limited' }>,
  accepted: number,
): void {
  switch (fault.kind) {
    case 'error':
      state.requests.push({ outcome: fault.status, accepted });
      return reply(response, fault.status, { errors: [sendgridError('internal server error')] }, state.limiter.headers());
    case 'reset':
      state.requests.push({ outcome: 'reset', accepted });
      return void request.socket.resetAndDestroy();
    case 'half_open':
      return void state.requests.push({ outcome: 'half_open', accepted });
  }
}

function refuse(
  state: State,
  response: ServerResponse,
  status: number,
  errors: readonly SendgridError[],
  headers: Readonly<Record<string, string>> = {},
): void {
  state.requests.push({ outcome: status, accepted: 0 });
  reply(response, status, { errors }, { ...state.limiter.headers(), ...headers });
}

function conclude(
  state: State,
  response: ServerResponse,
  status: number,
  accepted: number,
  headers: Readonly<Record<string, string>> = {},
): void {
  state.requests.push({ outcome: status, accepted });
  response.writeHead(status, { ...state.limiter.headers(), ...headers }).end();
}
