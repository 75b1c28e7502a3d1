import { parseTenantId, type TenantId } from '../../core/ids.js';
import type { PhoneChannel } from '../../core/message/phone-message.js';
import type { Database } from '../client.js';
import type { Hush } from './own-calls.js';
import type { BegunMessage } from './send-ledger.js';

type Ledger = Pick<Database, 'pool'>;

/** As `beginOwnCalls`, and notes what is about to be said: `said` is a keyed hash of it, or nothing for a template's. */
export async function beginTexts(
  { pool }: Ledger,
  tenantId: TenantId,
  calls: readonly { readonly callId: string; readonly messageId: number; readonly said: Buffer | null }[],
  { addressKey, at }: { readonly addressKey: Buffer; readonly at: Date },
): Promise<readonly BegunMessage[]> {
  const { rows } = await pool.query<BegunMessage>(
    `select message_id::float8 as "messageId", status, reason, due_at as "dueAt" from begin_texts($1, $2, $3, $4, $5, $6)`,
    [tenantId, calls.map(({ callId }) => callId), calls.map(({ messageId }) => messageId), addressKey, at, calls.map(({ said }) => said)],
  );
  return rows;
}

/** Notes by which id Twilio knows a message. False: it is another message's. */
export async function noteTextSid({ pool }: Ledger, tenantId: TenantId, messageId: number, messageSid: string): Promise<boolean> {
  const { rows } = await pool.query<{ noted: boolean }>('select note_text_sid($1, $2, $3) as noted', [tenantId, messageId, messageSid]);
  return rows[0]?.noted === true;
}

/** Lets nobody send to the address of a message any more. */
export async function suppressRecipient(
  { pool }: Ledger,
  tenantId: TenantId,
  { messageId, because, at }: { readonly messageId: number; readonly because: Hush; readonly at: Date },
): Promise<void> {
  await pool.query('select suppress_recipient($1, $2, $3, $4)', [tenantId, messageId, because, at]);
}

/** Of messages that are about to be sent over WhatsApp, those whose recipient has written since then. */
export async function listOpenWindows(
  { pool }: Ledger,
  tenantId: TenantId,
  { messageIds, since }: { readonly messageIds: readonly number[]; readonly since: Date },
): Promise<ReadonlySet<number>> {
  const { rows } = await pool.query<{ id: number }>('select message_id::float8 as id from list_open_windows($1, $2, $3)', [
    tenantId,
    messageIds,
    since,
  ]);
  return new Set(rows.map(({ id }) => id));
}

/** A text of which nobody knows whether Twilio has it. */
export type UncertainTextRow = {
  readonly messageId: number;
  readonly channel: PhoneChannel;
  readonly address: string;
  readonly said: Buffer | null;
  readonly calledAt: Date;
  readonly givenUpAt: Date;
};

/** Those of a tenant that have been uncertain since `before`, of calls after `since`, and whose number is still their user's. */
export async function listUncertainTexts(
  { pool }: Ledger,
  tenantId: TenantId,
  {
    addressKey,
    since,
    before,
    limit,
  }: { readonly addressKey: Buffer; readonly since: Date; readonly before: Date; readonly limit: number },
): Promise<UncertainTextRow[]> {
  const { rows } = await pool.query<UncertainTextRow>(
    `select message_id::float8 as "messageId", channel, address, said, called_at as "calledAt", given_up_at as "givenUpAt"
     from list_uncertain_texts($1, $2, $3, $4, $5)`,
    [tenantId, addressKey, since, before, limit],
  );
  return rows;
}

export async function listTenantsWithUncertainTexts({ pool }: Ledger): Promise<TenantId[]> {
  const { rows } = await pool.query<{ id: string }>('select tenant_id as id from list_tenants_with_uncertain_texts()');
  return rows.map(({ id }) => parseTenantId(id));
}

/** Which of these ids of Twilio's are those of messages of ours, whoever's. */
export async function findKnownSids({ pool }: Ledger, sids: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query<{ sid: string }>('select message_sid as sid from find_known_sids($1)', [sids]);
  return new Set(rows.map(({ sid }) => sid));
}

/** Says of an uncertain message that its provider does not have it. False: it was settled meanwhile. */
export async function settleAbsent({ pool }: Ledger, tenantId: TenantId, messageId: number, why: string): Promise<boolean> {
  const { rows } = await pool.query<{ settled: boolean }>('select settle_absent($1, $2, $3) as settled', [tenantId, messageId, why]);
  return rows[0]?.settled === true;
}
