import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { createEmailRenderer } from '../../activities/sending/rendering.js';
import type { TenantId } from '../../core/ids.js';
import type { StepRequest } from '../../core/journey/campaign-request.js';
import { createCampaign } from '../../db/queries/campaign-creation.js';
import { readPreflight } from '../../db/queries/campaign-preflight.js';
import { readPlan, requireCampaign } from '../../db/queries/campaigns.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { gatherOutcomes } from '../../db/queries/test-looks.js';
import { exposeMembers } from '../../db/queries/test-slots.js';
import { ADDRESS_KEY, addSegment, draftCampaign, EVERYTHING_READY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { AT, claimed, event, later, ledgerOf } from '../harness/ledger.js';
import { change, makeTest, startedTest } from '../harness/tests.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

const PEOPLE = Array.from({ length: 40 }, (_, i) => `p${i}`);
const START = later(-60);

/** A running campaign whose first step shows a test's arms to people in its only batch. */
async function prepared(changes: Parameters<typeof startedTest>[3] = {}) {
  const tenantId = await database.newTenant();
  const segment = await addSegment(database, tenantId, PEOPLE);
  const test = await startedTest(database, tenantId, START, changes);
  const key = await draftCampaign(database, tenantId, {
    segment,
    sequence: [{ day: 0, channel: 'email', template: 'welcome_series_1', subject: 'Our own', test: test.testKey }],
  });
  const { id: campaignId } = await database.withTenant(tenantId, (tx) => requireCampaign(tx, tenantId, key));
  await database.admin.query(`update outreach_campaigns set status = 'running', launched_at = $2 where id = $1`, [campaignId, START]);
  await database.admin.query(
    `insert into journeys (tenant_id, campaign_id, batch, idx, entry, user_id)
     select $1, $2, 0, n - 1, 1, person from unnest($3::text[]) with ordinality p(person, n)`,
    [tenantId, campaignId, PEOPLE],
  );
  const step: StepOfBatch = { tenantId, campaignId, stepKey: 1, channel: 'email', batch: 0, members: PEOPLE.map((_, idx) => idx) };
  const expose = (at = AT, members = step.members) => exposeMembers(database, { ...step, members, test: test.testKey }, at);
  const exposures = async () =>
    (
      await database.admin.query<{ user_id: string; variation_id: string; exposed_at: Date }>(
        'select user_id, variation_id, exposed_at from ab_test_exposures where test_id = $1 order by user_id',
        [test.id],
      )
    ).rows;
  const subjects = async () => {
    const render = createEmailRenderer({ database, ledgerKey: ADDRESS_KEY, publicUrl: 'https://m.example' });
    const users = PEOPLE.map((userId) => ({ userId, address: `${userId}@example.test`, token: 'token' }));
    const { mails } = await render(step, users, AT);
    return new Map(PEOPLE.map((userId, i) => [userId, mails[i] && 'subject' in mails[i] ? mails[i].subject : '']));
  };
  return { tenantId, segment, test, step, campaignId, expose, exposures, subjects };
}

const SUBJECTS: Readonly<Record<string, string>> = { control: 'Welcome', personal: 'Your dashboard is ready' };

describe('those who fall due in a step with a test', () => {
  it('are exposed once, however often and at once they fall due, and read the words of their arm', async () => {
    const { expose, exposures, subjects } = await prepared();
    await Promise.all([expose(), expose(), expose(AT, [0, 1, 2])]);
    const first = await exposures();
    assert.equal(first.length, PEOPLE.length);
    await expose(later(600));
    assert.deepEqual(await exposures(), first);
    const shown = await subjects();
    for (const { user_id: user, variation_id: arm } of first) assert.equal(shown.get(user), SUBJECTS[arm], user);
    assert.deepEqual(new Set(shown.values()), new Set(Object.values(SUBJECTS)));
  });

  it('are not exposed in a pause, before the test, or outside of its share: those read the step’s own words', async () => {
    const { campaignId, expose, exposures, subjects } = await prepared({ exposureShare: 0.5 });
    await expose(later(-61));
    await database.admin.query(`update outreach_campaigns set status = 'paused' where id = $1`, [campaignId]);
    await expose();
    assert.equal((await exposures()).length, 0);
    await database.admin.query(`update outreach_campaigns set status = 'running' where id = $1`, [campaignId]);
    await expose();
    const inTest = new Set((await exposures()).map(({ user_id }) => user_id));
    assert.ok(inTest.size > 5 && inTest.size < 35, String(inTest.size));
    for (const [user, subject] of await subjects()) assert.equal(subject === 'Our own', !inTest.has(user), user);
  });

  it('read the control’s words once the test was stopped, and the winner’s once one was found', async () => {
    const { test, expose, exposures, subjects } = await prepared();
    await expose();
    await change(database, test, { kind: 'stop' }, later(60));
    assert.deepEqual(new Set((await subjects()).values()), new Set(['Welcome']));
    const winner = { kind: 'winner', variationId: 'personal', stoppedEarly: false };
    await database.admin.query(`update ab_tests set state = jsonb_set(state, '{ending}', $2) where id = $1`, [
      test.id,
      JSON.stringify(winner),
    ]);
    assert.deepEqual(new Set((await subjects()).values()), new Set(['Your dashboard is ready']));
    const before = await exposures();
    await expose(later(120));
    assert.deepEqual(await exposures(), before);
  });

  it('tell the test what became of their messages, within the window and once, also when they are merged', async () => {
    const { tenantId, test, step, expose } = await prepared();
    const { claim, answerAll, begin, take } = ledgerOf(database);
    await expose();
    const callId = randomUUID();
    const claims = claimed(await claim(step, callId));
    assert.equal(claims.length, PEOPLE.length);
    await begin(tenantId, callId, claims);
    await answerAll(tenantId, callId, claims, 'sent');
    const messageOf = (user: string) => claims.find(({ userId }) => userId === user)?.messageId ?? 0;
    await take(tenantId, [
      event(messageOf('p0'), 'clicked'),
      event(messageOf('p1'), 'opened', { byMachine: true }),
      event(messageOf('p2'), 'opened', { at: later(25 * 60) }),
      event(messageOf('p3'), 'unsubscribed'),
      event(messageOf('p4'), 'opened', { at: new Date(AT.getTime() - 500) }), // by a clock of whole seconds
    ]);
    await database.pool.query(`select merge_users($1, 'p0', 'somebody')`, [tenantId]);
    for (let time = 0; time < 2; time += 1) await gatherOutcomes(database, test, later(26 * 60));
    const { rows } = await database.admin.query<{ told: string }>(
      `select concat_ws(' ', user_id, event_type, case when is_machine then 'by a machine' end) as told from ab_test_results
       where test_id = $1 and event_type <> 'sent' order by 1`,
      [test.id],
    );
    assert.deepEqual(
      rows.map(({ told }) => told),
      ['p1 opened by a machine', 'p3 unsubscribed', 'p4 opened', 'somebody clicked', 'somebody opened'],
    );
    const counted = await database.admin.query<{ sent: number; clicked: number }>(
      'select count(sent_at)::int as sent, count(clicked_at)::int as clicked from ab_test_exposures where test_id = $1',
      [test.id],
    );
    assert.deepEqual(counted.rows[0], { sent: PEOPLE.length, clicked: 1 });
  });
});

describe('a campaign that names a test', () => {
  async function faultsOf(tenantId: TenantId, segment: string, step: Partial<StepRequest>): Promise<string[]> {
    const request = { segment, sequence: [{ day: 0, channel: 'email', template: 'welcome_series_1', ...step }] };
    const written = await database.withTenant(tenantId, (tx) => createCampaign(tx, { tenantId, wish: { request }, by: 'test', at: AT }));
    return written.kind === 'written' ? [] : written.faults.map(({ field, message }) => `${field}: ${message}`);
  }

  it('is refused where there is none, where it is over, or where the step cannot show its arms', async () => {
    const { tenantId, segment, test } = await prepared();
    const inTest = (step: Partial<StepRequest>) => faultsOf(tenantId, segment, step);
    assert.deepEqual(await inTest({ test: 'test_none' }), ['sequence[0].test: there is no such test: POST /v1/tests designs one']);
    assert.deepEqual(await inTest({ test: test.testKey, channel: 'sms', message: 'Hi' }), [
      'sequence[0].test: it is a test of email, and the step goes by sms',
    ]);
    const arms = (parts: object) => [
      { id: 'control', name: 'Control', parts: {} },
      { id: 'other', name: 'Other', parts },
    ];
    const times = await makeTest(database, tenantId, AT, { variations: arms({ send_time: '09:00' }) });
    assert.deepEqual(await inTest({ test: times.testKey }), [
      'sequence[0].test: its arms vary the send_time, which a step on email cannot show',
    ]);
    assert.deepEqual(await inTest({ test: test.testKey }), []);
    await change(database, test, { kind: 'stop' }, later(60));
    assert.deepEqual(await inTest({ test: test.testKey }), ['sequence[0].test: it is over: leave it out']);
  });

  it('is told which arm cannot be written, and that nobody enters a test that does not run', async () => {
    const { tenantId, segment } = await prepared();
    const variations = [
      { id: 'control', name: 'Control', parts: { subject: 'Hi' } },
      { id: 'bad', name: 'Bad', parts: { subject: 'Hi {{ frist_name }}' } },
    ];
    const draft = await makeTest(database, tenantId, AT, { variations });
    const request = { segment, sequence: [{ day: 0, channel: 'email', template: 'welcome_series_1', test: draft.testKey }] };
    const written = await database.withTenant(tenantId, (tx) => createCampaign(tx, { tenantId, wish: { request }, by: 'test', at: AT }));
    assert.ok(written.kind === 'written');
    const { blockers, warnings } = await database.withTenant(tenantId, (tx) =>
      readPreflight(tx, written.campaign, { readiness: EVERYTHING_READY, at: AT }),
    );
    assert.equal(blockers.length, 1);
    assert.match(blockers[0] ?? '', /^in the arm bad: step 1, subject: there is no variable frist_name/);
    assert.deepEqual(warnings, [`step 1: the test ${draft.testKey} is draft, so that nobody enters it`]);
    const { plan } = await database.withTenant(tenantId, (tx) => readPlan(tx, written.campaign));
    assert.equal(plan.steps[0]?.test, draft.testKey);
  });
});
