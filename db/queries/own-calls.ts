import type { TenantId } from '../../core/ids.js';
import type { Database } from '../client.js';
import type { BegunMessage, CallAnswer } from './send-ledger.js';

type Ledger = Pick<Database, 'pool'>;

/** Gives messages that were claimed together a call each. False: not all are ours any more. */
export async function partClaims(
  { pool }: Ledger,
  tenantId: TenantId,
  { from, calls }: { readonly from: string; readonly calls: readonly { readonly callId: string; readonly messageId: number }[] },
): Promise<boolean> {
  const { rows } = await pool.query<{ parted: number }>('select part_claims($1, $2, $3, $4) as parted', [
    tenantId,
    from,
    calls.map(({ callId }) => callId),
    calls.map(({ messageId }) => messageId),
  ]);
  return rows[0]?.parted === calls.length;
}

/** As `beginCall`, of calls of one message each. Tells nothing of those that another worker has taken over. */
export async function beginOwnCalls(
  { pool }: Ledger,
  tenantId: TenantId,
  calls: readonly { readonly callId: string; readonly messageId: number }[],
  { addressKey, at }: { readonly addressKey: Buffer; readonly at: Date },
): Promise<readonly BegunMessage[]> {
  const { rows } = await pool.query<BegunMessage>(
    `select message_id::float8 as "messageId", status, reason, due_at as "dueAt" from begin_calls($1, $2, $3, $4, $5)`,
    [tenantId, calls.map(({ callId }) => callId), calls.map(({ messageId }) => messageId), addressKey, at],
  );
  return rows;
}

/** Why nothing may be sent to an address any more, as the ledger keeps it. */
export type Hush = 'unsubscribed' | 'bounced';

/** What a provider answered of the one message of a call. */
export type OwnAnswer = {
  readonly callId: string;
  readonly answer: CallAnswer;
  /** By which Twilio knows a text. */
  readonly messageSid: string | undefined;
  readonly hush: Hush | undefined;
  readonly at: Date;
};

/** Writes what a provider answered, all of it or nothing; again, where the first time may not have arrived. */
export async function answerOwnCalls({ pool }: Ledger, tenantId: TenantId, answers: readonly OwnAnswer[]): Promise<void> {
  const told = answers.map(({ callId, answer, messageSid = null, hush = null, at }) => [
    callId,
    answer.messageId,
    answer.status,
    'reason' in answer ? answer.reason : null,
    'dueAt' in answer ? answer.dueAt.getTime() : null,
    messageSid,
    hush,
    at.getTime(),
  ]);
  await pool.query('select answer_own_calls($1, $2)', [tenantId, JSON.stringify(told)]);
}
