import { sql } from 'drizzle-orm';
import { parseTenantId, type TenantId } from '../../core/ids.js';
import type { Database, TenantTransaction } from '../client.js';
import type { BegunMessage } from './send-ledger.js';

type Ledger = Pick<Database, 'pool'>;

/** Messages that answer what one person did belong to no campaign: the ledger has them under this number, which is no campaign's. */
export const NO_CAMPAIGN = 0;

/** A message that answers somebody, claimed for a call of its own. */
export type ClaimedAnswer = {
  readonly messageId: number;
  readonly callId: string;
  /** Empty where nobody is known by the address. */
  readonly userId: string;
  readonly channel: 'email' | 'sms' | 'whatsapp';
  readonly kind: 'confirmation' | 'reply';
  readonly sealedTo: Buffer;
  readonly sealId: string;
};

/** Who has answers to be sent by now. */
export async function listTenantsWithAnswers({ pool }: Ledger, at: Date): Promise<TenantId[]> {
  const { rows } = await pool.query<{ id: string }>('select tenant_id as id from list_tenants_with_answers($1)', [at]);
  return rows.map(({ id }) => parseTenantId(id));
}

/** Claims answers whose time has come, at most one for each call. What may not be sent any more is settled, and says why. */
export async function claimAnswers(
  { pool }: Ledger,
  tenantId: TenantId,
  { calls, addressKey, at }: { readonly calls: readonly string[]; readonly addressKey: Buffer; readonly at: Date },
): Promise<ClaimedAnswer[]> {
  const { rows } = await pool.query<ClaimedAnswer>(
    `select message_id::float8 as "messageId", call_id as "callId", user_id as "userId", channel, kind, sealed_to as "sealedTo", seal_id as "sealId"
     from claim_answers($1, $2, $3, $4)`,
    [tenantId, addressKey, calls, at],
  );
  return rows;
}

/**
 * As `beginCall`, of the one answer of a call; `said` is a keyed hash of a text, and nothing for a mail. It judges the answer by rules of its
 * own: whoever is asked for a confirmation has not said a yes that counts yet.
 */
export async function beginAnswer(
  { pool }: Ledger,
  tenantId: TenantId,
  call: {
    readonly callId: string;
    readonly messageId: number;
    readonly addressKey: Buffer;
    readonly at: Date;
    readonly said: Buffer | null;
  },
): Promise<BegunMessage | undefined> {
  const { rows } = await pool.query<BegunMessage>(
    `select message_id::float8 as "messageId", status, reason, due_at as "dueAt" from begin_answer($1, $2, $3, $4, $5, $6)`,
    [tenantId, call.callId, call.messageId, call.addressKey, call.at, call.said],
  );
  return rows[0];
}

/** After an attempt: says when somebody is to see to these answers again. Without it they are seen to when their claims are over. */
export async function settleAnswers({ pool }: Ledger, tenantId: TenantId, messageIds: readonly number[]): Promise<void> {
  await pool.query('select settle_answers($1, $2)', [tenantId, messageIds]);
}

/** What a rule says: words, or an approved template's name. */
export type AnswerWords = { readonly message: string | null; readonly template: string | null };

/** What is said in answers to replies, by their rules as they are now; nothing for one whose rule is gone. */
export async function readAnswerWords(
  tx: TenantTransaction,
  tenantId: TenantId,
  messageIds: readonly number[],
): Promise<ReadonlyMap<number, AnswerWords>> {
  const { rows } = await tx.execute<AnswerWords & { id: number }>(
    sql`select message_id::float8 as id, message, template from words_of_answers(${tenantId}, ${sql.param([...messageIds])}::bigint[])`,
  );
  return new Map(rows.map(({ id, message, template }) => [id, { message, template }]));
}
