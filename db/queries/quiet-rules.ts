import { eq, sql } from 'drizzle-orm';
import { claimableFrom } from '../../core/consent/claim-hours.js';
import { parseOwnHours } from '../../core/consent/own-hours.js';
import type { QuietRules } from '../../core/consent/quiet-hours.js';
import type { TenantId } from '../../core/ids.js';
import type { TenantTransaction } from '../client.js';
import { sendingPolicies } from '../tables/consent.js';
import { tenants } from '../tables/tenants.js';
import type { StepOfBatch } from './send-ledger.js';

/** The hours that a tenant keeps in addition to the law's, and the clock of people whose own nobody knows. */
export async function readQuietRules(tx: TenantTransaction, tenantId: TenantId): Promise<QuietRules> {
  const rows = await tx
    .select({ timeZone: tenants.timeZone, hours: sendingPolicies.quietHours })
    .from(tenants)
    .leftJoin(sendingPolicies, eq(sendingPolicies.tenantId, tenants.tenantId))
    .where(eq(tenants.tenantId, tenantId));
  const [row] = rows;
  return { tenantTimeZone: row?.timeZone ?? 'UTC', ownHours: parseOwnHours(row?.hours) };
}

type PlaceRow = {
  readonly idx: number;
  /** A telephone's number: another address tells of no place. */
  readonly address: string | null;
  readonly timeZone: string | null;
  readonly country: string | null;
  readonly postalCode: string | null;
};

/**
 * From when on the hours allow a step's message, of each member in their place: null for at once, `infinity` for never. Who is in no
 * place that is known of (and so not in the audience) waits for nothing.
 */
export async function readWaits(tx: TenantTransaction, step: StepOfBatch, rules: QuietRules, at: Date): Promise<(string | null)[]> {
  const { tenantId, campaignId, channel, batch, members } = step;
  const { rows } = await tx.execute<PlaceRow>(
    sql`select idx, address, time_zone as "timeZone", country, postal_code as "postalCode"
        from places_of_members(${tenantId}, ${campaignId}, ${channel}, ${batch}, ${sql.param(members)}::integer[])`,
  );
  // Most of a batch are in a few places.
  const known = new Map<string, string | null>();
  const waitAt = ({ address: phone, ...place }: Omit<PlaceRow, 'idx'>): string | null => {
    const key = JSON.stringify([phone, place.timeZone, place.country, place.postalCode]);
    let wait = known.get(key);
    if (wait === undefined) known.set(key, (wait = waitOf(claimableFrom(at.getTime(), { ...place, phone, channel }, rules), at)));
    return wait;
  };
  const waits = new Map(rows.map(({ idx, ...place }) => [idx, waitAt(place)]));
  return members.map((idx) => waits.get(idx) ?? null);
}

function waitOf(fromMs: number | null, at: Date): string | null {
  if (fromMs === null) return 'infinity';
  return fromMs <= at.getTime() ? null : new Date(fromMs).toISOString();
}
