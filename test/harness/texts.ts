import { randomUUID } from 'node:crypto';
import type { TenantId } from '../../core/ids.js';
import type { PhoneChannel } from '../../core/message/phone-message.js';
import { signToken } from '../../core/message/token.js';
import { claimMessages } from '../../db/queries/claiming.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { answerText, beginText, partClaims } from '../../db/queries/texts.js';
import { ADDRESS_KEY, addCampaign } from './campaigns.js';
import type { TestDatabase } from './database.js';
import { AT, claimed } from './ledger.js';

let numbers = 0;
/** A telephone number that no other test of this process has. */
export const newNumber = (): string => `+1415${String((numbers += 1)).padStart(7, '0')}`;

/** A time zone in which it is noon or an hour later then: quiet hours hold nobody who lives there. */
function zoneAtNoon(at: Date): string {
  const ahead = 12 - at.getUTCHours();
  return `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`; // its sign is the other way round
}

/** Users `u1` … in a campaign's first batch, with a number each on a channel: they have said yes to messages, and it is noon there. */
export async function phoneStep(
  database: TestDatabase,
  channel: PhoneChannel,
  members: number,
  at = new Date(),
): Promise<{ readonly tenantId: TenantId; readonly step: StepOfBatch; readonly addresses: readonly string[] }> {
  const tenantId = await database.newTenant();
  const addresses = Array.from({ length: members }, newNumber);
  await database.admin.query(
    `with people as (select 'u' || n as id, a from unnest($2::text[]) with ordinality p(a, n)),
     added as (insert into users (tenant_id, user_id, first_seen, time_zone) select $1, id, now(), $4 from people)
     insert into contacts (tenant_id, user_id, channel, address, consent) select $1, id, $3, a, 'granted' from people`,
    [tenantId, addresses, channel, zoneAtNoon(at)],
  );
  const { campaignId } = await addCampaign(database, tenantId, members);
  const step = { tenantId, campaignId, stepKey: 1, channel, batch: 0, members: addresses.map((_, idx) => idx) };
  return { tenantId, step, addresses };
}

/** A text that Twilio has taken. */
export async function sentText(database: TestDatabase, channel: PhoneChannel = 'sms') {
  const { tenantId, step, addresses } = await phoneStep(database, channel, 1, AT);
  const callId = randomUUID();
  const claims = claimed(await claimMessages(database, step, { callId, addressKey: ADDRESS_KEY, at: AT }));
  const [{ messageId } = { messageId: 0 }] = claims;
  const own = randomUUID();
  await partClaims(database, tenantId, { from: callId, calls: [{ callId: own, messageId }] });
  await beginText(database, tenantId, { callId: own, messageId, addressKey: ADDRESS_KEY, at: AT, said: null });
  const messageSid = newSid();
  const answer = { messageId, status: 'sent' } as const;
  await answerText(database, tenantId, { callId: own, answer, messageSid, hush: undefined, at: AT });
  return { tenantId, step, messageId, messageSid, address: addresses[0] ?? '', token: signToken(ADDRESS_KEY, { tenantId, messageId }) };
}

export const newSid = (): string => `SM${randomUUID().replaceAll('-', '')}`;
