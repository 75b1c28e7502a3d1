import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { TWILIO_TOKEN_PARAM } from '../../core/message/twilio-message.js';
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
import { hashed, readBody, reply, startHttpServer } from '../provider/http.js';
import type { JournalOptions } from '../provider/journal.js';
import { rateLimiter, type RateLimit } from '../provider/rate-limit.js';
import { SANDBOX_ACCOUNT, type TwilioAccount } from './account.js';
import type { PhoneAudience } from './audience.js';
import { errorBody, twilioError, type TwilioError } from './errors.js';
import { openJournal, type AcceptedText, type TwilioJournal } from './journal.js';
import { openMessages, pageOf, type MessageStore, type StoredText } from './messages.js';
import { openPeople, type People, type WrittenText } from './people.js';
import { checkText, MAX_BODY_BYTES, type CheckedText } from './rules.js';
import { openThreads, type Threads } from './threads.js';
import { twilioWebhook, type TwilioWebhook, type TwilioWebhookOptions } from './webhook.js';

export type SandboxTwilioOptions = {
  readonly port?: number;
  readonly account?: TwilioAccount;
  readonly journal?: JournalOptions;
  readonly rateLimit?: RateLimit;
  readonly chances?: Chances<SendFault>;
  readonly webhook?: TwilioWebhookOptions;
  readonly audience?: PhoneAudience;
  /** For the audience and the order of callbacks. */
  readonly seed?: number;
  /** How many times faster than in life the audience reacts. */
  readonly speed?: number;
  readonly now?: () => number;
};

export type SandboxTwilio = {
  readonly url: string;
  /** What was accepted. */
  readonly journal: Omit<TwilioJournal, 'write' | 'close'>;
  readonly webhook: Omit<TwilioWebhook, 'schedule' | 'close'>;
  /** Every request to send and how it ended, in the order in which they were decided. */
  requests(): readonly RequestRecord[];
  /** The next requests to send with a valid key end so, one after the other; `undefined` lets one pass. Later ones are left to chance. */
  misbehave(...faults: readonly (SendFault | undefined)[]): void;
  setRateLimit(limit: RateLimit): void;
  /** Somebody writes to a sender of the account. */
  receive(text: WrittenText): void;
  close(): Promise<void>;
};

type State = {
  readonly account: TwilioAccount;
  /** Of each pair of user name and password, in the form in which they come. */
  readonly keyHashes: ReadonlySet<string>;
  readonly journal: TwilioJournal;
  readonly messages: MessageStore;
  readonly threads: Threads;
  readonly people: People;
  readonly webhook: TwilioWebhook;
  readonly faults: ReturnType<typeof faultScript<SendFault>>;
  readonly limiter: ReturnType<typeof rateLimiter>;
  readonly requests: RequestRecord[];
  readonly now: () => number;
};

/**
 * Twilio for a laptop: it takes the SMS and WhatsApp messages that the real one's published rules allow, refuses what they do not,
 * and keeps a journal of what it accepted. People react: statuses and replies are posted to webhooks, signed, and who says STOP is
 * left alone. It fails in all the ways that a test asks for.
 */
export async function startSandboxTwilio(options: SandboxTwilioOptions = {}): Promise<SandboxTwilio> {
  const { account = SANDBOX_ACCOUNT, now = Date.now, seed = 1, rateLimit = { requests: 10_000, windowMs: 1_000 } } = options;
  const webhook = twilioWebhook(options.webhook ?? {}, { seed, authToken: account.authToken });
  const messages = openMessages(account.accountSid);
  const threads = openThreads(now);
  const people = openPeople({ ...options, seed, now }, { account, messages, threads, webhook });
  const keys = { [account.accountSid]: account.authToken, ...account.apiKeys };
  const state: State = {
    account,
    keyHashes: new Set(Object.entries(keys).map(([name, secret]) => hashed(`${name}:${secret}`))),
    journal: openJournal(options.journal ?? {}),
    messages,
    threads,
    people,
    webhook,
    faults: faultScript(options.chances),
    limiter: rateLimiter(rateLimit, now),
    requests: [],
    now,
  };
  const server = await startHttpServer(options.port ?? 0, (request, response) => serve(state, request, response));
  return {
    url: server.url,
    journal: state.journal,
    webhook,
    requests: () => state.requests,
    misbehave: state.faults.add,
    setRateLimit: state.limiter.set,
    receive: people.write,
    async close() {
      webhook.close();
      await server.close();
      state.journal.close();
    },
  };
}

async function serve(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://sandbox');
  const body = await readBody(request, MAX_BODY_BYTES);
  const route = `${request.method} ${pathname}`;
  if (serveControl(state, { route, query: searchParams, body }, response)) return;
  if (route === 'POST /sandbox/inbound') {
    state.people.write(JSON.parse(String(body)) as WrittenText);
    return reply(response, 202, {});
  }
  const [, accountSid, messageSid] = /^\/2010-04-01\/Accounts\/(\w+)\/Messages(?:\/(\w+))?\.json$/.exec(pathname) ?? [];
  const isSend = request.method === 'POST' && messageSid === undefined;
  if (!isKnown(request, state.keyHashes)) return refuse(state, response, twilioError(20003), isSend);
  if (accountSid !== state.account.accountSid) return refuse(state, response, twilioError(20404), isSend);
  if (isSend) return send(state, request, response, new URLSearchParams(String(body ?? '')));
  if (request.method !== 'GET') return refuse(state, response, twilioError(20405), false);
  if (messageSid === undefined) return reply(response, 200, pageOf(state.messages, pathname, searchParams));
  const message = state.messages.get(messageSid);
  return message ? reply(response, 200, state.messages.resource(message)) : refuse(state, response, twilioError(20404), false);
}

/** Whether a request bears a key of the account. */
function isKnown({ headers }: IncomingMessage, keyHashes: ReadonlySet<string>): boolean {
  const [, encoded] = /^Basic (\S+)$/.exec(headers.authorization ?? '') ?? [];
  return encoded !== undefined && keyHashes.has(hashed(Buffer.from(encoded, 'base64').toString('utf8')));
}

/** Decides what to do with a request, writes down what was accepted, and only then answers, well or badly. */
async function send(state: State, request: IncomingMessage, response: ServerResponse, form: URLSearchParams): Promise<void> {
  if (!state.limiter.take()) return refuse(state, response, twilioError(20429));
  const fault = state.faults.next();
  if (fault?.kind === 'rate_limited')
    return refuse(state, response, twilioError(20429), true, { 'Retry-After': String(fault.resetAfterS) });
  if (isBreaking(fault) && !fault.accepts) return fail(state, request, response, fault, { accepted: 0, carried: 1 });
  const checked = checkText(form, state.account, state.threads);
  if ('code' in checked) return refuse(state, response, checked);
  const message = accept(state, checked);
  const answer = state.messages.resource(message);
  state.people.react(message, checked);
  if (isBreaking(fault)) return fail(state, request, response, fault, { accepted: 1, carried: 1 });
  if (fault) await new Promise((resolve) => setTimeout(resolve, fault.delayMs).unref());
  state.requests.push({ outcome: 201, accepted: 1 });
  reply(response, 201, answer);
}

function accept({ now, journal, messages }: State, checked: CheckedText): StoredText {
  const { to, from, serviceSid, body, contentSid, contentVariables, statusCallback } = checked;
  const sid = `SM${randomBytes(16).toString('hex')}`;
  const createdAtMs = now();
  const accepted: AcceptedText = {
    at: new Date(createdAtMs).toISOString(),
    sid,
    token: statusCallback === null ? null : new URL(statusCallback).searchParams.get(TWILIO_TOKEN_PARAM),
    to,
    from,
    messaging_service_sid: serviceSid,
    body,
    content_sid: contentSid,
    content_variables: contentVariables,
    status_callback: statusCallback,
  };
  journal.write([accepted]);
  const status = serviceSid === null ? 'queued' : 'accepted';
  const kept = { sid, to, from, serviceSid, body, createdAtMs, updatedAtMs: createdAtMs, status } as const;
  const message: StoredText = { ...kept, direction: 'outbound-api', errorCode: null, sentAtMs: null };
  messages.add(message);
  return message;
}

function fail(state: State, request: IncomingMessage, response: ServerResponse, fault: BreakingFault, carried: Carried): void {
  const answerError = (status: number) => reply(response, status, errorBody({ ...twilioError(20500), status }));
  state.requests.push(breakOff(fault, request, carried, answerError));
}

function refuse(
  state: State,
  response: ServerResponse,
  error: TwilioError,
  isSend = true,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (isSend) state.requests.push({ outcome: error.status, accepted: 0 });
  reply(response, error.status, errorBody(error), headers);
}
