import { brokenOutcome, type BrokenCall } from './broken-call.js';
import { retryWaitOf } from './retry-after.js';
import type { SendOutcome } from './send-outcome.js';

/** What was seen of one request to a push service. `forbidden`: its name leads to where nothing may be sent. */
export type PushAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly headers: Readonly<Record<string, unknown>> }
  | { readonly kind: 'forbidden'; readonly because: string }
  | BrokenCall;

/** What became of the message, and what was found out about the device. `silent`: nobody answered for it properly. */
export type PushVerdict = { readonly outcome: SendOutcome; readonly device: 'reached' | 'gone' | 'silent' | 'unknown' };

const UNTOLD_WAIT_MS = 60_000;
const UNREACHABLE_WAIT_MS = 60_000;
const STILL_UNREACHABLE_WAIT_MS = 15 * 60_000;
const GIVEN_UP_MS = 24 * 3_600_000;

/**
 * What an answer of a push service means for the message of the request, and for the device. There are as many services as browsers have
 * makers, and anybody can name one of their own: what one says counts for the message at hand alone.
 *
 * | cause | message | device |
 * |---|---|---|
 * | 200, 201, 202 | accepted | reached |
 * | 404, 410; a name that leads to where nothing may be sent | not accepted, again at once: to another device, if there is one | gone |
 * | 401, 403 | refused: the account (our keys) | unknown |
 * | 429 | not accepted, again at the header's time, else in a minute | reached |
 * | 3xx (followed nowhere), 413, any other 4xx but 408 | refused: the request | unknown |
 * | no connection | not accepted, again in a minute, or 15 where that was so before; after a day of it refused | silent |
 * | 408, 5xx, a time-out, a broken connection, anything else | ambiguous | silent |
 */
export function pushOutcome(answer: PushAnswer, nowMs: number, silentForMs: number | undefined): PushVerdict {
  if (answer.kind === 'forbidden') return gone(answer.because, nowMs);
  if (answer.kind === 'broken') return { outcome: brokenVerdict(answer, nowMs, silentForMs), device: 'silent' };
  const { status, headers } = answer;
  if (status >= 200 && status <= 202) return { outcome: { kind: 'accepted', messageId: undefined }, device: 'reached' };
  if (status === 404 || status === 410) return gone(`its device is gone (${status})`, nowMs);
  if (status === 429) {
    const retryAtMs = nowMs + (retryWaitOf(headers, nowMs) ?? UNTOLD_WAIT_MS);
    return { outcome: { kind: 'not_accepted', retryAtMs, because: 'its push service asks to wait (429)' }, device: 'reached' };
  }
  if (status < 300 || status === 408 || status >= 500) {
    return { outcome: { kind: 'ambiguous', because: `its push service answered ${status}` }, device: 'silent' };
  }
  return { outcome: refused(status === 401 || status === 403 ? 'account' : 'request', status), device: 'unknown' };
}

const refused = (concerns: 'account' | 'request', status: number | undefined, how = `(${status})`): SendOutcome => ({
  kind: 'refused',
  concerns,
  blamed: [],
  status,
  because: `its push service refused it ${how}`,
});

const gone = (because: string, nowMs: number): PushVerdict => ({
  outcome: { kind: 'not_accepted', retryAtMs: nowMs, because },
  device: 'gone',
});

function brokenVerdict(answer: BrokenCall, nowMs: number, silentForMs: number | undefined): SendOutcome {
  const outcome = brokenOutcome('its push service', answer, nowMs);
  if (outcome.kind !== 'not_accepted') return outcome;
  if (silentForMs === undefined) return { ...outcome, retryAtMs: nowMs + UNREACHABLE_WAIT_MS };
  if (silentForMs < GIVEN_UP_MS) return { ...outcome, retryAtMs: nowMs + STILL_UNREACHABLE_WAIT_MS };
  return {
    kind: 'refused',
    concerns: 'request',
    blamed: [],
    status: undefined,
    because: 'its push service could not be reached for a day',
  };
}
