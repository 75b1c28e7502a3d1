import { createHmac } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SocialProvider } from '../../core/message/social-message.js';
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
import { SANDBOX_APP, type MetaAccount, type MetaApp } from './accounts.js';
import { ORDINARY_SOCIAL_HABITS, type SocialAudience } from './audience.js';
import { errorBody, metaError, type MetaError } from './errors.js';
import { openJournal, type AcceptedSocial, type MetaJournal } from './journal.js';
import { openPeople } from './people.js';
import { checkMessage, type CheckedMessage } from './rules.js';
import { metaWebhook, type MetaWebhook, type MetaWebhookOptions } from './webhook.js';
import { comment, hear, newMid, react, type World, type Written } from './world.js';

export type SandboxMetaOptions = {
  readonly port?: number;
  readonly app?: MetaApp;
  readonly journal?: JournalOptions;
  readonly rateLimit?: RateLimit;
  readonly chances?: Chances<SendFault>;
  readonly webhook?: MetaWebhookOptions;
  readonly audience?: SocialAudience;
  /** For the audience and the order of webhooks. */
  readonly seed?: number;
  /** How many times faster than in life the audience reacts. */
  readonly speed?: number;
  readonly now?: () => number;
};

export type SandboxMeta = {
  /** Of the Graph API, with its version. */
  readonly url: string;
  readonly journal: Omit<MetaJournal, 'write' | 'close'>;
  readonly webhook: Omit<MetaWebhook, 'schedule' | 'close'>;
  /** Every request to send and how it ended, in the order in which they were decided. */
  requests(): readonly RequestRecord[];
  /** The next requests to send with a valid token end so, one after the other; `undefined` lets one pass. */
  misbehave(...faults: readonly (SendFault | undefined)[]): void;
  setRateLimit(limit: RateLimit): void;
  /** Somebody writes: the id of what they wrote. */
  write(written: Written): string;
  /** Somebody comments a post: the id of the comment. */
  comment(written: Omit<Written, 'quotes'>): string;
  /** Somebody lets nothing from the account through any more. */
  block(who: Pick<Written, 'provider' | 'from'>): void;
  close(): Promise<void>;
};

type State = World & {
  readonly app: MetaApp;
  readonly journal: MetaJournal;
  readonly faults: ReturnType<typeof faultScript<SendFault>>;
  readonly limiter: ReturnType<typeof rateLimiter>;
  readonly requests: RequestRecord[];
};

const MAX_BODY_BYTES = 100_000;

/**
 * Meta's Send API for a laptop: it takes the messages that the published rules allow, refuses what they do not, and keeps a journal of what
 * it accepted. People react, write and comment: that is posted to the app's webhook, signed. It fails in all the ways that a test asks for.
 */
export async function startSandboxMeta(options: SandboxMetaOptions = {}): Promise<SandboxMeta> {
  const { app = SANDBOX_APP, now = Date.now, seed = 1, speed = 1, rateLimit = { requests: 10_000, windowMs: 1_000 } } = options;
  const state: State = {
    app,
    journal: openJournal(options.journal ?? {}),
    people: openPeople(now),
    webhook: metaWebhook(options.webhook ?? {}, { seed, appSecret: app.appSecret }),
    faults: faultScript(options.chances),
    limiter: rateLimiter(rateLimit, now),
    requests: [],
    audience: options.audience ?? (() => ORDINARY_SOCIAL_HABITS),
    seed,
    speed,
    now,
  };
  const server = await startHttpServer(options.port ?? 0, (request, response) => serve(state, request, response));
  return {
    url: `${server.url}/v24.0`,
    journal: state.journal,
    webhook: state.webhook,
    requests: () => state.requests,
    misbehave: state.faults.add,
    setRateLimit: state.limiter.set,
    write: (written) => hear(state, accountOn(state, written.provider), written),
    comment: (written) => comment(state, accountOn(state, written.provider), written),
    block: ({ provider, from }) => state.people.block(accountOn(state, provider), from),
    async close() {
      state.webhook.close();
      await server.close();
      state.journal.close();
    },
  };
}

function accountOn({ app }: State, provider: SocialProvider): MetaAccount {
  const account = app.accounts.find((one) => one.provider === provider);
  if (!account) throw new RangeError(`the app has no account on ${provider}`);
  return account;
}

async function serve(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://sandbox');
  const body = await readBody(request, MAX_BODY_BYTES);
  const [, node] = /^\/v\d+\.\d+\/(me|\d+)\/messages$/.exec(pathname) ?? [];
  if (request.method !== 'POST' || node === undefined) {
    return reply(response, 400, errorBody(metaError(100, `Unsupported request - method type: ${request.method}`)));
  }
  const [, token] = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '') ?? [];
  const account = state.app.accounts.find(({ accessToken }) => accessToken === token);
  if (!account || (node !== 'me' && node !== account.accountId)) {
    return refuse(state, response, metaError(190, 'Invalid OAuth access token.', undefined, 401));
  }
  const proof = createHmac('sha256', state.app.appSecret).update(account.accessToken).digest('hex');
  if (searchParams.get('appsecret_proof') !== proof)
    return refuse(state, response, metaError(100, 'Invalid appsecret_proof provided in the API argument'));
  return send(state, { account, request, response }, body && parseJson(body));
}

type Exchange = { readonly account: MetaAccount; readonly request: IncomingMessage; readonly response: ServerResponse };

/** Decides what to do with a request, writes down what was accepted, and only then answers, well or badly. */
async function send(state: State, { account, request, response }: Exchange, body: unknown): Promise<void> {
  if (!state.limiter.take()) return limit(state, response, 60);
  const fault = state.faults.next();
  if (fault?.kind === 'rate_limited') return limit(state, response, fault.resetAfterS);
  if (isBreaking(fault) && !fault.accepts) return fail(state, request, response, fault, { accepted: 0, carried: 1 });
  const checked = checkMessage(body, account, state.people);
  if ('code' in checked) return refuse(state, response, checked);
  const message = accept(state, account, checked);
  react(state, account, message);
  if (isBreaking(fault)) return fail(state, request, response, fault, { accepted: 1, carried: 1 });
  if (fault) await new Promise((resolve) => setTimeout(resolve, fault.delayMs).unref());
  state.requests.push({ outcome: 200, accepted: 1 });
  reply(response, 200, { recipient_id: message.to, message_id: message.mid });
}

function accept({ now, journal }: State, account: MetaAccount, { to, comment, text, metadata }: CheckedMessage): AcceptedSocial {
  const { provider, accountId } = account;
  if (comment) comment.isAnswered = true;
  const mid = newMid(provider);
  const message = {
    at: new Date(now()).toISOString(),
    mid,
    provider,
    account: accountId,
    to,
    comment_id: comment?.id ?? null,
    metadata,
    text,
  };
  journal.write([message]);
  return message;
}

function limit(state: State, response: ServerResponse, afterS: number): void {
  const usage = {
    [SANDBOX_APP.accounts[0]?.accountId ?? '']: [{ type: 'messenger', estimated_time_to_regain_access: Math.ceil(afterS / 60) }],
  };
  refuse(state, response, metaError(613, 'Calls to this api have exceeded the rate limit.'), {
    'X-Business-Use-Case-Usage': JSON.stringify(usage),
  });
}

function fail(state: State, request: IncomingMessage, response: ServerResponse, fault: BreakingFault, carried: Carried): void {
  const answerError = (status: number) =>
    reply(response, status, errorBody(metaError(status >= 500 ? 2 : 100, 'An unexpected error has occurred.')));
  state.requests.push(breakOff(fault, request, carried, answerError));
}

function refuse(state: State, response: ServerResponse, error: MetaError, headers: Readonly<Record<string, string>> = {}): void {
  state.requests.push({ outcome: error.status, accepted: 0 });
  reply(response, error.status, errorBody(error), headers);
}
