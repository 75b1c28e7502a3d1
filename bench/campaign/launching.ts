import type { CampaignRequest } from '../../core/journey/campaign-request.js';
import { recordConsent } from '../../db/queries/consent.js';
import { putPhoneSenders } from '../../db/queries/phone-senders.js';
import { putSendingPolicy } from '../../db/queries/sending-policy.js';
import { waitUntil } from '../../sandbox/processes.js';
import { ADDRESS_KEY, addSegment, askCampaign, draftCampaign } from '../../test/harness/campaigns.js';
import { campaignWorkflowId } from '../../workflows/campaign/contract.js';
import { peakMemoryMib, secondsBetween, totalSeconds, type RoleSeconds } from '../measuring/usage-by-role.js';
import { compareWithLedger, type Compared } from './accepted.js';
import type { CampaignStack } from './stack.js';
import type { World } from './world.js';

export type CampaignFigures = Compared & {
  readonly messages: number;
  readonly per_second: number;
  readonly first_message_ms: number;
  readonly cpu_ms_per_1000: number;
  /** Processor seconds by role. */
  readonly cpu_seconds: RoleSeconds;
  readonly seconds: number;
  readonly worker_mib: number;
  readonly history_events: number;
  readonly history_bytes: number;
};

/** Makes the audience: users `u1` … who can all be reached. As in a database that has lived, the planner knows the tables. */
export async function addAudience({ database, tenantId }: Pick<World, 'database' | 'tenantId'>, recipients: number): Promise<string> {
  const segment = await addSegment(
    database,
    tenantId,
    Array.from({ length: recipients }, (_, i) => `u${i + 1}`),
  );
  await database.admin.query('vacuum analyze users, contacts, segment_membership, send_slots');
  return segment;
}

/**
 * Lets every check of the claim have something to look at, and hold nobody: a yes on record for every address, hours of the tenant's own,
 * and a cap.
 */
export async function askForEverything({ database, tenantId }: Pick<World, 'database' | 'tenantId'>): Promise<void> {
  const channels = ['email', 'sms'] as const;
  await database.withTenant(tenantId, (tx) =>
    putSendingPolicy(tx, tenantId, {
      quietHours: Object.fromEntries(channels.map((channel) => [channel, 'daily 00:00-24:00'])),
      caps: [{ capKey: 'weekly', channel: 'all', most: 100, spanMinutes: 7 * 1440, priority: 0 }],
      topics: [{ topic: 'marketing', doubleOptIn: false, requiresConsent: channels, isTransactional: false }],
    }),
  );
  const { rows } = await database.admin.query<{ userId: string; channel: 'email' | 'sms'; address: string }>(
    'select user_id as "userId", channel, address from contacts where tenant_id = $1',
    [tenantId],
  );
  const at = new Date();
  const words = rows.map(
    (contact) => ({ ...contact, topic: 'marketing', action: 'granted', basis: 'consent', source: 'bench', at }) as const,
  );
  while (words.length > 0) await recordConsent(database, tenantId, words.splice(-5_000), { addressKey: ADDRESS_KEY, at });
  await database.admin.query('vacuum analyze consents, consent_events, sending_policies, sending_caps, consent_topics');
}

/** Gives people a telephone each, where they have said yes to messages and it is noon: at other hours nobody may be written to. */
export async function giveTelephones({ database, tenantId }: World): Promise<void> {
  const ahead = 12 - new Date().getUTCHours();
  await database.admin.query("update users set time_zone = 'Etc/GMT' || $2 where tenant_id = $1", [
    tenantId,
    `${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`, // its sign is the other way round
  ]);
  await database.admin.query(
    `insert into contacts (tenant_id, user_id, channel, address, consent)
     select $1, user_id, 'sms', '+1415' || lpad(row_number() over (order by user_id)::text, 7, '0'), 'granted' from users where tenant_id = $1`,
    [tenantId],
  );
  const senders = { smsNumber: '+15005550006', smsService: null, whatsappNumber: null };
  await database.withTenant(tenantId, (tx) => putPhoneSenders(tx, tenantId, senders, new Date()));
  await database.admin.query('vacuum analyze users, contacts');
}

/** Lets people live in 24 time zones, each with an hour of their own at which they open mails. */
export async function spreadOverTheDay({ database, tenantId }: World): Promise<void> {
  await database.admin.query(
    `update users set time_zone = 'Etc/GMT' || case when zone > 0 then '+' else '' end || zone
     from (select user_id as who, row_number() over (order by user_id) % 24 - 11 as zone from users where tenant_id = $1) z
     where tenant_id = $1 and user_id = who`,
    [tenantId],
  );
  await database.admin.query(
    `insert into send_slots (tenant_id, user_id, channel, hour, source)
     select $1, user_id, 'email', row_number() over (order by md5(user_id)) % 24, 'bench' from users where tenant_id = $1`,
    [tenantId],
  );
  await database.admin.query('vacuum analyze users, send_slots');
}

/** Launches a campaign, waits for its end, and says what it took. Ends the world's worker. */
export async function measureCampaign(
  stack: CampaignStack,
  world: World,
  request: CampaignRequest,
  { recipients, onProgress }: { readonly recipients: number; readonly onProgress: (messages: number) => void },
): Promise<CampaignFigures> {
  const { database, tenantId } = world;
  const campaignId = await draftCampaign(database, tenantId, request);
  const before = world.usage();
  const launchedMs = Date.now();
  await askCampaign(stack.client, tenantId, campaignId, 'launch');
  const isOver = async () => {
    const { rows } = await database.admin.query<{ isOver: boolean; done: number }>(
      `select status = 'finished' as "isOver", (
         select coalesce(sum(members), 0)::int from campaign_batches b
         where b.tenant_id = c.tenant_id and b.campaign_id = c.id and done_at is not null) as done
       from outreach_campaigns c where campaign_key = $1`,
      [campaignId],
    );
    onProgress((rows[0]?.done ?? 0) * request.sequence.length);
    return rows[0]?.isOver === true;
  };
  if (!(await waitUntil(isOver, 3_600_000, 500))) throw new Error('the campaign did not end within an hour');
  const used = secondsBetween(before, world.usage());
  const memory = peakMemoryMib(world.workerPid);
  const largest = await largestHistory(stack, campaignWorkflowId(tenantId, campaignId));
  const accepted = await world.accepted();
  const expected = recipients * request.sequence.length;
  const seconds = (accepted.lastMs - launchedMs) / 1_000;
  return {
    messages: accepted.messages,
    per_second: Math.round(accepted.messages / seconds),
    first_message_ms: accepted.firstMs - launchedMs,
    cpu_ms_per_1000: Math.round((totalSeconds(used) * 1e6) / accepted.messages),
    cpu_seconds: Object.fromEntries(Object.entries(used).map(([role, value]) => [role, Math.round(value * 100) / 100])),
    seconds: Math.round(seconds * 10) / 10,
    worker_mib: Math.round(memory),
    ...largest,
    ...(await compareWithLedger(database, tenantId, accepted, expected)),
  };
}

/** Over the workflow of the campaign and those of its batches. */
async function largestHistory({ client }: CampaignStack, id: string) {
  let [events, bytes] = [0, 0];
  for await (const { historyLength, historySize = 0 } of client.workflow.list({
    query: `WorkflowId STARTS_WITH '${id}'`,
    pageSize: 1_000,
  })) {
    events = Math.max(events, historyLength);
    bytes = Math.max(bytes, historySize);
  }
  return { history_events: events, history_bytes: bytes };
}
