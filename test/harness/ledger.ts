import { randomUUID } from 'node:crypto';
import type { TenantId } from '../../core/ids.js';
import { claimMessages } from '../../db/queries/claiming.js';
import {
  answerCall,
  beginCall,
  takeProviderEvents,
  type CallAnswer,
  type Claim,
  type MessageStatus,
  type ProviderEvent,
  type StepOfBatch,
} from '../../db/queries/send-ledger.js';
import { ADDRESS_KEY, addCampaign, addReachableUsers, firstStep } from './campaigns.js';
import type { TestDatabase } from './database.js';

export const AT = new Date('2026-03-02T12:00:00Z');
export const later = (minutes: number) => new Date(AT.getTime() + minutes * 60_000);

export const claimed = (claims: readonly Claim[]) => claims.flatMap((one) => (one.outcome === 'claimed' ? [one] : []));
export const outcomes = (claims: readonly Claim[]) => claims.map(({ outcome }) => outcome);
/** Why nothing is sent, of each that is settled; the outcome of the others. */
export const reasons = (claims: readonly Claim[]) => claims.map((one) => (one.outcome === 'done' ? one.reason : one.outcome));
export const idsOf = (claims: readonly { readonly messageId: number | null }[]) => claims.flatMap(({ messageId }) => messageId ?? []);

export const event = (messageId: number, kind: ProviderEvent['kind'], changes: Partial<ProviderEvent> = {}): ProviderEvent => ({
  eventId: `${kind} ${messageId}`,
  messageId,
  kind,
  at: later(1),
  byMachine: false,
  ...changes,
});

export type MessageRow = { readonly user_id: string; readonly status: MessageStatus; readonly reason: string | null };

/** The ledger as a test speaks to it. */
export function ledgerOf(database: TestDatabase) {
  const tell = (tenantId: TenantId, callId: string, answers: readonly CallAnswer[]) =>
    answerCall(database, tenantId, { callId, at: AT, answers });
  return {
    /** Users with an address each, in a campaign's first batch. */
    async prepared(users: number): Promise<{ tenantId: TenantId; step: StepOfBatch }> {
      const tenantId = await database.newTenant();
      await addReachableUsers(database, tenantId, users);
      const { campaignId } = await addCampaign(database, tenantId, users);
      return { tenantId, step: firstStep(tenantId, campaignId, users) };
    },
    claim: (step: StepOfBatch, callId: string = randomUUID(), at = AT) =>
      claimMessages(database, step, { callId, addressKey: ADDRESS_KEY, at }),
    /** The messages that may be in the request; nothing where the call is somebody else's by now. */
    async begin(tenantId: TenantId, callId: string, claims: readonly Claim[]): Promise<readonly number[] | undefined> {
      const begun = await beginCall(database, tenantId, { callId, messageIds: idsOf(claims), addressKey: ADDRESS_KEY, at: AT });
      return begun && idsOf(begun.filter(({ status }) => status === 'claimed'));
    },
    tell,
    answerAll: (tenantId: TenantId, callId: string, claims: readonly Claim[], status: 'sent' | 'uncertain' = 'sent') =>
      tell(
        tenantId,
        callId,
        idsOf(claimed(claims)).map((messageId) => ({ messageId, status, reason: 'no answer' })),
      ),
    deferAll: (tenantId: TenantId, callId: string, claims: readonly Claim[], dueAt: Date) =>
      tell(
        tenantId,
        callId,
        idsOf(claimed(claims)).map((messageId) => ({ messageId, status: 'deferred', reason: 'rate limit', dueAt })),
      ),
    take: (tenantId: TenantId, events: readonly ProviderEvent[]) => takeProviderEvents(database, tenantId, 'sendgrid', events),
    async messagesOf(tenantId: TenantId): Promise<MessageRow[]> {
      const { rows } = await database.admin.query<MessageRow>(
        'select user_id, status, reason from messages where tenant_id = $1 order by idx, user_id',
        [tenantId],
      );
      return rows;
    },
  };
}

export type Counts = { readonly sent: number; readonly delivered: number; readonly opened: number; readonly clicked: number };

/** What the campaigns count, and what a recount of the ledger gives, in the order of the campaigns. */
export async function countsOf({ admin }: Pick<TestDatabase, 'admin'>, tenantId: TenantId) {
  const kept = await admin.query<Counts>(
    `select sent_count as sent, delivered_count as delivered, opened_count as opened, clicked_count as clicked
     from outreach_campaigns where tenant_id = $1 order by id`,
    [tenantId],
  );
  const recounted = await admin.query<Counts>(
    `select count(*) filter (where m.sent_at is not null)::int as sent, count(*) filter (where m.delivered_at is not null)::int as delivered,
       count(*) filter (where m.opened_at is not null)::int as opened, count(*) filter (where m.clicked_at is not null)::int as clicked
     from outreach_campaigns c left join messages m on m.tenant_id = c.tenant_id and m.campaign_id = c.id
     where c.tenant_id = $1 group by c.id order by c.id`,
    [tenantId],
  );
  return { kept: kept.rows, recounted: recounted.rows };
}
