import { and, asc, eq, isNull, lte, sql } from 'drizzle-orm';
import { z } from 'zod';
import { parseLocalDate, type LocalDate, type TenantId } from '../../core/ids.js';
import type { TenantTransaction } from '../client.js';
import { outbox } from '../tables/suggestions.js';
import { walks } from '../tables/walks.js';

/** One row of the outbox per walk: what En Garde must still be told. */
const KIND = 'engarde_suggestions';

const Parcel = z.object({
  /** ISO 8601: the walk's. */
  as_of: z.string(),
  money_digits: z.int(),
  suggestion_ids: z.array(z.string()).readonly(),
  audiences: z.array(z.object({ segmentIds: z.array(z.string()).readonly(), users: z.int() })).readonly(),
});
/** What is needed to make the request again, whatever of it En Garde has by then. */
export type Parcel = z.infer<typeof Parcel>;

/**
 * Puts a walk's suggestions up for delivery, in the place of what was put up before. How often it was tried stays, since
 * that tells whether En Garde may have some; a refusal is forgotten, since somebody has run the walk again.
 */
export async function putUpForDelivery(tx: TenantTransaction, tenantId: TenantId, walkDate: LocalDate, parcel: Parcel): Promise<void> {
  await tx
    .insert(outbox)
    .values({ tenantId, kind: KIND, subject: walkDate, payload: parcel })
    .onConflictDoUpdate({
      target: [outbox.tenantId, outbox.kind, outbox.subject],
      set: {
        payload: parcel,
        refusedBecause: null,
        dueAt: sql`case when ${outbox.refusedBecause} is null then ${outbox.dueAt} else now() end`,
      },
    });
}

/** Nothing is to be delivered of this walk any more. */
export async function takeFromOutbox(tx: TenantTransaction, tenantId: TenantId, walkDate: LocalDate): Promise<void> {
  await tx.delete(outbox).where(rowOf(tenantId, walkDate));
}

/** The dates of the walks whose suggestions may be delivered now, the oldest first. */
export async function dueDeliveries(tx: TenantTransaction, tenantId: TenantId): Promise<LocalDate[]> {
  const rows = await tx
    .select({ walkDate: outbox.subject })
    .from(outbox)
    .where(and(eq(outbox.tenantId, tenantId), eq(outbox.kind, KIND), isNull(outbox.refusedBecause), lte(outbox.dueAt, sql`now()`)))
    .orderBy(asc(outbox.subject));
  return rows.map(({ walkDate }) => parseLocalDate(walkDate));
}

export type DeliveryClaim =
  | { readonly kind: 'none' }
  | { readonly kind: 'refused'; readonly because: string }
  | { readonly kind: 'not_yet'; readonly dueAt: Date }
  | { readonly kind: 'mine'; readonly parcel: Parcel; readonly attempt: number };

/**
 * Takes the delivery of a walk's suggestions for `leaseMs`: until then nobody else tries, and afterwards a request of ours is
 * surely over.
 */
export async function claimDelivery(
  tx: TenantTransaction,
  tenantId: TenantId,
  walkDate: LocalDate,
  leaseMs: number,
): Promise<DeliveryClaim> {
  const rows = await tx
    .select({
      payload: outbox.payload,
      refusedBecause: outbox.refusedBecause,
      dueAt: outbox.dueAt,
      isDue: sql<boolean>`${outbox.dueAt} <= now()`,
    })
    .from(outbox)
    .where(rowOf(tenantId, walkDate))
    .for('update');
  const row = rows[0];
  if (!row) return { kind: 'none' };
  if (row.refusedBecause !== null) return { kind: 'refused', because: row.refusedBecause };
  if (!row.isDue) return { kind: 'not_yet', dueAt: row.dueAt };
  const claimed = await tx
    .update(outbox)
    .set({ attempts: sql`${outbox.attempts} + 1`, dueAt: inMs(leaseMs) })
    .where(rowOf(tenantId, walkDate))
    .returning({ attempt: outbox.attempts });
  return { kind: 'mine', parcel: Parcel.parse(row.payload), attempt: claimed[0]?.attempt ?? 1 };
}

/** Gives a claim back: it may be tried again after a while. */
export async function postponeDelivery(tx: TenantTransaction, tenantId: TenantId, walkDate: LocalDate, delayMs: number): Promise<void> {
  await tx
    .update(outbox)
    .set({ dueAt: inMs(delayMs) })
    .where(rowOf(tenantId, walkDate));
}

/** Keeps a row that will not be tried again, with the reason. */
export async function refuseDelivery(tx: TenantTransaction, tenantId: TenantId, walkDate: LocalDate, because: string): Promise<void> {
  await tx.update(outbox).set({ refusedBecause: because }).where(rowOf(tenantId, walkDate));
}

/** Shows in the walk's record how its delivery stands. */
export async function recordDelivery(
  tx: TenantTransaction,
  tenantId: TenantId,
  walkDate: LocalDate,
  delivery: Readonly<Record<string, unknown>>,
): Promise<void> {
  await tx
    .update(walks)
    .set({ record: sql`${walks.record} || ${JSON.stringify({ delivery })}::jsonb` })
    .where(and(eq(walks.tenantId, tenantId), eq(walks.walkDate, walkDate)));
}

const rowOf = (tenantId: TenantId, walkDate: LocalDate) =>
  and(eq(outbox.tenantId, tenantId), eq(outbox.kind, KIND), eq(outbox.subject, walkDate));
const inMs = (ms: number) => sql`now() + make_interval(secs => ${ms / 1000})`;
