import { randomUUID } from 'node:crypto';
import type { TenantId } from '../../core/ids.js';
import { ADDRESS_KEY, addSender } from './campaigns.js';
import { recordConsent, setConsentTopic } from '../../db/queries/consent.js';
import type { TestDatabase } from './database.js';

export type Contact = { readonly channel: string; readonly address: string; readonly verified: boolean; readonly consent: string | null };
export type Person = {
  readonly contacts: readonly Contact[];
  readonly timeZone: string | null;
  readonly hour: number | null;
  readonly isMember: boolean;
};
export type World = {
  readonly people: readonly Person[];
  readonly suppressed: readonly string[];
  /** From which address what was said of marketing, one word after the other. */
  readonly said?: readonly { readonly address: string; readonly action: 'granted' | 'withdrawn' }[];
  /** Whether marketing by e-mail needs a yes. */
  readonly needsYes?: boolean;
};

/** A tenant with these people; those who are members are in the segment. */
export async function addWorld(
  database: TestDatabase,
  { people, suppressed, said = [], needsYes = false }: World,
): Promise<{ readonly tenantId: TenantId; readonly segment: string }> {
  const tenantId = await database.newTenant({ timeZone: 'America/New_York' });
  await addSender(database, tenantId);
  const { admin } = database;
  for (const [i, { contacts, timeZone, hour }] of people.entries()) {
    await admin.query(`insert into users (tenant_id, user_id, time_zone) values ($1, $2, $3)`, [tenantId, `u${i}`, timeZone]);
    for (const { channel, address: at, verified, consent } of contacts) {
      await admin.query(
        `insert into contacts (tenant_id, user_id, channel, address, verified_at, consent) values ($1, $2, $3, $4, case when $5 then now() end, $6)`,
        [tenantId, `u${i}`, channel, at, verified, consent],
      );
    }
    if (hour !== null) {
      await admin.query(`insert into send_slots (tenant_id, user_id, channel, hour, source) values ($1, $2, 'email', $3, 'test')`, [
        tenantId,
        `u${i}`,
        hour,
      ]);
    }
  }
  await admin.query(
    `insert into suppressions (tenant_id, channel, address_hash, reason)
     select $1, 'email', hash_address($2, $1, 'email', a), 'unsubscribed' from unnest($3::text[]) a on conflict do nothing`,
    [tenantId, ADDRESS_KEY, suppressed],
  );
  const words = said.map(({ address, action }, i) => {
    const at = new Date(Date.UTC(2026, 0, 1) + i * 60_000);
    const word = { channel: 'email', address, source: 'test', at } as const;
    return action === 'granted' ? ({ ...word, action, basis: 'consent' } as const) : { ...word, action };
  });
  if (words.length > 0) await recordConsent(database, tenantId, words, { addressKey: ADDRESS_KEY, at: new Date() });
  if (needsYes) {
    const rules = { topic: 'marketing', doubleOptIn: false, requiresConsent: ['email' as const], isTransactional: false };
    await database.withTenant(tenantId, (tx) => setConsentTopic(tx, tenantId, rules));
  }
  const segment = `seg_${randomUUID().slice(0, 8)}`;
  const everybody = people.map((_, i) => `u${i}`);
  await addSegmentOf(
    database,
    tenantId,
    segment,
    everybody.filter((_, i) => people[i]?.isMember),
  );
  await addSegmentOf(database, tenantId, `${segment}_all`, everybody);
  return { tenantId, segment };
}

const addSegmentOf = (database: TestDatabase, tenantId: TenantId, segment: string, members: readonly string[]) =>
  database.admin.query(
    `with s as (
       insert into audience_segments (tenant_id, segment_key, segment_name, segment_type, criteria) values ($1, $2, 'Some', 'rule', '{}') returning id)
     insert into segment_membership (tenant_id, segment_id, user_id) select $1, s.id, m from s, unnest($3::text[]) m`,
    [tenantId, segment, members],
  );
