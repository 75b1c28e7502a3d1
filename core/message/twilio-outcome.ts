import { brokenOutcome, type BrokenCall } from './broken-call.js';
import { retryWaitOf } from './retry-after.js';
import type { SendOutcome } from './send-outcome.js';
import { MESSAGE_SID, meaningOf, reasonOf } from './twilio-codes.js';

/** What was seen of one request to Twilio, which carries one message. */
export type TwilioAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly headers: Readonly<Record<string, unknown>>; readonly body: unknown }
  | BrokenCall;

const UNTOLD_WAIT_MS = 5_000;

/**
 * What an answer of Twilio means for the message of the request. Its codes are in `twilio-codes.ts`.
 *
 * | cause | meaning |
 * |---|---|
 * | 201 with a message's SID | accepted |
 * | 201 with a message that has failed already | as the code of the failure |
 * | 401, 403, 404 | refused: the account |
 * | 429 | not accepted, again at the header's time, else the code's, else in 5 s |
 * | 4xx, 21610 | refused: the request; the address has opted out |
 * | 4xx, 21211, 21614, 21635, 63024 and their like | refused: the request; the address is unreachable |
 * | 4xx, 21606, 21703, 63007 and their like | refused: the account, whose sender is at fault |
 * | 4xx, 21611, 63018, 63049 and their like | not accepted, again after the code's wait (a day for 63049) |
 * | 4xx, 63016 (outside WhatsApp's window) and any other code, but 408 | refused: the request |
 * | no connection (refused, no such name, never made) | not accepted, again in 5 s |
 * | 408, 5xx, any other 2xx or 3xx, a time-out, a broken connection, anything else | ambiguous |
 */
export function twilioOutcome(answer: TwilioAnswer, nowMs: number): SendOutcome {
  if (answer.kind === 'broken') return brokenOutcome('Twilio', answer, nowMs);
  const { status, headers } = answer;
  const body = isRecord(answer.body) ? answer.body : {};
  if (status === 201) return createdOutcome(body, nowMs);
  const code = integer(body['code']);
  if (status === 429) {
    const waitMs = retryWaitOf(headers, nowMs) ?? codeWaitMs(code) ?? UNTOLD_WAIT_MS;
    return { kind: 'not_accepted', retryAtMs: nowMs + waitMs, because: `Twilio asks to wait (${shown(status, code)})` };
  }
  const isDefinite = status >= 400 && status < 500 && status !== 408;
  if (!isDefinite) return { kind: 'ambiguous', because: `Twilio answered ${status}` };
  return refusal({ status, code, reason: body['message'] }, nowMs);
}

function createdOutcome(body: Readonly<Record<string, unknown>>, nowMs: number): SendOutcome {
  const { sid, status } = body;
  // Something between us and Twilio may answer 201 as well.
  if (typeof sid !== 'string' || !MESSAGE_SID.test(sid)) return { kind: 'ambiguous', because: 'Twilio answered 201, but named no message' };
  // Of a message's first status no callback tells.
  if (status !== 'failed' && status !== 'undelivered' && status !== 'canceled') return { kind: 'accepted', messageId: sid };
  return refusal({ status: 201, code: integer(body['error_code']), reason: body['error_message'] }, nowMs);
}

type Refusal = { readonly status: number; readonly code: number | undefined; readonly reason: unknown };

function refusal({ status, code, reason }: Refusal, nowMs: number): SendOutcome {
  const said = reasonOf(reason);
  const because = `Twilio refused it (${shown(status, code)})${said === undefined ? '' : `: ${said}`}`;
  const refused = { kind: 'refused', blamed: [], status, because } as const;
  if (status === 401 || status === 403 || status === 404) return { ...refused, concerns: 'account' };
  const meaning = meaningOf(code);
  switch (meaning?.kind) {
    case 'wait':
      return { kind: 'not_accepted', retryAtMs: nowMs + meaning.waitMs, because };
    case 'account':
      return { ...refused, concerns: 'account' };
    case 'address':
      return { ...refused, concerns: 'request', addressFault: meaning.fault };
    case undefined:
      return { ...refused, concerns: 'request' };
  }
}

function codeWaitMs(code: number | undefined): number | undefined {
  const meaning = meaningOf(code);
  return meaning?.kind === 'wait' ? meaning.waitMs : undefined;
}

const shown = (status: number, code: number | undefined): string => (code === undefined ? String(status) : `${status}, ${code}`);

const integer = (value: unknown): number | undefined => (typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined);

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
