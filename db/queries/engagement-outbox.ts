import { parseTenantId, type TenantId } from '../../core/ids.js';
import type { Told } from '../../core/journey/batch.js';
import type { ExitReason } from '../../core/journey/next.js';
import { reactionBits, reactions, type Reaction } from '../../core/journey/triggers.js';
import type { Database } from '../client.js';

/** A batch whose journeys have to be told something. */
export type EngagedBatch = {
  readonly tenantId: TenantId;
  readonly campaignId: number;
  readonly campaignKey: string;
  readonly batch: number;
};

export type Slices = { readonly owned: readonly number[]; readonly of: number };

/** Of the batches in some slices, those that wait longest. */
export async function listEngagedBatches({ pool }: Pick<Database, 'pool'>, { owned, of }: Slices, most: number): Promise<EngagedBatch[]> {
  const { rows } = await pool.query<Omit<EngagedBatch, 'tenantId'> & { readonly tenantId: string }>(
    `select tenant_id as "tenantId", campaign_id::float8 as "campaignId", campaign_key as "campaignKey", batch
     from list_engaged_batches($1, $2, $3)`,
    [owned, of, most],
  );
  return rows.map((row) => ({ ...row, tenantId: parseTenantId(row.tenantId) }));
}

export type Engagements = { readonly ids: readonly number[]; readonly told: readonly Told[]; readonly isOpen: boolean };

type OutboxRow = { id: number; idx: number; step_key: number | null; what: string };

/** What a batch has to be told, in order; several reactions to one message are one. `isOpen`: the batch is not over. */
export async function readEngagements(
  { pool }: Pick<Database, 'pool'>,
  { tenantId, campaignId, batch }: EngagedBatch,
  most: number,
): Promise<Engagements> {
  const { rows } = await pool.query<OutboxRow & { is_open: boolean }>(
    `select id, idx, step_key, what, is_open from read_engagements($1, $2, $3, $4) order by id`,
    [tenantId, campaignId, batch, most],
  );
  return { ids: rows.map(({ id }) => id), told: toldOf(rows), isOpen: rows[0]?.is_open === true };
}

export async function deleteEngagements({ pool }: Pick<Database, 'pool'>, tenantId: TenantId, ids: readonly number[]): Promise<void> {
  await pool.query('select delete_engagements($1, $2)', [tenantId, ids]);
}

function toldOf(rows: readonly OutboxRow[]): Told[] {
  const reacted = new Map<string, { idx: number; stepKey: number; bits: number }>();
  const about: Told[] = [];
  for (const { idx, step_key: stepKey, what } of rows) {
    if (stepKey === null) {
      about.push([idx, what as 'goal' | ExitReason]);
      continue;
    }
    const known = reacted.get(`${idx} ${stepKey}`) ?? { idx, stepKey, bits: 0 };
    reacted.set(`${idx} ${stepKey}`, { ...known, bits: known.bits | bitOf(what) });
  }
  return [...[...reacted.values()].map(({ idx, stepKey, bits }): Told => [idx, stepKey, bits]), ...about];
}

const isReaction = (what: string): what is Reaction => reactions.some((reaction) => reaction === what);
const bitOf = (what: string): number => (isReaction(what) ? reactionBits[what] : 0);
