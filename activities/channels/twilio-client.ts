import { Agent as HttpsAgent } from 'node:https';
import twilio from 'twilio';
import { watchConnection, type WatchedConnection } from './watched-connection.js';

export type TwilioOptions = {
  /** Begins with `AC`. */
  readonly accountSid: string;
  /** The account's auth token; or the secret of an API key, whose SID then stands beside it. */
  readonly secret: string;
  readonly apiKeySid?: string;
  /** `https://api.dublin.ie1.twilio.com` for an account in Ireland. */
  readonly baseUrl?: string;
  /** For the whole of a request, from looking up the name to the last byte of the answer. */
  readonly timeoutMs: number;
  /** How many requests are under way at once. */
  readonly atOnce?: number;
};

/** One account of Twilio. */
export type TwilioClient = { readonly options: TwilioOptions };

export const createTwilioClient = (options: TwilioOptions): TwilioClient => ({ options });

export type TwilioConnection = {
  readonly api: twilio.Twilio;
  readonly watched: WatchedConnection;
  /** The answer, once one was seen: the library's own errors leave out its headers. */
  answer(): { readonly status: number; readonly headers: Readonly<Record<string, unknown>>; readonly body: unknown } | undefined;
};

type Seen = { readonly statusCode: number; readonly headers: Readonly<Record<string, unknown>>; readonly body: unknown };

/** Made for one request, or for the pages of one list: never shared, so that what was seen belongs to nobody else. */
export function connectTwilio({ options }: TwilioClient, signal?: AbortSignal): TwilioConnection {
  const { accountSid, secret, apiKeySid = accountSid, baseUrl, timeoutMs } = options;
  const http = new twilio.RequestClient({ timeout: timeoutMs, autoRetry: false, keepAlive: false });
  const watched = watchConnection();
  const { defaults } = http.axios;
  const deadline = AbortSignal.timeout(timeoutMs);
  defaults.signal = signal ? AbortSignal.any([deadline, signal]) : deadline;
  defaults.httpAgent = watched.agents.httpAgent;
  // Another kind of agent goes through the proxy that the environment names, and stays.
  if (defaults.httpsAgent instanceof HttpsAgent) defaults.httpsAgent = watched.agents.httpsAgent;
  // Not to be read from the environment: where messages go, and whether numbers are printed.
  const settings = { edge: '', region: '', logLevel: '' };
  const api = twilio(apiKeySid, secret, { accountSid, httpClient: http, ...settings });
  if (baseUrl !== undefined) api.api.baseUrl = baseUrl;
  return {
    api,
    watched,
    answer() {
      const seen: Seen | undefined = http.lastResponse;
      return seen && { status: seen.statusCode, headers: seen.headers, body: seen.body };
    },
  };
}
