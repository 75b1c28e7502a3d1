import { and, eq, notInArray, sql } from 'drizzle-orm';
import type { MessageChannel } from '../../core/consent/quiet-hours.js';
import type { TenantId } from '../../core/ids.js';
import type { Rates } from '../../core/message/rates.js';
import type { LaunchBudgets } from '../../core/outreach/launching.js';
import type { TenantTransaction } from '../client.js';
import { consentTopics, sendingCaps, sendingPolicies } from '../tables/consent.js';
import { listConsentTopics, setConsentTopic, type TopicSettings } from './consent.js';
import { listSendingCaps, setSendingCap, type SendingCap } from './sending-caps.js';

/** What a tenant asks for before messages are sent, beside the law. All of it is empty as long as nobody has set it. */
export type SendingPolicy = {
  /** The hours in which one may write on a channel, as people write them. */
  readonly quietHours: Readonly<Partial<Record<MessageChannel, string>>>;
  readonly caps: readonly SendingCap[];
  readonly topics: readonly TopicSettings[];
  /** How fast messages go out on a channel. */
  readonly rates?: Rates;
  /** None, when absent. */
  readonly launchBudgets?: LaunchBudgets;
};

export async function readSendingPolicy(tx: TenantTransaction, tenantId: TenantId): Promise<SendingPolicy> {
  const rows = await tx
    .select({ quietHours: sendingPolicies.quietHours, rates: sendingPolicies.rates, launchBudgets: sendingPolicies.launchBudgets })
    .from(sendingPolicies)
    .where(eq(sendingPolicies.tenantId, tenantId));
  return {
    quietHours: rows[0]?.quietHours ?? {},
    rates: rows[0]?.rates ?? {},
    caps: await listSendingCaps(tx, tenantId),
    topics: await listConsentTopics(tx, tenantId),
    launchBudgets: rows[0]?.launchBudgets ?? {},
  };
}

/** Its rates alone. */
export async function readSendingRates(tx: TenantTransaction, tenantId: TenantId): Promise<Rates> {
  const rows = await tx.select({ rates: sendingPolicies.rates }).from(sendingPolicies).where(eq(sendingPolicies.tenantId, tenantId));
  return rows[0]?.rates ?? {};
}

/** Replaces all of it. Two at once wait for each other: what holds is one of them whole. */
export async function putSendingPolicy(tx: TenantTransaction, tenantId: TenantId, policy: SendingPolicy): Promise<void> {
  const { quietHours, caps, topics, rates = {}, launchBudgets = {} } = policy;
  const values = { quietHours, rates, launchBudgets };
  await tx
    .insert(sendingPolicies)
    .values({ tenantId, ...values })
    .onConflictDoUpdate({ target: sendingPolicies.tenantId, set: { ...values, updatedAt: sql`now()` } });
  const kept = caps.map(({ capKey }) => capKey);
  await tx
    .delete(sendingCaps)
    .where(and(eq(sendingCaps.tenantId, tenantId), kept.length > 0 ? notInArray(sendingCaps.capKey, kept) : undefined));
  for (const cap of caps) await setSendingCap(tx, tenantId, cap);
  const named = topics.map(({ topic }) => topic);
  await tx
    .delete(consentTopics)
    .where(and(eq(consentTopics.tenantId, tenantId), named.length > 0 ? notInArray(consentTopics.topic, named) : undefined));
  for (const topic of topics) await setConsentTopic(tx, tenantId, topic);
}
