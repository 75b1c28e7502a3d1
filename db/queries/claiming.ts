import { sql } from 'drizzle-orm';
import { hasHours } from '../../core/consent/quiet-hours.js';
import type { Database } from '../client.js';
import { readQuietRules, readWaits } from './quiet-rules.js';
import type { Claim, StepOfBatch } from './send-ledger.js';

type ClaimRow = { readonly outcome: Claim['outcome']; readonly dueMs: number | null };

/**
 * Claims messages for one call, each once for ever, where address, suppression, consent, hours and caps allow it, all asked in one
 * transaction. `addressKey` is the secret that hashes addresses. A claim that an earlier try left behind is taken over where that try's
 * request was never begun.
 */
export function claimMessages(
  { withTenant }: Pick<Database, 'withTenant'>,
  step: StepOfBatch,
  { callId, addressKey, at }: { readonly callId: string; readonly addressKey: Buffer; readonly at: Date },
): Promise<Claim[]> {
  const { tenantId, campaignId, stepKey, channel, batch, members } = step;
  return withTenant(tenantId, async (tx) => {
    // For `contact_of`, until this transaction ends.
    if (step.provider !== undefined) await tx.execute(sql`select set_config('app.social_provider', ${step.provider}, true)`);
    const rules = await readQuietRules(tx, tenantId);
    const waits = hasHours(channel, rules) ? await readWaits(tx, step, rules, at) : null;
    const { rows } = await tx.execute<ClaimRow>(
      sql`select outcome, idx, message_id::float8 as "messageId", user_id as "userId", address, status, reason,
            extract(epoch from due_at)::float8 * 1000 as "dueMs"
          from claim_messages(${tenantId}, ${campaignId}, ${stepKey}, ${channel}, ${addressKey}, ${batch}, ${sql.param(members)}::integer[],
            ${callId}, ${at.toISOString()}::timestamptz, ${sql.param(waits)}::timestamptz[])
          order by idx`,
    );
    return rows.map(({ dueMs, ...claim }) => ({ ...claim, dueAt: dueMs === null ? null : new Date(dueMs) }) as Claim);
  });
}
