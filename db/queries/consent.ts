import { and, asc, eq, sql } from 'drizzle-orm';
import { DEFAULT_TOPIC, type ConsentBasis, type ConsentState, type ConsentWord } from '../../core/consent/consent.js';
import type { MessageChannel } from '../../core/consent/quiet-hours.js';
import type { TenantId } from '../../core/ids.js';
import type { Database, TenantTransaction } from '../client.js';
import { consentEvents, consentTopics } from '../tables/consent.js';

/** What holds of what somebody said something about, after it was said; and whether they are asked to confirm it, where that was wanted. */
export type ConsentNow = {
  readonly addressHash: Buffer;
  readonly state: ConsentState;
  readonly basis: ConsentBasis | null;
  readonly asked: AskedOutcome | null;
};

/** An address that is to be asked, sealed, in the place of its word. */
export type ConfirmationWish = { readonly place: number; readonly sealedTo: Buffer; readonly sealId: string };

/** What became of the wish for a mail that asks for a confirmation. */
export const askedOutcomes = ['asked', 'asked lately', 'asked too often', 'confirmed', 'withdrawn', 'suppressed'] as const;
export type AskedOutcome = (typeof askedOutcomes)[number];

/**
 * Keeps what people said, any number of words at once, and gives for each what holds now. `at` is the present: nothing is said later.
 * A word that was said before others are known counts from its own time on. `addressKey` is the secret that hashes addresses. `wishes` are
 * those words whose yes, where it waits for its confirmation, is to be asked about: in the same transaction.
 */
export async function recordConsent(
  { pool }: Pick<Database, 'pool'>,
  tenantId: TenantId,
  words: readonly ConsentWord[],
  { addressKey, at, wishes = [] }: { readonly addressKey: Buffer; readonly at: Date; readonly wishes?: readonly ConfirmationWish[] },
): Promise<ConsentNow[]> {
  const asks = wishes.map(({ place, sealedTo, sealId }) => [place + 1, sealedTo.toString('hex'), sealId]);
  const { rows } = await pool.query<ConsentNow>(
    'select hash as "addressHash", state, basis, asked from record_and_ask($1, $2, $3, $4, $5) order by place',
    [tenantId, addressKey, wordsAsSaid(words), at, JSON.stringify(asks)],
  );
  return rows;
}

/** Words as the database takes them. */
function wordsAsSaid(words: readonly ConsentWord[]): string {
  return JSON.stringify(
    words.map((word) => [
      word.channel,
      word.topic ?? DEFAULT_TOPIC,
      typeof word.address === 'string' ? word.address : null,
      typeof word.address === 'string' ? null : word.address.toString('hex'),
      word.userId ?? null,
      word.action,
      word.action === 'granted' ? word.basis : null,
      word.action === 'granted' ? (word.textVersion ?? null) : null,
      word.source,
      word.evidence ?? {},
      word.at.getTime(),
    ]),
  );
}

/**
 * Why nothing may be sent to an address about a topic, or null where something may. `told` is what its contact says of consent.
 */
export async function refusalOf(
  tx: TenantTransaction,
  tenantId: TenantId,
  {
    channel,
    topic,
    addressHash,
    told = null,
    toldAt = null,
  }: {
    readonly channel: MessageChannel;
    readonly topic: string;
    readonly addressHash: Buffer;
    readonly told?: 'granted' | 'denied' | null;
    readonly toldAt?: Date | null;
  },
): Promise<'no consent' | 'unconfirmed' | null> {
  const { rows } = await tx.execute<{ because: 'no consent' | 'unconfirmed' | null }>(
    sql`select r.because
        from topic_rules(${tenantId}, ${topic}, ${channel}) t
        cross join lateral refuse_consent(
          ${tenantId}, ${channel}, ${topic}, ${addressHash}, ${told}, ${toldAt?.toISOString() ?? null}::timestamptz, t.needs_yes, t.needs_confirmation) r`,
  );
  return rows[0]?.because ?? null;
}

export type ConsentEventRow = typeof consentEvents.$inferSelect;

/** All that was said from an address, the first word first: the proof. */
export function listConsentEvents(tx: TenantTransaction, tenantId: TenantId, addressHash: Buffer): Promise<ConsentEventRow[]> {
  return tx
    .select()
    .from(consentEvents)
    .where(and(eq(consentEvents.tenantId, tenantId), eq(consentEvents.addressHash, addressHash)))
    .orderBy(asc(consentEvents.at), asc(consentEvents.eventId));
}

/** All that a person said, over all of their addresses. */
export function listConsentEventsOfUser(tx: TenantTransaction, tenantId: TenantId, userId: string): Promise<ConsentEventRow[]> {
  return tx
    .select()
    .from(consentEvents)
    .where(and(eq(consentEvents.tenantId, tenantId), eq(consentEvents.userId, userId)))
    .orderBy(asc(consentEvents.at), asc(consentEvents.eventId));
}

export type TopicSettings = {
  readonly topic: string;
  readonly doubleOptIn: boolean;
  readonly requiresConsent: readonly MessageChannel[];
  readonly isTransactional: boolean;
};

/** Sets a topic. What was said before keeps the rule under which it was said: a yes is not pending because of a later change. */
export async function setConsentTopic(tx: TenantTransaction, tenantId: TenantId, settings: TopicSettings): Promise<void> {
  const values = { ...settings, requiresConsent: [...settings.requiresConsent], updatedAt: sql`now()` };
  await tx
    .insert(consentTopics)
    .values({ tenantId, ...values })
    .onConflictDoUpdate({ target: [consentTopics.tenantId, consentTopics.topic], set: values });
}

/** Topics that were set; all others have the defaults. */
export async function listConsentTopics(tx: TenantTransaction, tenantId: TenantId): Promise<TopicSettings[]> {
  const rows = await tx.select().from(consentTopics).where(eq(consentTopics.tenantId, tenantId)).orderBy(asc(consentTopics.topic));
  return rows.map(({ topic, doubleOptIn, requiresConsent, isTransactional }) => ({ topic, doubleOptIn, requiresConsent, isTransactional }));
}

/** Whether what a topic is about needs no yes, such as an order. */
export async function isTransactional(tx: TenantTransaction, tenantId: TenantId, topic: string): Promise<boolean> {
  const rows = await tx
    .select({ isTransactional: consentTopics.isTransactional })
    .from(consentTopics)
    .where(and(eq(consentTopics.tenantId, tenantId), eq(consentTopics.topic, topic)));
  return rows[0]?.isTransactional ?? false;
}
