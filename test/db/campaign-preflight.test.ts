import assert from 'node:assert/strict';
import { claimMessages } from '../../db/queries/claiming.js';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { Reach } from '../../core/campaign/preflight.js';
import type { TenantId } from '../../core/ids.js';
import type { StepRequest } from '../../core/journey/campaign-request.js';
import { readPreflight, type Preflight } from '../../db/queries/campaign-preflight.js';
import { requireCampaign } from '../../db/queries/campaigns.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { ADDRESS_KEY, draftCampaign, EVERYTHING_READY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { putSendingPolicy, type SendingPolicy } from '../../db/queries/sending-policy.js';
import { spendCap } from '../../db/queries/sending-caps.js';
import { addWorld, type Contact, type Person, type World } from '../harness/reach.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

const AT = new Date('2026-03-02T12:20:00Z');
const READY = EVERYTHING_READY;

const address = fc.constantFrom('a@x.test', 'A@x.test', ' a@x.test', 'b@x.test', 'c@x.test', 'd@x.test', 'e@x.test', 'f@x.test');
const contact = fc.record({
  channel: fc.constantFrom('email', 'email', 'email', 'sms'),
  address,
  verified: fc.boolean(),
  consent: fc.constantFrom(null, null, 'granted', 'denied'),
});
const person = fc.record({
  contacts: fc.uniqueArray(contact, { maxLength: 3, selector: ({ channel, address: at }) => `${channel} ${at}` }),
  timeZone: fc.constantFrom(null, 'UTC', 'Europe/Berlin', 'Asia/Tokyo'),
  hour: fc.option(fc.nat(23)),
  isMember: fc.boolean(),
});
const world = fc.record({
  people: fc.array(person, { maxLength: 12 }),
  suppressed: fc.uniqueArray(address, { maxLength: 3 }),
  said: fc.array(fc.record({ address, action: fc.constantFrom('granted' as const, 'withdrawn' as const) }), { maxLength: 4 }),
  needsYes: fc.boolean(),
});

const step: StepRequest = { day: 0, channel: 'email', template: 'welcome_series_1', send_time: 'optimal' };
const inApp: StepRequest = { day: 3, channel: 'in_app', template: 'feature_highlight', subject: 'Try it' };

const set = (tenantId: TenantId, policy: Partial<SendingPolicy>) =>
  database.withTenant(tenantId, (tx) => putSendingPolicy(tx, tenantId, { quietHours: {}, caps: [], topics: [], ...policy }));

async function check(
  tenantId: TenantId,
  segment: string,
  readiness = READY,
): Promise<{ readonly campaignId: number; readonly preflight: Preflight }> {
  const key = await draftCampaign(database, tenantId, { segment, sequence: [step, { ...step, day: 3 }, inApp] });
  return database.withTenant(tenantId, async (tx) => {
    const row = await requireCampaign(tx, tenantId, key);
    return { campaignId: row.id, preflight: await readPreflight(tx, row, { readiness, at: AT }) };
  });
}

/** The same by counting people one by one. */
function countByHand({ people, suppressed, said = [], needsYes = false }: World): Reach {
  const mailbox = (at: string) => at.trim().toLowerCase();
  const never = new Set(suppressed.map(mailbox));
  const seen = new Set<string>();
  // The last word counts, and a contact's own no whenever it was said.
  const words = new Map(said.map((word) => [mailbox(word.address), word.action]));
  const refuses = ({ address: at, consent }: Contact): boolean => {
    const word = words.get(mailbox(at)) ?? consent;
    return consent === 'denied' || word === 'withdrawn' || (needsYes && word !== 'granted');
  };
  const counts = { reachable: 0, noAddress: 0, noConsent: 0, unconfirmed: 0, suppressed: 0, sameAddress: 0 };
  for (const { contacts, isMember } of people) {
    if (!isMember) continue;
    const emails = contacts.filter(({ channel }) => channel === 'email');
    const best = emails.find(({ verified }) => verified) ?? emails[0];
    if (!best) counts.noAddress += 1;
    else if (never.has(mailbox(best.address))) counts.suppressed += 1;
    else if (refuses(best)) counts.noConsent += 1;
    else if (seen.has(mailbox(best.address))) counts.sameAddress += 1;
    else counts.reachable += 1;
    if (best && !refuses(best)) seen.add(mailbox(best.address));
  }
  return { channel: 'email', ...counts };
}

/** The same by claiming the first message for everybody, as a launched campaign does. */
async function countByClaims(tenantId: TenantId, campaignId: number, segment: string): Promise<Reach[]> {
  const { rows } = await database.admin.query<{ idx: number }>(
    `insert into journeys (tenant_id, campaign_id, batch, idx, entry, user_id)
     select $1, $2, 0, row_number() over (order by m.user_id) - 1, 1, m.user_id
     from segment_membership m join audience_segments s on s.tenant_id = m.tenant_id and s.id = m.segment_id
     where m.tenant_id = $1 and s.segment_key = $3 returning idx`,
    [tenantId, campaignId, segment],
  );
  const members = rows.map(({ idx }) => idx);
  const claimed = { tenantId, campaignId, batch: 0, members };
  return [
    await countClaims({ ...claimed, stepKey: 1, channel: 'email' }),
    await countClaims({ ...claimed, stepKey: 3, channel: 'in_app' }),
  ];
}

async function countClaims(step: StepOfBatch): Promise<Reach> {
  const claims = await claimMessages(database, step, { callId: randomUUID(), addressKey: ADDRESS_KEY, at: AT });
  const because = (reason: string) => claims.filter((claim) => claim.outcome === 'done' && claim.reason === reason).length;
  return {
    channel: step.channel,
    reachable: claims.filter(({ outcome }) => outcome === 'claimed').length,
    noAddress: because('no address'),
    noConsent: because('no consent'),
    unconfirmed: because('unconfirmed'),
    suppressed: because('unsubscribed'),
    sameAddress: because('same address'),
  };
}

describe('a preflight', () => {
  it('counts as one counts by hand, and as claims decide when it comes to it', async () => {
    await fc.assert(
      fc.asyncProperty(world, async (all) => {
        const { tenantId, segment } = await addWorld(database, all);
        const { campaignId, preflight } = await check(tenantId, segment);
        const expected = countByHand(all);
        const recipients = all.people.filter(({ isMember }) => isMember).length;
        const inboxes: Reach = {
          channel: 'in_app',
          reachable: recipients,
          noAddress: 0,
          noConsent: 0,
          unconfirmed: 0,
          suppressed: 0,
          sameAddress: 0,
        };
        assert.deepEqual(preflight.reach, [expected, inboxes]);
        assert.equal(preflight.recipients, recipients);
        assert.deepEqual(await countByClaims(tenantId, campaignId, segment), [expected, inboxes]);
        const { hours, later } = preflight.forecast;
        assert.equal(
          hours.reduce((sum, { messages }) => sum + messages, later),
          expected.reachable,
          'the forecast has others',
        );
        assert.equal(preflight.blockers.length, expected.reachable > 0 ? 0 : 1);
      }),
      { numRuns: 60 },
    );
  });

  const reachable = (changes: Partial<Person> = {}, name: string = randomUUID()): Person => ({
    contacts: [{ channel: 'email', address: `${name}@x.test`, verified: false, consent: null }],
    timeZone: null,
    hour: null,
    isMember: true,
    ...changes,
  });

  it('forecasts by the zones and best hours of those who can be reached', async () => {
    const people = [reachable(), reachable({ timeZone: 'UTC' }), reachable({ hour: 18 }), reachable({ timeZone: 'Asia/Tokyo' })];
    const { tenantId, segment } = await addWorld(database, { people: [...people, reachable({ contacts: [] })], suppressed: [] });
    const { preflight } = await check(tenantId, segment);
    // It is 07:20 in New York. Ten there is soon, in UTC tomorrow at 05:00 of New York, in Tokyo at 20:00.
    assert.deepEqual(
      preflight.forecast.hours.map(({ local, messages }) => [local, messages]),
      [
        ['2026-03-02 10:00', 1],
        ['2026-03-02 18:00', 1],
        ['2026-03-02 20:00', 1],
        ['2026-03-03 05:00', 1],
      ],
    );
  });

  it('forecasts no faster than provider and tenant let it', async () => {
    const people = Array.from({ length: 50 }, () => reachable({ timeZone: 'UTC' }));
    const { tenantId, segment } = await addWorld(database, { people, suppressed: [] });
    const slow = { ...READY, rates: { email: 0.02 } };
    const slowed = async (readiness = READY) => (await check(tenantId, segment, readiness)).preflight.forecast.slowed;
    assert.equal(await slowed(), 0);
    // 72 would go in an hour: all of them. The tenant's own is 36.
    assert.equal(await slowed(slow), 0);
    await set(tenantId, { rates: { email: 0.01, sms: 0.01 } });
    assert.equal(await slowed(slow), 14);
    assert.equal(await slowed(), 14);
  });

  it('forecasts what quiet hours hold, by the places of those who can be reached', async () => {
    const people = [reachable({ timeZone: 'UTC' }), reachable({ timeZone: 'Asia/Tokyo' }), reachable()];
    const { tenantId, segment } = await addWorld(database, { people, suppressed: [] });
    await set(tenantId, { quietHours: { email: 'daily 11:00-18:00' } });
    await database.admin.query(`update users set traits = '{"country": "DE"}' where tenant_id = $1 and user_id = 'u2'`, [tenantId]);
    const { preflight } = await check(tenantId, segment);
    // Everybody's ten is an hour too early. Whose zone is not known goes by their country's, and is due at ten of the tenant's: 16:00 there.
    const { hours, held, never } = preflight.forecast;
    assert.deepEqual(
      [hours.map(({ local, messages }) => [local, messages]), held, never],
      [
        [
          ['2026-03-02 10:00', 1],
          ['2026-03-02 21:00', 1],
          ['2026-03-03 06:00', 1],
        ],
        2,
        0,
      ],
    );
  });

  it('counts who is over a cap at this moment, as claims hold them', async () => {
    const people = [reachable(), reachable(), reachable({ contacts: [] }), reachable()];
    const { tenantId, segment } = await addWorld(database, { people, suppressed: [] });
    await set(tenantId, { caps: [{ capKey: 'day', channel: 'all', most: 1, spanMinutes: 1_440, priority: 0 }] });
    const before = (minutes: number) => new Date(AT.getTime() - minutes * 60_000);
    await spendCap(database, tenantId, { userIds: ['u0', 'u2'], channel: 'email', at: before(60) });
    await spendCap(database, tenantId, { userIds: ['u3'], channel: 'email', at: before(1_441) });
    const { campaignId, preflight } = await check(tenantId, segment);
    // Who has no address has an inbox.
    const none = [{ channel: 'email', users: 0 }, { channel: 'in_app', users: 0 }]; // prettier-ignore
    assert.deepEqual(preflight.overCap, [{ channel: 'email', users: 1 }, { channel: 'in_app', users: 2 }]); // prettier-ignore
    const waiting = async () => {
      await countByClaims(tenantId, campaignId, segment);
      const { rows } = await database.admin.query(
        "select user_id from messages where tenant_id = $1 and channel = 'email' and reason = $2",
        [tenantId, 'frequency cap'],
      );
      return rows;
    };
    assert.deepEqual(await waiting(), [{ user_id: 'u0' }]);
    await set(tenantId, { caps: [] });
    assert.deepEqual((await check(tenantId, segment)).preflight.overCap, none);
  });

  it('says that nobody is there, and that nothing can be sent', async () => {
    const { tenantId, segment } = await addWorld(database, { people: [], suppressed: [] });
    const { preflight } = await check(tenantId, segment, {
      email: 'no provider is configured',
      in_app: 'nothing is sent',
      sms: 'nothing is sent',
      whatsapp: 'nothing is sent',
      social: 'nothing is sent',
      push: 'nothing is sent',
      ledgerKey: null,
    });
    assert.deepEqual(preflight.blockers, [
      'no email can be sent, because no provider is configured',
      'no in-app message can be sent, because nothing is sent',
      'the segment Some has no members',
    ]);
    assert.deepEqual(preflight.forecast, { hours: [], later: 0, held: 0, slowed: 0, never: 0 });
  });

  it('sees nothing of another tenant', async () => {
    const everybody = { people: [reachable({}, 'a'), reachable({}, 'b')], suppressed: [] };
    const [ours] = await Promise.all([addWorld(database, everybody), addWorld(database, { ...everybody, suppressed: ['a@x.test'] })]);
    assert.equal((await check(ours.tenantId, ours.segment)).preflight.reach[0]?.reachable, 2);
  });
});
