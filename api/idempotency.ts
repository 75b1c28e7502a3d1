import { createHash } from 'node:crypto';
import type { TenantId } from '../core/ids.js';
import type { Database } from '../db/client.js';
import { claimIdempotencyKey, keepAnswer, releaseClaim } from '../db/queries/idempotency.js';
import { assertNever } from '../core/errors.js';
import { RequestProblem } from './errors.js';
import type { RouteAnswer } from './route.js';

export type IdempotentRequest = { readonly tenantId: TenantId; readonly key: string; readonly canonical: string };

const KEY_FORM = /^[\x21-\x7e]{1,255}$/;

/** The Idempotency-Key of a request, checked; nothing when it has none. */
export function parseIdempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined || KEY_FORM.test(header)) return header;
  const message = '1 to 255 visible ASCII characters are expected';
  throw new RequestProblem('invalid', `headers Idempotency-Key: ${message}`, {
    faults: [{ in: 'headers', path: 'Idempotency-Key', message }],
  });
}

/**
 * Runs a request once for its key. A repetition gets the first answer with `Idempotency-Replayed: true`; the same key with
 * another request, and a repetition while the first is at work, are refused. A request that fails has started nothing, so
 * its key is free again.
 */
export async function answerOnce(
  database: Database,
  { tenantId, key, canonical }: IdempotentRequest,
  run: () => Promise<RouteAnswer>,
): Promise<RouteAnswer> {
  const claim = await claimIdempotencyKey(database, tenantId, key, createHash('sha256').update(canonical).digest());
  switch (claim.kind) {
    case 'answered':
      return { ...claim.answer, headers: { ...claim.answer.headers, 'Idempotency-Replayed': 'true' } };
    case 'at_work':
      throw new RequestProblem('conflict', 'a request with this Idempotency-Key is still at work; try again', {
        headers: { 'Retry-After': '1' },
      });
    case 'other_request':
      throw new RequestProblem('idempotency_mismatch', 'this Idempotency-Key came with another request before; use a new one');
    case 'mine':
      break;
    default:
      return assertNever(claim);
  }
  let answer: RouteAnswer;
  try {
    answer = await run();
  } catch (error) {
    // When the release fails too, the claim runs out by itself; the first error is the one to tell.
    await releaseClaim(database, tenantId, key).catch(() => undefined);
    throw error;
  }
  await keepAnswer(database, tenantId, key, answer);
  return answer;
}
