import { safePrefix } from '../event/json.js';
import { brokenOutcome, type BrokenCall } from './broken-call.js';
import type { SendOutcome } from './send-outcome.js';

/** What was seen of one request to Meta, which carries one message. */
export type MetaAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly headers: Readonly<Record<string, unknown>>; readonly body: unknown }
  | BrokenCall;

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const REASON_CHARS = 300;

/** Too many requests, by the app, the page or the account, and how long to wait where Meta does not say; 368: blocked for a while. */
const WAITS: ReadonlyMap<number, number> = new Map([
  [4, 5 * MINUTE_MS],
  [17, 5 * MINUTE_MS],
  [32, 5 * MINUTE_MS],
  [613, MINUTE_MS],
  [80002, 5 * MINUTE_MS],
  [80006, 5 * MINUTE_MS],
  [368, HOUR_MS],
]);
/** Meta has tried and failed: the message may be there all the same. */
const UNKNOWN: ReadonlySet<number> = new Set([1, 2, 1200]);
/** Our app, its permissions or its token: every message would fail so. */
const ACCOUNT: ReadonlySet<number> = new Set([3, 10, 102, 190, 230]);
/** Codes of permissions that say of one person that nothing may be sent to them: the window is closed, or they take nothing from us. */
const OF_PERSON: ReadonlySet<number> = new Set([2018065, 2018278, 2534022, 1545041, 2018108]);

/**
 * What an answer of Meta means for the message of the request.
 *
 * | cause | meaning |
 * |---|---|
 * | 200 with a message's id | accepted |
 * | 429, codes 4, 17, 32, 613, 80002, 80006 | not accepted, again when Meta says, else in 1 or 5 min |
 * | code 368 (blocked for a while) | not accepted, again in 1 h |
 * | codes 1, 2, 1200, whatever the status | ambiguous: Meta failed, and may have sent it |
 * | codes 10 and 200 with 2018065, 2018278, 2534022, 1545041, 2018108 | refused: the request (the window is closed, or they take nothing from us) |
 * | 401, 403; codes 3, 10, 102, 190, 200 to 299 otherwise | refused: the account |
 * | code 100 with 2018001, 551, 10900, 10903 and any other 4xx, but 408 | refused: the request |
 * | no connection (refused, no such name, never made) | not accepted, again in 5 s |
 * | 408, 5xx, any other 2xx or 3xx, a time-out, a broken connection, anything else | ambiguous |
 */
export function metaOutcome(answer: MetaAnswer, nowMs: number): SendOutcome {
  if (answer.kind === 'broken') return brokenOutcome('Meta', answer, nowMs);
  const { status, headers } = answer;
  const body = isRecord(answer.body) ? answer.body : {};
  if (status === 200 && typeof body['message_id'] === 'string' && body['message_id'] !== '') {
    return { kind: 'accepted', messageId: body['message_id'] };
  }
  const { code, subcode, words } = errorOf(body);
  const shown = [status, code, subcode].filter((one) => one !== undefined).join(', ');
  if (code !== undefined && UNKNOWN.has(code)) return { kind: 'ambiguous', because: `Meta failed (${shown})` };
  const waitMs = code === undefined ? undefined : WAITS.get(code);
  if (waitMs !== undefined || status === 429) {
    const untilMs = nowMs + (toldWaitMs(headers) ?? waitMs ?? MINUTE_MS);
    return { kind: 'not_accepted', retryAtMs: untilMs, because: `Meta asks to wait (${shown})` };
  }
  if (status < 400 || status >= 500 || status === 408) return { kind: 'ambiguous', because: `Meta answered ${shown}` };
  const because = `Meta refused it (${shown})${words === undefined ? '' : `: ${words}`}`;
  return { kind: 'refused', blamed: [], status, because, concerns: concerns(status, code, subcode) };
}

/** Whether every other message over the same account would end so. */
export const concernsAccount = (outcome: SendOutcome): boolean =>
  outcome.kind === 'not_accepted' || (outcome.kind === 'refused' && outcome.concerns === 'account');

function concerns(status: number, code: number | undefined, subcode: number | undefined): 'request' | 'account' {
  if (subcode !== undefined && OF_PERSON.has(subcode)) return 'request';
  const isAccount = code !== undefined && (ACCOUNT.has(code) || (code >= 200 && code <= 299));
  return isAccount || status === 401 || status === 403 ? 'account' : 'request';
}

function errorOf(body: Readonly<Record<string, unknown>>) {
  const error = isRecord(body['error']) ? body['error'] : {};
  const words = error['message'];
  return {
    code: integer(error['code']),
    subcode: integer(error['error_subcode']),
    // Without ids: whose they are is nobody's business in a ledger that people read.
    words: typeof words === 'string' && words !== '' ? safePrefix(words, REASON_CHARS).replaceAll(/\d{6,}/g, '(an id)') : undefined,
  };
}

/** `X-Business-Use-Case-Usage` says of each limit in how many minutes there is room again. */
function toldWaitMs(headers: Readonly<Record<string, unknown>>): number | undefined {
  const after = headers['retry-after'];
  if (typeof after === 'string' && /^\d{1,6}$/.test(after)) return Math.min(HOUR_MS, Math.max(1_000, Number(after) * 1_000));
  const usage = headers['x-business-use-case-usage'];
  const minutes = typeof usage === 'string' ? [...usage.matchAll(/"estimated_time_to_regain_access"\s*:\s*(\d{1,6})/g)] : [];
  const longest = Math.max(0, ...minutes.map(([, one]) => Number(one)));
  return longest > 0 ? Math.min(HOUR_MS, longest * MINUTE_MS) : undefined;
}

const integer = (value: unknown): number | undefined => (typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined);
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
