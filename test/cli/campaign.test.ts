import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TenantId } from '../../core/ids.js';
import { waitUntil } from '../../sandbox/processes.js';
import type { RunningWorker } from '../../workers/main.js';
import { ADDRESS_KEY, addSegment } from '../harness/campaigns.js';
import { runCommand, type CommandResult } from '../harness/cli.js';
import { temporaryFolder } from '../harness/folder.js';
import { openTestWalker, type TestWalker } from '../harness/walker.js';

let walker: TestWalker;
let worker: RunningWorker;
let tenant: TenantId;
let segment: string;
before(async () => {
  walker = await openTestWalker('cli-campaign');
  worker = await walker.startWorker();
  tenant = await walker.database.newTenant();
  segment = await addSegment(walker.database, tenant, ['ann', 'bob']);
});
after(async () => {
  await worker.close();
  await walker.close();
});

/** With these, emails can be sent; nobody is reached within this test, whose first message is due in a month. */
const sending = {
  LEDGER_KEY: Buffer.concat([ADDRESS_KEY, ADDRESS_KEY]).toString('base64'),
  PUBLIC_URL: 'https://m.example',
  SENDGRID_API_KEY: 'SG.key',
  SENDGRID_WEBHOOK_KEY: 'a2V5',
};
const folder = temporaryFolder('cli-campaign');
const run = (...args: readonly string[]) => runCommand(['campaign', ...args, '--tenant', tenant], { ...walker.variables, ...sending });

function create(body: unknown): Promise<CommandResult> {
  const file = join(folder, 'campaign.json');
  writeFileSync(file, typeof body === 'string' ? body : JSON.stringify(body));
  return run('create', file);
}

const email = { day: 30, channel: 'email', template: 'welcome_series_1', send_time: 'optimal' };
const later = { ...email, day: 33, trigger: 'not_opened' };

describe('madansara campaign', () => {
  it('writes a campaign, checks, launches, pauses, resumes, shows and cancels it', async () => {
    assert.match((await run('list')).stdout, /the tenant has no campaigns yet/);
    const created = await create({ campaign_id: 'camp_cli', segment, goal: 'convert_to_paid', sequence: [email, later] });
    assert.equal(created.code, 0, created.stderr);
    assert.equal(
      created.stdout,
      [
        'camp_cli is a draft.',
        '  1. From day 30 on, at the best hour of each: email welcome_series_1',
        '  2. From day 33 on, at the best hour of each: email welcome_series_1, to those who did not open step 1 within 12 hours; others are at the end',
        '  Whoever reaches convert_to_paid leaves.',
        '  No message goes out later than 63 days after entry.',
        '',
        'Recipients: 2',
        'channel  reachable  no address  no consent  unconfirmed  suppressed  same address  over a cap now',
        'email    2          0           0           0            0           0             0',
        'Later than a day from now, or after a reaction: 2',
        'It can be launched.',
        '',
      ].join('\n'),
    );
    assert.match((await run('preflight', 'camp_cli')).stdout, /^Recipients: 2\n[^]*It can be launched\.\n$/);

    const launched = await run('launch', 'camp_cli');
    assert.deepEqual([launched.code, launched.stdout], [0, 'camp_cli is running\n'], launched.stderr);
    assert.equal((await run('launch', 'camp_cli')).stdout, 'camp_cli was running before; nothing changed\n');
    assert.equal((await run('pause', 'camp_cli')).stdout, 'camp_cli is paused\n');
    assert.equal((await run('resume', 'camp_cli')).stdout, 'camp_cli is running\n');
    const isFrozen = async () => (await run('show', 'camp_cli')).stdout.includes('(2 recipients)');
    assert.ok(await waitUntil(isFrozen, 30_000, 200));
    assert.match(
      (await run('show', 'camp_cli')).stdout,
      new RegExp(
        `^camp_cli is running: .*\\nFor ${segment} \\(2 recipients\\), until convert_to_paid\\nLaunched 20[^]*\\njourneys  ended\\n2 +under way\\n$`,
      ),
    );
    assert.match(
      (await run('list', '--status', 'running')).stdout,
      /^campaign id .*\ncamp_cli +running +20\d\d-\d\d-\d\d \d\d:\d\d +2 +seg_/,
    );
    assert.equal((await run('cancel', 'camp_cli')).stdout, 'camp_cli is cancelled\n');
    const isOver = async () => (await run('story', 'ann')).stdout.includes('cancelled');
    assert.ok(await waitUntil(isOver, 30_000, 200));
    assert.match((await run('story', 'ann')).stdout, /^camp_cli \(.*\), entry 1, batch \d\/0\n {2}left 20.*: cancelled\n$/);
  });

  it('shows what became of messages, and what waits', async () => {
    await create({ campaign_id: 'camp_messages', segment, sequence: [email] });
    const add = (user: string, status: string, reason: string | null, due: string | null, sent: string | null) =>
      walker.database.admin.query(
        `with c as (select id from outreach_campaigns where tenant_id = $1 and campaign_key = 'camp_messages'),
         j as (insert into journeys (tenant_id, campaign_id, batch, idx, entry, user_id) select $1, id, 0, $6, 1, $2 from c)
         insert into messages (tenant_id, campaign_id, entry, step_key, user_id, channel, batch, idx, status, reason, claimed_at, due_at, sent_at, delivered_at, opened_at, clicked_at)
         select $1, id, 1, '1', $2, 'email', 0, $6, $3, $4, now(), $5, $7, $7, $7, $7::timestamptz + interval '1 hour' from c`,
        [tenant, user, status, reason, due, user === 'ann' ? 0 : 1, sent],
      );
    await add('ann', 'clicked', null, null, '2026-03-02T10:00:00Z');
    await add('bob', 'deferred', 'rate limit', '2026-03-02T12:30:00Z', null);
    const { stdout } = await run('show', 'camp_messages');
    assert.match(stdout, /\nstep {2}sent {2}delivered {2}opened {2}clicked {2}replied {2}converted\n1 +1 +1 +1 +1 +0 +0\n/);
    assert.match(stdout, /\nstep {2}messages {2}status +reason\n1 +1 +clicked\n1 +1 +deferred {2}rate limit\n/);
    assert.match(stdout, /\n1 deferred, the first until 2026-03-02 12:30\n$/);
    assert.match(
      (await run('story', 'ann')).stdout,
      /\n {2}step 1 by email: clicked, sent 2026-03-02 10:00, delivered 2026-03-02 10:00, opened 2026-03-02 10:00, clicked 2026-03-02 11:00\n {2}under way\n/,
    );
    assert.match((await run('story', 'bob')).stdout, /step 1 by email: deferred \(rate limit\), deferred until 2026-03-02 12:30\n/);
  });

  it('checks and tells a campaign of mails and in-app messages', async () => {
    const inApp = { day: 31, channel: 'in_app', template: 'feature_highlight', subject: 'Try it' };
    const mixed = {
      campaign_id: 'camp_mixed',
      segment,
      sequence: [email, inApp, { ...email, day: 33, trigger: 'in_app_engaged', else: 'leave' }],
    };
    const { stdout } = await create(mixed);
    assert.match(
      stdout,
      /\n {2}2\. From day 31 on: in_app feature_highlight\n {2}3\. .* to those who interacted with step 2 within 3 days; others leave\n/,
    );
    assert.match(stdout, /\nemail +2 +0 +0 +0 +0 +0 +0\nin_app +2 +0 +0 +0 +0 +0 +0\n/);
    assert.match(stdout, /It can be launched\.\n$/);
    const { stdout: blocked } = await create({
      ...mixed,
      campaign_id: 'camp_blocked',
      sequence: [{ ...inApp, subject: 'Hi {{ nobody }}' }],
    });
    assert.match(blocked, /It cannot be launched:\n {2}- step 1, subject: there is no variable nobody.*\n$/);
    await walker.database.admin.query(
      `with c as (select id from outreach_campaigns where tenant_id = $1 and campaign_key = 'camp_mixed'),
       j as (insert into journeys (tenant_id, campaign_id, batch, idx, entry, user_id) select $1, id, 0, 0, 1, 'bob' from c)
       insert into messages (tenant_id, campaign_id, entry, step_key, user_id, channel, batch, idx, status, claimed_at, sent_at, delivered_at)
       select $1, id, 1, 2, 'bob', 'in_app', 0, 0, 'delivered', $2, $2, $2 from c`,
      [tenant, '2026-03-02T10:00:00Z'],
    );
    assert.match(
      (await run('story', 'bob')).stdout,
      /\n {2}step 2 by in_app: delivered, sent 2026-03-02 10:00, delivered 2026-03-02 10:00\n/,
    );
    assert.match((await run('show', 'camp_mixed')).stdout, /\nstep {2}messages {2}status +reason\n2 +1 +delivered/);
  });

  it('says in words what is wrong, all of it at once', async () => {
    const wrong = await create({ segment: 'Nobodies', goal: 'fly', sequence: [email, { ...email, day: 1, channel: 'pigeon' }] });
    assert.equal(wrong.code, 1);
    const [head, ...faults] = wrong.stderr.trim().split('\n');
    assert.equal(head, 'madansara: the campaign cannot be written:');
    assert.deepEqual(
      faults.map((line) => /^ {2}- ([^:]+): /.exec(line)?.[1]),
      ['segment', 'goal', 'sequence[1].channel', 'sequence[1].day'],
    );
    await create({ campaign_id: 'camp_wrong', segment, sequence: [email] });
    const silent = (...args: readonly string[]) => runCommand(['campaign', ...args, '--tenant', tenant], walker.variables);
    const cases: [CommandResult, RegExp][] = [
      [await create('{'), /the file is not JSON/],
      [await create({ segment, sequence: [email], winners: 1 }), /winners/],
      [await create({ campaign_id: 'camp_wrong', segment, sequence: [email] }), /there is a campaign "camp_wrong" already/],
      [await run('create', join(folder, 'none.json')), /none\.json/],
      [await run('show', 'camp_none'), /the tenant has no campaign camp_none \(`madansara campaign list/],
      [await run('pause', 'camp_wrong'), /only a running campaign can be paused \(it is a draft\)/],
      [await silent('launch', 'camp_wrong'), /it cannot be launched: no email can be sent, because no provider is configured/],
      [await run('story', 'nobody'), /the tenant has no user nobody/],
    ];
    for (const [{ code, stderr }, sentence] of cases) {
      assert.match(stderr, sentence);
      assert.doesNotMatch(stderr, /\n +at /);
      assert.equal(code, 1);
    }
  });
});
