import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { ConsentState, ConsentWord } from '../../core/consent/consent.js';
import type { MessageChannel } from '../../core/consent/quiet-hours.js';
import type { TenantId } from '../../core/ids.js';
import {
  listConsentEvents,
  listConsentEventsOfUser,
  listConsentTopics,
  recordConsent,
  refusalOf,
  setConsentTopic,
} from '../../db/queries/consent.js';
import { ADDRESS_KEY } from '../harness/campaigns.js';
import { foldWords } from '../harness/consent-model.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { addUsers, columnsOf } from '../harness/tests.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

const NOW = new Date('2026-03-02T12:00:00Z');
const minutesAgo = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000);
const record = (tenantId: TenantId, words: readonly ConsentWord[], at = NOW) =>
  recordConsent(database, tenantId, words, { addressKey: ADDRESS_KEY, at });

const about = { channel: 'email', address: 'ann@example.test', source: 'form' } as const;
type Yes = Extract<ConsentWord, { action: 'granted' }>;
type Other = Exclude<ConsentWord, Yes>;
const yes = (changes: Partial<Yes> = {}): Yes => ({ ...about, action: 'granted', basis: 'consent', at: minutesAgo(60), ...changes });
const word = (action: Other['action'], changes: Partial<Other> = {}): Other => ({ ...about, action, at: minutesAgo(30), ...changes });
const statesOf = async (tenantId: TenantId, words: readonly ConsentWord[]) => (await record(tenantId, words)).map(({ state }) => state);
const doubleOptIn = (tenantId: TenantId, requiresConsent: readonly MessageChannel[] = ['sms', 'whatsapp']) =>
  database.withTenant(tenantId, (tx) =>
    setConsentTopic(tx, tenantId, { topic: 'news', doubleOptIn: true, requiresConsent, isTransactional: false }),
  );

describe('what somebody said', () => {
  it('holds until something else is said: later words count, whenever they become known', async () => {
    const tenantId = await database.newTenant();
    assert.deepEqual(await statesOf(tenantId, [yes()]), ['granted']);
    assert.deepEqual(await statesOf(tenantId, [word('withdrawn')]), ['withdrawn']);
    assert.deepEqual(await statesOf(tenantId, [yes({ at: minutesAgo(45) })]), ['withdrawn'], 'an import that is late');
    assert.deepEqual(await statesOf(tenantId, [yes({ at: minutesAgo(10) })]), ['granted'], 'and one who came back');
    assert.deepEqual(await statesOf(tenantId, [word('denied', { at: minutesAgo(10) })]), ['denied'], 'of one time, the no');
  });

  it('is pending on a topic that asks twice, until it is confirmed after it was said', async () => {
    const tenantId = await database.newTenant();
    await doubleOptIn(tenantId);
    const news = { topic: 'news' };
    assert.deepEqual(await statesOf(tenantId, [word('confirmed', { ...news, at: minutesAgo(90) })]), [null], 'of nothing');
    assert.deepEqual(await statesOf(tenantId, [yes(news)]), ['pending']);
    assert.deepEqual(await statesOf(tenantId, [word('confirmed', news)]), ['granted']);
    assert.deepEqual(await statesOf(tenantId, [word('withdrawn', { ...news, at: minutesAgo(20) })]), ['withdrawn']);
    assert.deepEqual(await statesOf(tenantId, [word('confirmed', { ...news, at: minutesAgo(15) })]), ['withdrawn'], 'an old link');
    assert.deepEqual(await statesOf(tenantId, [yes({ ...news, at: minutesAgo(10) })]), ['pending'], 'asked again');
  });

  it('stays as it was when the topic’s rule changes', async () => {
    const tenantId = await database.newTenant();
    await record(tenantId, [yes({ topic: 'news' })]);
    await doubleOptIn(tenantId);
    assert.deepEqual(await statesOf(tenantId, [yes({ topic: 'news', at: minutesAgo(5) })]), ['granted']);
  });

  it('cannot be said later than now: a clock that is ahead does not outlast a no', async () => {
    const tenantId = await database.newTenant();
    await record(tenantId, [yes({ at: new Date('2099-01-01') })], minutesAgo(2));
    assert.deepEqual(await statesOf(tenantId, [word('withdrawn', { at: minutesAgo(1) })]), ['withdrawn']);
  });

  it('is kept with its proof, by the address or by the hash that a message has of it', async () => {
    const tenantId = await database.newTenant();
    await addUsers(database, tenantId, 1);
    const evidence = { page: 'https://shop.example.test/join', ip: 'a hash' };
    const [first] = await record(tenantId, [yes({ userId: 'u1', textVersion: 'v3', evidence, address: ' Ann@Example.test' })]);
    assert.ok(first);
    const [second] = await record(tenantId, [word('withdrawn', { address: first.addressHash, source: 'link', userId: 'nobody' })]);
    assert.deepEqual(second, { addressHash: first.addressHash, state: 'withdrawn', basis: null, asked: null });
    const rows = await database.withTenant(tenantId, (tx) => listConsentEvents(tx, tenantId, first.addressHash));
    assert.deepEqual(
      rows.map(({ action, basis, textVersion, source, userId, at }) => [action, basis, textVersion, source, userId, at.getTime()]),
      [
        ['granted', 'consent', 'v3', 'form', 'u1', minutesAgo(60).getTime()],
        ['withdrawn', null, null, 'link', null, minutesAgo(30).getTime()],
      ],
    );
    assert.deepEqual(rows[0]?.evidence, evidence);
  });

  it('may be said by many at once, and each answer is in its place', async () => {
    const tenantId = await database.newTenant();
    const words = Array.from({ length: 500 }, (_, i) =>
      (i % 2 ? yes : word.bind(null, 'denied'))({ address: `${i}@example.test`, channel: 'sms' }),
    );
    const now = await record(tenantId, words);
    assert.deepEqual(
      now.map(({ state }) => state),
      words.map(({ action }) => action),
    );
    assert.deepEqual(await record(tenantId, []), []);
  });

  it('is refused with its reason where it is none', async () => {
    const tenantId = await database.newTenant();
    await assert.rejects(record(tenantId, [yes({ channel: 'fax' as MessageChannel })]), /consent_events_channel_check/);
    await assert.rejects(record(tenantId, [yes({ topic: 'All News' })]), /consent_events_topic_check/);
    await assert.rejects(record(tenantId, [yes({ source: '' })]), /consent_events_source_check/);
    assert.deepEqual(await columnsOf(database, 'select from consents where tenant_id = $1', tenantId), [], 'and changes nothing');
  });
});

describe('the words of many, in any order and at once', () => {
  const channels = ['email', 'sms'] as const;
  const topics = ['marketing', 'news', '*'];
  const addresses = ['a@example.test', 'b@example.test', 'c@example.test'];
  const everyKey = channels.flatMap((channel) =>
    topics.flatMap((topic) => addresses.map((address) => word('denied', { channel, topic, address, at: minutesAgo(99) }))),
  );
  const anyWord = fc.record({
    channel: fc.constantFrom(...channels),
    topic: fc.constantFrom(...topics),
    address: fc.constantFrom(...addresses),
    action: fc.constantFrom('granted', 'granted', 'denied', 'withdrawn', 'confirmed'),
    basis: fc.constantFrom('consent', 'existing_customer', 'legitimate_interest'),
    at: fc.nat(12).map(minutesAgo),
    source: fc.constant('test'),
  }) as fc.Arbitrary<ConsentWord>;

  it('end as if they had been said one after the other, and wait in no circle', async () => {
    let granted = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.boolean(),
        fc.array(fc.array(anyWord, { minLength: 1, maxLength: 6 }), { minLength: 2, maxLength: 8 }),
        async (isKnown, calls) => {
          const tenantId = await database.newTenant();
          await doubleOptIn(tenantId);
          // Half of the time all keys are there already, and nobody waits for another's new row.
          const before = isKnown ? everyKey : [];
          await record(tenantId, before);
          await Promise.all(calls.map((words) => record(tenantId, words)));
          const rows = await columnsOf(
            database,
            `select distinct on (channel, topic, address_hash) channel, topic, a.address, c.state, c.basis, c.said_at as "saidAt"
           from consents c, unnest(array['a', 'b', 'c']) l, lateral (select l || '@example.test' as address) a
           where tenant_id = $1 and address_hash = hash_address($2, $1, channel, a.address)`,
            tenantId,
            ADDRESS_KEY,
          );
          const all = [...before, ...calls.flat()];
          for (const row of rows as {
            channel: string;
            topic: string;
            address: string;
            state: ConsentState;
            basis: string;
            saidAt: Date;
          }[]) {
            const { channel, topic, address } = row;
            const same = all.filter((one) => one.channel === channel && one.topic === topic && one.address === address);
            assert.deepEqual(
              { state: row.state, basis: row.basis, saidAt: row.saidAt },
              foldWords(same, topic === 'news'),
              JSON.stringify(same),
            );
            if (row.state === 'granted') granted += 1;
          }
          const keys = new Set(all.map(({ channel, topic, address }) => `${channel} ${topic} ${String(address)}`));
          assert.equal(rows.length, keys.size);
        },
      ),
      { numRuns: 60 },
    );
    assert.ok(granted > 50, `${granted} granted: too few to mean something`);
  });
});

describe('a message about a topic', () => {
  type Case = {
    readonly title: string;
    readonly words?: readonly ConsentWord[];
    readonly channel?: MessageChannel;
    readonly topic?: string;
    readonly told?: 'granted' | 'denied';
    readonly toldAt?: Date;
    readonly refused: string | null;
  };
  const everything = { topic: '*' };
  const cases: readonly Case[] = [
    { title: 'by e-mail may go to who said nothing', refused: null },
    { title: 'by SMS needs a yes', channel: 'sms', refused: 'no consent' },
    { title: 'by SMS may go to who said yes', channel: 'sms', words: [yes({ channel: 'sms' })], refused: null },
    {
      title: 'by SMS needs a yes that is consent',
      channel: 'sms',
      words: [yes({ channel: 'sms', basis: 'existing_customer' })],
      refused: 'no consent',
    },
    { title: 'by SMS does not go by a yes to e-mail', channel: 'sms', words: [yes()], refused: 'no consent' },
    {
      title: 'by push may go by an interest',
      channel: 'push',
      words: [yes({ channel: 'push', basis: 'legitimate_interest' })],
      refused: null,
    },
    { title: 'does not go to who said no', words: [word('denied')], refused: 'no consent' },
    { title: 'does not go to who has left', words: [yes(), word('withdrawn')], refused: 'no consent' },
    { title: 'goes to who has left another topic', words: [word('withdrawn', { topic: 'news' })], refused: null },
    { title: 'does not go to who has left all topics', words: [yes(), word('withdrawn', everything)], refused: 'no consent' },
    {
      title: 'goes to who came back to this one after that',
      words: [word('withdrawn', everything), yes({ at: minutesAgo(5) })],
      refused: null,
    },
    {
      title: 'by SMS goes to who came back to all',
      channel: 'sms',
      words: [word('withdrawn', { ...everything, channel: 'sms' }), yes({ ...everything, channel: 'sms', at: minutesAgo(5) })],
      refused: null,
    },
    { title: 'waits for a confirmation', topic: 'news', words: [yes({ topic: 'news' })], refused: 'unconfirmed' },
    {
      title: 'goes after the confirmation',
      topic: 'news',
      words: [yes({ topic: 'news' }), word('confirmed', { topic: 'news' })],
      refused: null,
    },
    { title: 'does not go where the contact says no', told: 'denied', refused: 'no consent' },
    { title: 'by SMS goes where the contact says yes', channel: 'sms', told: 'granted', refused: null },
    {
      title: 'does not go where the contact says yes and then somebody no',
      words: [word('withdrawn')],
      told: 'granted',
      toldAt: minutesAgo(40),
      refused: 'no consent',
    },
    { title: 'goes where the contact’s yes is later', words: [word('withdrawn')], told: 'granted', toldAt: minutesAgo(20), refused: null },
    { title: 'does not go where the contact’s no has no date', words: [yes({ at: minutesAgo(1) })], told: 'denied', refused: 'no consent' },
    {
      title: 'goes where the contact’s no is earlier',
      words: [yes({ at: minutesAgo(1) })],
      told: 'denied',
      toldAt: minutesAgo(20),
      refused: null,
    },
    {
      title: 'by SMS that must be confirmed does not go by an imported yes',
      topic: 'news',
      channel: 'sms',
      told: 'granted',
      refused: 'unconfirmed',
    },
    { title: 'about an order goes without a yes', topic: 'orders', channel: 'sms', refused: null },
    {
      title: 'about an order does not go against a no',
      topic: 'orders',
      channel: 'sms',
      words: [word('withdrawn', { ...everything, channel: 'sms' })],
      refused: 'no consent',
    },
    { title: 'goes where a topic asks for no yes', topic: 'alerts', channel: 'sms', refused: null },
    { title: 'by e-mail needs a yes where the topic asks for one', topic: 'strict', refused: 'no consent' },
  ];
  for (const { title, words = [], channel = 'email', topic = 'marketing', told, toldAt, refused } of cases) {
    it(title, async () => {
      const tenantId = await database.newTenant();
      await doubleOptIn(tenantId);
      await database.withTenant(tenantId, async (tx) => {
        const settings = { doubleOptIn: false, requiresConsent: ['sms'] as const, isTransactional: false };
        await setConsentTopic(tx, tenantId, { ...settings, topic: 'orders', isTransactional: true });
        await setConsentTopic(tx, tenantId, { ...settings, topic: 'alerts', requiresConsent: [] });
        await setConsentTopic(tx, tenantId, { ...settings, topic: 'strict', requiresConsent: ['sms', 'email'] });
      });
      const address = about.address;
      const [{ addressHash } = assert.fail()] = await record(tenantId, [...words, word('confirmed', { channel, topic: 'other' })]).then(
        (now) => now.slice(-1),
      );
      assert.equal(typeof address, 'string');
      const because = await database.withTenant(tenantId, (tx) =>
        refusalOf(tx, tenantId, { channel, topic, addressHash, ...(told && { told }), ...(toldAt && { toldAt }) }),
      );
      assert.equal(because, refused);
    });
  }

  it('is about a topic that was set, or one with the defaults', async () => {
    const tenantId = await database.newTenant();
    await doubleOptIn(tenantId, ['email']);
    await doubleOptIn(tenantId, ['sms']);
    const topics = await database.withTenant(tenantId, (tx) => listConsentTopics(tx, tenantId));
    assert.deepEqual(topics, [{ topic: 'news', doubleOptIn: true, requiresConsent: ['sms'], isTransactional: false }]);
    const fax = database.withTenant(tenantId, (tx) =>
      setConsentTopic(tx, tenantId, {
        topic: 'news',
        doubleOptIn: false,
        requiresConsent: ['fax' as MessageChannel],
        isTransactional: false,
      }),
    );
    await assert.rejects(fax, (error: Error) => /consent_topics_requires_consent_check/.test(String(error.cause)));
  });
});

describe('the ledger of consent', () => {
  it('cannot be changed or shortened by the application, but for whose address it was', async () => {
    const tenantId = await database.newTenant();
    await record(tenantId, [yes()]);
    for (const statement of [
      `update consent_events set action = 'denied'`,
      `update consent_events set at = now()`,
      `update consent_events set evidence = '{}'`,
      'delete from consent_events',
      'truncate consent_events',
      'delete from consents',
    ]) {
      const change = database.withTenant(tenantId, (tx) => tx.execute(statement));
      await assert.rejects(change, (error: Error) => /permission denied/.test(String(error.cause)), statement);
    }
    await database.withTenant(tenantId, (tx) => tx.execute('update consent_events set user_id = null'));
    assert.equal((await columnsOf(database, `select from consent_events where tenant_id = $1 and action = 'granted'`, tenantId)).length, 1);
  });

  it('keeps what was said when people are merged, and forgets who it was when one is deleted', async () => {
    const tenantId = await database.newTenant();
    await addUsers(database, tenantId, 2);
    const [{ addressHash } = assert.fail()] = await record(tenantId, [
      yes({ userId: 'u1' }),
      word('withdrawn', { userId: 'u2', address: 'b@example.test' }),
    ]);
    await database.pool.query(`select merge_users($1, 'u1', 'u2')`, [tenantId]);
    const ofUser = () => database.withTenant(tenantId, (tx) => listConsentEventsOfUser(tx, tenantId, 'u2'));
    assert.equal((await ofUser()).length, 2);
    await record(tenantId, [yes({ userId: 'u1', address: 'c@example.test' })]);
    assert.equal((await ofUser()).length, 3, 'an id that was merged is the other one');
    await database.pool.query(`select delete_user($1, 'u2')`, [tenantId]);
    assert.equal((await ofUser()).length, 0);
    const kept = await database.withTenant(tenantId, (tx) => listConsentEvents(tx, tenantId, addressHash));
    assert.deepEqual(
      kept.map(({ userId, action }) => [userId, action]),
      [[null, 'granted']],
    );
    await record(tenantId, [word('withdrawn', { userId: 'u2' })]);
    assert.equal((await ofUser()).length, 0, 'and who is deleted does not come back by what they say');
  });

  it('is of one tenant: the same address has another hash, and nobody sees or writes another’s', async () => {
    const [ours, theirs] = [await database.newTenant(), await database.newTenant()];
    const [first] = await record(ours, [yes()]);
    const [second] = await record(theirs, [word('denied')]);
    assert.ok(first && second && !first.addressHash.equals(second.addressHash));
    const seen = await database.withTenant(ours, (tx) => listConsentEvents(tx, ours, second.addressHash));
    assert.deepEqual(seen, []);
    const all = await database.withTenant(ours, (tx) => tx.execute('select from consents'));
    assert.equal(all.rowCount, 1);
    const enter = database.withTenant(ours, (tx) => tx.execute(`select from record_consent('${theirs}', '\\x00', '[]', now())`));
    await assert.rejects(enter, (error: Error) => /belongs to another tenant/.test(String(error.cause)));
    assert.equal((await database.pool.query('select from consent_events')).rowCount, 0, 'nothing without a tenant');
  });
});
