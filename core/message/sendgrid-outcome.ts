import { brokenOutcome, type BrokenCall } from './broken-call.js';
import type { SendOutcome } from './send-outcome.js';

/** What was seen of one request to SendGrid. */
export type SendgridAnswer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly headers: Readonly<Record<string, unknown>>;
      readonly body: unknown;
      readonly validateOnly: boolean;
    }
  | BrokenCall;

const UNTOLD_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 3_600_000;
const SHORTEST_WAIT_MS = 1_000;

/**
 * What an answer of SendGrid means for the messages of the request.
 *
 * | cause | meaning |
 * |---|---|
 * | 202 (200 in sandbox mode) | accepted |
 * | 401, 403 | refused: the account |
 * | 4xx but 408 and 429 | refused: the request, and the messages that it names |
 * | 429 | not accepted, again at the header's time |
 * | no connection (refused, no such name, never made) | not accepted, again in 5 s |
 * | 408, 5xx, a time-out, a broken connection, anything else | ambiguous |
 */
export function sendgridOutcome(answer: SendgridAnswer, nowMs: number): SendOutcome {
  if (answer.kind === 'broken') return brokenOutcome('SendGrid', answer, nowMs);
  const { status, headers, body, validateOnly } = answer;
  if (status === 202 || (validateOnly && status === 200)) return { kind: 'accepted', messageId: text(headers['x-message-id']) };
  if (status === 429) return { kind: 'not_accepted', retryAtMs: retryAtMs(headers, nowMs), because: 'SendGrid asks to wait (429)' };
  const isDefinite = status >= 400 && status < 500 && status !== 408;
  if (!isDefinite) return { kind: 'ambiguous', because: `SendGrid answered ${status}` };
  const concerns = status === 401 || status === 403 ? 'account' : 'request';
  const { reasons, blamed } = readErrors(body);
  const because = `SendGrid refused it (${status})${reasons ? `: ${reasons}` : ''}`;
  return { kind: 'refused', concerns, blamed: concerns === 'account' ? [] : blamed, status, because };
}

/** The reset is a time by SendGrid's clock, which stands in the answer's own date: ours may be wrong. */
function retryAtMs(headers: Readonly<Record<string, unknown>>, nowMs: number): number {
  const resetMs = Number(text(headers['x-ratelimit-reset']) ?? Number.NaN) * 1_000;
  const theirNowMs = Date.parse(text(headers['date']) ?? '');
  const waitMs = resetMs - (Number.isNaN(theirNowMs) ? nowMs : theirNowMs);
  return nowMs + (Number.isFinite(waitMs) ? Math.min(LONGEST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, waitMs)) : UNTOLD_WAIT_MS);
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** SendGrid's reasons without the addresses that it likes to repeat in them, and the messages that its fields point at. */
function readErrors(body: unknown): { readonly reasons: string; readonly blamed: readonly number[] } {
  const errors = isRecord(body) && Array.isArray(body['errors']) ? body['errors'].slice(0, 1_000).filter(isRecord) : [];
  const positions = errors.map(({ field }) => /^personalizations\.(\d{1,3})(?:\.|$)/.exec(text(field) ?? '')?.[1]);
  const reasons = errors.slice(0, 5).map(({ message, field }) => {
    const reason = text(message) ?? 'no reason given';
    return text(field) === undefined ? reason : `${reason} (${text(field)})`;
  });
  return {
    reasons: reasons
      .join('; ')
      .replaceAll(/[^\s@[\]()<>]+@[^\s@[\]()<>]+/g, '(an address)')
      .slice(0, 500),
    blamed: [...new Set(positions.filter((position) => position !== undefined).map(Number))],
  };
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
