import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { SENDGRID_TOKEN_ARG } from '../../core/message/sendgrid-mail.js';
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
import { serveControl } from '../provider/control.js';
import { hashed, parseJson, readBody, reply, startHttpServer } from '../provider/http.js';
import type { JournalOptions } from '../provider/journal.js';
import { rateLimiter, type RateLimit } from '../provider/rate-limit.js';
import { ORDINARY_HABITS, reactionsTo, type Audience } from './audience.js';
import { eventOf } from './events.js';
import { openJournal, renderMail, type AcceptedMessage, type SendgridJournal } from './journal.js';
import { inboundParse, type InboundOptions, type InboundParse, type WrittenMail } from './inbound.js';
import { isSandboxed, isTracked, MailRequest } from './mail-request.js';
import { checkMail, MAX_BODY_BYTES, sendgridError, type SendgridError } from './rules.js';
import { createSigner, signerOf } from './signing.js';
import { webhookSender, type WebhookOptions, type WebhookSender } from './webhook.js';

export type SendgridOptions = {
  readonly port?: number;
  /** Keys begin with `SG.`. */
  readonly keys: readonly string[];
  readonly journal?: JournalOptions;
  readonly rateLimit?: RateLimit;
  readonly chances?: Chances<SendFault>;
  readonly webhook?: WebhookOptions;
  /** Base64 of a PKCS #8 key: the webhook's signatures stay valid over a restart. */
  readonly webhookKey?: string;
  /** Where what people write back is posted. */
  readonly inbound?: InboundOptions;
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
  readonly inbound: Omit<InboundParse, 'schedule' | 'close'>;
  /** Every request and how it ended, in the order in which they were decided. */
  requests(): readonly RequestRecord[];
  /** The next requests with a valid key end so, one after the other; `undefined` lets one pass. Later ones are left to chance. */
  misbehave(...faults: readonly (SendFault | undefined)[]): void;
  setRateLimit(limit: RateLimit): void;
  close(): Promise<void>;
};

type State = {
  readonly keyHashes: ReadonlySet<string>;
  readonly journal: SendgridJournal;
  readonly faults: ReturnType<typeof faultScript<SendFault>>;
  readonly limiter: ReturnType<typeof rateLimiter>;
  readonly webhook: WebhookSender;
  readonly inbound: InboundParse;
  readonly requests: RequestRecord[];
  readonly now: () => number;
  readonly react: (message: AcceptedMessage, mail: MailRequest) => void;
};

/**
 * SendGrid for a laptop: it takes what the real one's published rules allow, refuses what they do not, and keeps a journal of
 * what it accepted. An audience reacts, and its events are posted to a webhook, signed. It fails in all the ways that a test asks for.
 */
export async function startSandboxSendgrid(options: SendgridOptions): Promise<SandboxSendgrid> {
  const { keys, now = Date.now, seed = 1, rateLimit = { requests: 10_000, windowMs: 1_000 } } = options;
  const signer = options.webhookKey === undefined ? createSigner() : signerOf(options.webhookKey);
  const webhook = webhookSender(options.webhook ?? {}, { seed, signer, now });
  const inbound = inboundParse(options.inbound ?? {}, { seed });
  const state: State = {
    keyHashes: new Set(keys.map(hashed)),
    journal: openJournal(options.journal ?? {}),
    faults: faultScript(options.chances),
    limiter: rateLimiter(rateLimit, now),
    webhook,
    inbound,
    requests: [],
    now,
    react: reactor(options, { webhook, inbound }, now),
  };
  const server = await startHttpServer(options.port ?? 0, (request, response) => serve(state, request, response));
  return {
    url: server.url,
    journal: state.journal,
    webhook,
    inbound,
    requests: () => state.requests,
    misbehave: state.faults.add,
    setRateLimit: state.limiter.set,
    async close() {
      webhook.close();
      inbound.close();
      await server.close();
      state.journal.close();
    },
  };
}

/** Plans what the recipients of a message will do, as soon as it is accepted. */
function reactor(
  { audience = () => ORDINARY_HABITS, seed = 1, speed = 1 }: SendgridOptions,
  { webhook, inbound }: { readonly webhook: WebhookSender; readonly inbound: InboundParse },
  now: () => number,
) {
  return (message: AcceptedMessage, mail: MailRequest) => {
    for (const { email } of [...message.to, ...message.cc, ...message.bcc]) {
      const identity = message.custom_args[SENDGRID_TOKEN_ARG] ?? message.sg_message_id;
      for (const [number, reaction] of reactionsTo(seed, audience(email), email, identity).entries()) {
        const { event } = reaction;
        if (event === 'reply') {
          inbound.write(answerTo(message, email, reaction.text ?? ''), reaction.afterMs / speed);
          continue;
        }
        if (!isTracked(mail, event)) continue;
        webhook.schedule(() => eventOf(message, email, { ...reaction, event }, number, now()), reaction.afterMs / speed);
      }
    }
  };
}

/** A mail program's answer: what is written, and below it what it answers. */
const answerTo = ({ reply_to, from, subject, content }: AcceptedMessage, email: string, text: string): WrittenMail => ({
  from: email,
  to: reply_to?.email ?? from.email,
  subject: `Re: ${subject}`,
  text: `${text}\n\nOn Mon, 2 Mar 2026 at 12:00, ${from.name ?? from.email} <${from.email}> wrote:\n${(content['text/plain'] ?? '').replace(/^/gm, '> ')}\n`,
});

async function serve(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://sandbox');
  const body = await readBody(request, MAX_BODY_BYTES);
  const route = `${request.method} ${pathname}`;
  switch (route) {
    case 'POST /v3/mail/send':
      return send(state, request, response, body);
    case 'GET /v3/user/webhooks/event/settings/signed':
      if (!isKeyOf(request, state.keyHashes)) return refuse(state, response, 401, UNAUTHORIZED);
      return reply(response, 200, { public_key: state.webhook.publicKey });
    case 'POST /sandbox/inbound':
      state.inbound.write(JSON.parse(String(body)) as WrittenMail);
      return reply(response, 202, {});
    default:
      if (serveControl(state, { route, query: searchParams, body }, response)) return;
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
  if (isBreaking(fault) && !fault.accepts) return fail(state, request, response, fault, { accepted: 0, carried: countMails(body) });
  if (body === undefined) return refuse(state, response, 413, [sendgridError('content too large')]);
  const checked = checkMail(parseJson(body), state.now());
  if ('errors' in checked) return refuse(state, response, 400, checked.errors);
  if (isSandboxed(checked.mail)) return conclude(state, response, 200, 0);
  const messageId = randomBytes(16).toString('base64url');
  const messages = renderMail(checked.mail, messageId, state.now());
  state.journal.write(messages);
  for (const message of messages) state.react(message, checked.mail);
  if (isBreaking(fault)) return fail(state, request, response, fault, { accepted: messages.length, carried: messages.length });
  if (fault) await new Promise((resolve) => setTimeout(resolve, fault.delayMs).unref());
  conclude(state, response, 202, messages.length, { 'X-Message-Id': messageId });
}

function fail(state: State, request: IncomingMessage, response: ServerResponse, fault: BreakingFault, carried: Carried): void {
  const answerError = (status: number) => reply(response, status, { errors: [sendgridError('internal server error')] }, rateHeaders(state));
  state.requests.push(breakOff(fault, request, carried, answerError));
}

/** How many messages a request carries, whatever becomes of it. */
function countMails(body: Buffer | undefined): number {
  const checked = body && MailRequest.safeParse(parseJson(body));
  return checked?.success ? checked.data.personalizations.length : 0;
}

/** Whether a request bears one of the keys, which are known by their hashes. */
function isKeyOf({ headers }: IncomingMessage, keyHashes: ReadonlySet<string>): boolean {
  const [, key] = /^Bearer (\S+)$/.exec(headers.authorization ?? '') ?? [];
  return key !== undefined && keyHashes.has(hashed(key));
}

/** The limit is told with every answer, in whole seconds. */
function rateHeaders({ limiter }: State): Readonly<Record<string, string>> {
  const { limit, remaining, resetAtMs } = limiter.state();
  return {
    'X-RateLimit-Limit': String(limit),
    'X-RateLimit-Remaining': String(remaining),
    'X-RateLimit-Reset': String(Math.ceil(resetAtMs / 1_000)),
  };
}

function refuse(
  state: State,
  response: ServerResponse,
  status: number,
  errors: readonly SendgridError[],
  headers: Readonly<Record<string, string>> = {},
): void {
  state.requests.push({ outcome: status, accepted: 0 });
  reply(response, status, { errors }, { ...rateHeaders(state), ...headers });
}

function conclude(
  state: State,
  response: ServerResponse,
  status: number,
  accepted: number,
  headers: Readonly<Record<string, string>> = {},
): void {
  state.requests.push({ outcome: status, accepted });
  response.writeHead(status, { ...rateHeaders(state), ...headers }).end();
}
