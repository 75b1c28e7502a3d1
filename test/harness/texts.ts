import { randomUUID } from 'node:crypto';
import type { TenantId } from '../../core/ids.js';
import type { PhoneChannel } from '../../core/message/phone-message.js';
import { signToken } from '../../core/message/token.js';
import { claimMessages } from '../../db/queries/claiming.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { answerOwnCalls, partClaims } from '../../db/queries/own-calls.js';
import { beginTexts } from '../../db/queries/texts.js';
import { ADDRESS_KEY, addCampaign } from './campaigns.js';
import type { TestDatabase } from './database.js';
import { claimed } from './ledger.js';

const WEEK_MS = 7 * 86_400_000;
/** A Tuesday, 12:00 in San Francisco, where the numbers of these tests are: at other hours no text may be sent there. */
const SOME_MIDDAY_MS = Date.parse('2026-03-10T19:00:00Z');

/** Runs as fast as ours, ahead of it by less than a week, and begins with such an hour. */
export function middayClock(): () => Date {
  const startedMs = Date.now();
  const weeks = Math.ceil((startedMs - SOME_MIDDAY_MS) / WEEK_MS);
  // In winter it is 11:00 there.
  const aheadMs = SOME_MIDDAY_MS + weeks * WEEK_MS - startedMs;
  return () => new Date(Date.now() + aheadMs);
}

let numbers = 0;
/** A telephone number that no other test of this process has. */
export const newNumber = (): string => `+1415${String((numbers += 1)).padStart(7, '0')}`;

/** Users `u1` … in a campaign's first batch, with a number each on a channel. */
export async function phoneStep(
  database: TestDatabase,
  channel: PhoneChannel,
  members: number,
): Promise<{ readonly tenantId: TenantId; readonly step: StepOfBatch; readonly addresses: readonly string[] }> {
  const tenantId = await database.newTenant();
  const addresses = Array.from({ length: members }, newNumber);
  await database.admin.query(
    `with people as (select 'u' || n as id, a from unnest($2::text[]) with ordinality p(a, n)),
     added as (insert into users (tenant_id, user_id, first_seen) select $1, id, now() from people)
     insert into contacts (tenant_id, user_id, channel, address, consent, consent_at) select $1, id, $3, a, 'granted', '2026-01-01' from people`,
    [tenantId, addresses, channel],
  );
  const { campaignId } = await addCampaign(database, tenantId, members);
  const step = { tenantId, campaignId, stepKey: 1, channel, batch: 0, members: addresses.map((_, idx) => idx) };
  return { tenantId, step, addresses };
}

/** A text that Twilio has taken. */
export async function sentText(database: TestDatabase, channel: PhoneChannel = 'sms') {
  const { tenantId, step, addresses } = await phoneStep(database, channel, 1);
  const callId = randomUUID();
  const midday = new Date(SOME_MIDDAY_MS);
  const claims = claimed(await claimMessages(database, step, { callId, addressKey: ADDRESS_KEY, at: midday }));
  const [{ messageId } = { messageId: 0 }] = claims;
  const own = randomUUID();
  await partClaims(database, tenantId, { from: callId, calls: [{ callId: own, messageId }] });
  await beginTexts(database, tenantId, [{ callId: own, messageId, said: null }], { addressKey: ADDRESS_KEY, at: midday });
  const messageSid = newSid();
  const answer = { messageId, status: 'sent' } as const;
  await answerOwnCalls(database, tenantId, [{ callId: own, answer, messageSid, hush: undefined, at: midday }]);
  return { tenantId, step, messageId, messageSid, address: addresses[0] ?? '', token: signToken(ADDRESS_KEY, { tenantId, messageId }) };
}

export const newSid = (): string => `SM${randomUUID().replaceAll('-', '')}`;
