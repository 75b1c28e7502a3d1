import type { SendOutcome } from './send-outcome.js';

/** No answer to a request was seen. `written`: false when it is known that the connection was never made. */
export type BrokenCall = { readonly kind: 'broken'; readonly code: string | undefined; readonly written: boolean | 'unknown' };

/** These come from looking up a name or making a connection, before a byte of the request is written. */
const NEVER_CONNECTED: ReadonlySet<string | undefined> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

const UNREACHABLE_WAIT_MS = 5_000;

/** What a broken request means for its messages: not accepted where it was never written, and ambiguous wherever it may have been. */
export function brokenOutcome(provider: string, { code, written }: BrokenCall, nowMs: number): SendOutcome {
  const cause = code ?? 'an error without a code';
  if (written === false || (written === 'unknown' && NEVER_CONNECTED.has(code))) {
    return { kind: 'not_accepted', retryAtMs: nowMs + UNREACHABLE_WAIT_MS, because: `${provider} cannot be reached: ${cause}` };
  }
  return { kind: 'ambiguous', because: `no answer of ${provider} was seen: ${cause}` };
}
