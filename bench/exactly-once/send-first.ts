import type { PoolClient } from 'pg';
import type { StepSent } from '../../activities/sending/send-step.js';
import { signToken } from '../../core/message/token.js';
import type { Database } from '../../db/client.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import type { Connected } from './providers/provider.js';

type Sending = { readonly database: Database; readonly ledgerKey: Buffer; readonly sendBare: Connected['sendBare'] };
type Member = { readonly idx: number; readonly user_id: string; readonly address: string };

/** As others do it: whatever is not recorded as sent is sent, and recorded after that. What the provider did not take is an error. */
export async function sendFirst({ database: { pool }, ledgerKey, sendBare }: Sending, step: StepOfBatch): Promise<StepSent> {
  const { tenantId, stepKey, batch, channel } = step;
  const client = await pool.connect();
  try {
    await client.query(`select set_config('app.tenant_id', $1, false)`, [tenantId]);
    const members = await listUnrecorded(client, step);
    if (members.length === 0) return [];
    const messages = members.map(({ idx, user_id: userId, address }) => {
      // Steps and batches are small numbers here: together they name a message.
      const messageId = stepKey * 1e8 + batch * 1_000 + idx + 1;
      return { tenantId, messageId, stepKey, userId, address, token: signToken(ledgerKey, { tenantId, messageId }) };
    });
    const outcomes = await sendBare(channel, messages);
    const isOver = (position: number) => outcomes[position]?.kind === 'accepted' || outcomes[position]?.kind === 'refused';
    await record(
      client,
      step,
      members.filter((_, position) => isOver(position)),
    );
    if (!members.every((_, position) => isOver(position))) throw new Error('not all were taken');
    return [];
  } finally {
    client.release();
  }
}

async function listUnrecorded(client: PoolClient, { tenantId, campaignId, stepKey, batch, members, channel }: StepOfBatch) {
  const { rows } = await client.query<Member>(
    `select j.idx, j.user_id, coalesce(c.address, '') as address from journeys j
     left join contacts c on c.tenant_id = j.tenant_id and c.user_id = j.user_id and c.channel = $6
     where j.tenant_id = $1 and j.campaign_id = $2 and j.batch = $3 and j.idx = any ($5) and not exists (
       select from messages m where m.tenant_id = j.tenant_id and m.campaign_id = j.campaign_id and m.step_key = $4 and m.user_id = j.user_id)
     order by j.idx`,
    [tenantId, campaignId, batch, stepKey, members, channel],
  );
  return rows;
}

async function record(client: PoolClient, { tenantId, campaignId, stepKey, batch, channel }: StepOfBatch, sent: readonly Member[]) {
  await client.query(
    `insert into messages (tenant_id, campaign_id, entry, step_key, user_id, channel, batch, idx, status, claimed_at, sent_at)
     select $1, $2, 1, $4, u, $7, $3, i, 'sent', now(), now() from unnest($5::text[], $6::int[]) x(u, i)`,
    [tenantId, campaignId, batch, stepKey, sent.map(({ user_id }) => user_id), sent.map(({ idx }) => idx), channel],
  );
}
