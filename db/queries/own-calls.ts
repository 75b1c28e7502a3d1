import type { TenantId } from '../../core/ids.js';
import type { Database } from '../client.js';
import { beginCall, type BegunMessage, type CallAnswer } from './send-ledger.js';

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

/** As `beginCall`, of the one message of a call. */
export async function beginOwnCall(
  ledger: Ledger,
  tenantId: TenantId,
  { messageId, ...call }: { readonly callId: string; readonly messageId: number; readonly addressKey: Buffer; readonly at: Date },
): Promise<BegunMessage | undefined> {
  return (await beginCall(ledger, tenantId, { ...call, messageIds: [messageId] }))?.[0];
}

/** Why nothing may be sent to an address any more, as the ledger keeps it. */
export type Hush = 'unsubscribed' | 'bounced';

/** Writes what a provider answered of the one message of a call, all of it or nothing; again, where the first time may not have arrived. */
export async function answerOwnCall(
  { pool }: Ledger,
  tenantId: TenantId,
  call: {
    readonly callId: string;
    readonly answer: CallAnswer;
    /** By which Twilio knows a text. */
    readonly messageSid: string | undefined;
    readonly hush: Hush | undefined;
    readonly at: Date;
  },
): Promise<void> {
  const { callId, answer, messageSid = null, hush = null, at } = call;
  await pool.query('select answer_text($1, $2, $3, $4, $5, $6, $7, $8, $9)', [
    tenantId,
    callId,
    answer.messageId,
    answer.status,
    'reason' in answer ? answer.reason : null,
    'dueAt' in answer ? answer.dueAt.getTime() : null,
    messageSid,
    hush,
    at,
  ]);
}
