import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import type { PushDependencies } from '../../activities/channels/push.js';
import { sendStep, type StepSent } from '../../activities/sending/send-step.js';
import type { TenantId } from '../../core/ids.js';
import { pushTopic } from '../../core/message/push.js';
import { signToken } from '../../core/message/token.js';
import type { SendFault } from '../../sandbox/provider/faults.js';
import { startSandboxPush, type SandboxPush, type SandboxPushOptions } from '../../sandbox/push/push.js';
import { ADDRESS_KEY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { AT, later, ledgerOf } from '../harness/ledger.js';
import { plainPushes, pushClientFor, pushSending, pushStep, tellOf, VAPID } from '../harness/push.js';

let database: TestDatabase;
let sandbox: SandboxPush;
before(async () => void (database = await createTestDatabase()));
after(async () => {
  await sandbox.close();
  await database.drop();
});
beforeEach(() => restart());

async function restart(options: SandboxPushOptions = {}): Promise<void> {
  await sandbox?.close();
  sandbox = await startSandboxPush(options);
}

const sending = (changes: Parameters<typeof pushSending>[2] = {}) => pushSending(database, sandbox, changes);
const outcomes = (sent: StepSent) => sent.map(([, outcome]) => outcome);
const rowsOf = async (tenantId: TenantId) =>
  (await ledgerOf(database).messagesOf(tenantId)).map(({ status, reason }) => (reason === null ? status : `${status} ${reason}`));
const endpointsOf = async (tenantId: TenantId): Promise<string[]> => {
  const { rows } = await database.admin.query<{ endpoint: string }>(
    'select endpoint from push_devices where tenant_id = $1 order by device_id',
    [tenantId],
  );
  return rows.map(({ endpoint }) => endpoint);
};

describe('sending a step of push messages', () => {
  it('shows each user the message once, on the device that was seen last, however often it is asked for', async () => {
    const { tenantId, step, devices } = await pushStep(database, sandbox, { users: 20, devices: 2 });
    for (let i = 0; i < 3; i += 1) assert.deepEqual(outcomes(await sendStep(sending(), step)), step.members.map(() => 'sent')); // prettier-ignore
    assert.deepEqual(sandbox.journal.counts(), { messages: 20, tokens: 20 });
    const { rows } = await database.admin.query<{ id: number; user: string }>(
      'select message_id::float8 as id, user_id as user from messages where tenant_id = $1',
      [tenantId],
    );
    for (const { id, user } of rows) {
      const token = signToken(ADDRESS_KEY, { tenantId, messageId: id });
      const [got] = sandbox.journal.byToken(pushTopic(ADDRESS_KEY, token));
      assert.equal(got?.endpoint, devices[Number(user.slice(1)) - 1]?.[1]?.endpoint);
      assert.deepEqual([got?.ttl_seconds, got?.urgency, got?.sender], [3_600, 'normal', VAPID.publicKey]);
      const payload = JSON.parse(got?.payload ?? '') as Record<string, unknown>;
      assert.deepEqual(payload, {
        title: 'Step 1',
        body: `For ${user}`,
        tag: got?.topic,
        report_url: `https://audience.example.test/v1/push/reports/${token}`,
      });
    }
  });

  it('shows nobody the same when several do it side by side', async () => {
    const { step } = await pushStep(database, sandbox, { users: 60 });
    await Promise.allSettled(Array.from({ length: 5 }, () => sendStep(sending(), step)));
    assert.deepEqual(outcomes(await sendStep(sending(), step)), step.members.map(() => 'sent')); // prettier-ignore
    assert.deepEqual([sandbox.journal.duplicates().size, sandbox.journal.counts().tokens], [0, 60]);
  });

  it('goes to the next device where one is gone, until there is none', async () => {
    const { tenantId, step, devices } = await pushStep(database, sandbox, { users: 2, devices: 3 });
    const [ann = [], bob = []] = devices;
    for (const { endpoint } of [...ann.slice(1), ...bob]) sandbox.leave(endpoint);
    let sent: StepSent = [];
    for (let i = 0; i < 4; i += 1) {
      sent = await sendStep(sending(), step);
      for (const [, outcome, dueAtMs] of sent) if (outcome === 'waiting') assert.equal(dueAtMs, AT.getTime());
    }
    assert.deepEqual(outcomes(sent), ['sent', 'suppressed']);
    assert.deepEqual(await rowsOf(tenantId), ['sent', 'suppressed no address']);
    assert.deepEqual(await endpointsOf(tenantId), [ann[0]?.endpoint]);
    assert.deepEqual(sandbox.journal.all().map(({ endpoint }) => endpoint), [ann[0]?.endpoint]); // prettier-ignore
  });

  it('waits where it is asked to, and for our own keys; fails what is refused; and sends to the others', async () => {
    const { tenantId, step } = await pushStep(database, sandbox, { users: 5 });
    sandbox.misbehave(
      { kind: 'rate_limited', resetAfterS: 7 },
      { kind: 'error', status: 401, accepts: false },
      { kind: 'error', status: 403, accepts: false },
      { kind: 'error', status: 413, accepts: false },
    );
    const sent = await sendStep(sending({ client: pushClientFor(sandbox, { atOnce: 1 }) }), step);
    assert.deepEqual(sent.map(([, outcome, dueAtMs = AT.getTime()]) => [outcome, (dueAtMs - AT.getTime()) / 1_000]), [
      ['waiting', 7],
      ['waiting', 600],
      ['waiting', 600],
      ['failed', 0],
      ['sent', 0],
    ]); // prettier-ignore
    assert.match((await rowsOf(tenantId)).join(), /failed its push service refused it \(413\)/);
    assert.equal((await endpointsOf(tenantId)).length, 5);
    const again = await sendStep(sending({ now: () => later(11) }), step);
    assert.deepEqual(outcomes(again), ['sent', 'sent', 'sent', 'failed', 'sent']);
    assert.equal(sandbox.journal.duplicates().size, 0);
  });

  it('leaves out whoever has withdrawn since the claim, or has signed out on the device', async () => {
    const { tenantId, step } = await pushStep(database, sandbox, { users: 3 });
    const render: PushDependencies['render'] = async (...asked) => {
      await database.admin.query(
        `insert into suppressions (tenant_id, channel, address_hash, reason)
         select $1, 'push', address_hash, 'unsubscribed' from messages where tenant_id = $1 and user_id = 'u1'`,
        [tenantId],
      );
      await database.admin.query(`delete from push_devices where tenant_id = $1 and user_id = 'u2'`, [tenantId]);
      return plainPushes(...asked);
    };
    assert.deepEqual(outcomes(await sendStep(sending({ render }), step)), ['suppressed', 'failed', 'sent']);
    assert.deepEqual(await rowsOf(tenantId), ['suppressed unsubscribed', 'failed no device', 'sent']);
  });

  it('shows a device nothing twice that changes hands within a step, and each user nothing on another’s', async () => {
    const { tenantId, step, devices } = await pushStep(database, sandbox, { users: 2 });
    assert.deepEqual(outcomes(await sendStep(sending(), { ...step, members: [0] })), ['sent']);
    const [[shared] = []] = devices;
    assert.ok(shared);
    await database.admin.query(`delete from push_devices where tenant_id = $1 and user_id = 'u2'`, [tenantId]);
    await tellOf(database, { tenantId, user: 'u2', subscription: shared });
    assert.deepEqual(outcomes(await sendStep(sending(), step)), ['sent', 'failed']);
    assert.match((await rowsOf(tenantId)).join(), /failed its device had it as the message of somebody else/);
    assert.equal(sandbox.journal.counts().messages, 1);
    assert.deepEqual(outcomes(await sendStep(sending(), { ...step, stepKey: 2 })), ['suppressed', 'sent']);
  });

  it('sends nothing to a device that has moved between the choice and the call', async () => {
    const { tenantId, step, devices } = await pushStep(database, sandbox, { users: 2, devices: 2 });
    const taken = devices[0]?.[1];
    assert.ok(taken);
    const moving = new Proxy(database.pool, {
      get: (pool, name) =>
        name === 'query'
          ? async (text: string, ...more: unknown[]) => {
              if (text.includes('begin_pushes')) await tellOf(database, { tenantId, user: 'u2', subscription: taken });
              return Reflect.apply(pool.query, pool, [text, ...more]) as unknown;
            }
          : (Reflect.get(pool, name) as unknown),
    });
    const sent = await sendStep({ ...sending(), database: { pool: moving, withTenant: database.withTenant } }, { ...step, members: [0] });
    assert.deepEqual(sent, [[0, 'waiting', AT.getTime()]]);
    assert.deepEqual(await rowsOf(tenantId), ['deferred another device']);
    assert.equal(sandbox.journal.counts().messages, 0);
    assert.deepEqual(outcomes(await sendStep(sending(), { ...step, members: [0] })), ['sent']);
    assert.equal(sandbox.journal.all()[0]?.endpoint, devices[0]?.[0]?.endpoint);
  });

  it('chooses no device that has subscribed with another key', async () => {
    const { tenantId, step } = await pushStep(database, sandbox, { users: 1 });
    await database.admin.query(`update push_devices set vapid_key = 'another' where tenant_id = $1`, [tenantId]);
    assert.deepEqual(outcomes(await sendStep(sending(), step)), ['failed']);
    assert.match((await rowsOf(tenantId)).join(), /VAPID_PRIVATE_KEY/);
  });
});

describe('push messages of which nobody knows whether they arrived', () => {
  const ambiguous: readonly SendFault[] = ([true, false] as const).flatMap((accepts): SendFault[] => [
    { kind: 'error', status: 500, accepts },
    { kind: 'error', status: 408, accepts },
    { kind: 'reset', accepts },
    { kind: 'half_open', accepts },
  ]);

  for (const fault of ambiguous) {
    it(`are uncertain, and not sent again: ${JSON.stringify(fault)}`, async () => {
      const { tenantId, step } = await pushStep(database, sandbox, { users: 1, devices: 2 });
      sandbox.misbehave(fault);
      const client = pushClientFor(sandbox, { timeoutMs: 300 });
      for (let i = 0; i < 3; i += 1) assert.deepEqual(outcomes(await sendStep(sending({ client }), step)), ['uncertain']);
      assert.match((await rowsOf(tenantId)).join(), /^uncertain /);
      assert.equal(sandbox.requests().length, 1);
      assert.equal(sandbox.journal.counts().messages, fault.kind !== 'slow' && fault.kind !== 'rate_limited' && fault.accepts ? 1 : 0);
      assert.equal((await endpointsOf(tenantId)).length, 2);
    });
  }

  it('never come twice, whatever goes wrong, and all are accounted for', async () => {
    const faults: SendFault[] = [
      ...ambiguous.filter(({ kind }) => kind !== 'half_open'),
      { kind: 'rate_limited', resetAfterS: 1 },
      { kind: 'error', status: 401, accepts: false },
      { kind: 'error', status: 400, accepts: false },
      { kind: 'error', status: 410, accepts: false },
      { kind: 'slow', delayMs: 5 },
    ];
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.option(fc.constantFrom(...faults), { nil: undefined, freq: 2 })), async (stream) => {
        await restart();
        const { tenantId, step } = await pushStep(database, sandbox, { users: 15, devices: 2 });
        sandbox.misbehave(...stream.take(40));
        for (let i = 0; i < 4; i += 1) {
          const tries = [0, 1].map(() => sendStep(sending({ now: () => later(i * 20) }), step));
          await Promise.allSettled(tries);
        }
        assert.equal(sandbox.journal.duplicates().size, 0);
        const accepted = sandbox.journal.counts().tokens;
        const statuses = (await rowsOf(tenantId)).map((row) => row.split(' ')[0]);
        const sent = statuses.filter((status) => status === 'sent').length;
        const unsure = statuses.filter((status) => status === 'uncertain').length;
        assert.ok(sent <= accepted && accepted <= sent + unsure, JSON.stringify({ sent, accepted, unsure }));
      }),
      { numRuns: 5 },
    );
  });
});

describe('a push service that does not answer', () => {
  it('is asked for no more of its messages than are under way at once', async () => {
    const { step } = await pushStep(database, sandbox, { users: 30 });
    sandbox.misbehave(...Array.from({ length: 30 }, () => ({ kind: 'half_open', accepts: false }) as const));
    const sent = await sendStep(sending({ client: pushClientFor(sandbox, { timeoutMs: 300 }) }), step);
    const uncertain = outcomes(sent).filter((outcome) => outcome === 'uncertain').length;
    assert.ok(uncertain >= 8 && uncertain < 20, String(uncertain));
    assert.ok(outcomes(sent).every((outcome) => outcome === 'uncertain' || outcome === 'waiting'));
  });

  it('that cannot be reached is tried later, less and less often, and its device after all others', async () => {
    const { tenantId, step, devices } = await pushStep(database, sandbox, { users: 1, devices: 2 });
    const away = { url: sandbox.url, certificate: sandbox.certificate };
    const { port } = new URL(away.url);
    await sandbox.close();
    const first = await sendStep(pushSending(database, away), step);
    assert.deepEqual(first, [[0, 'waiting', AT.getTime() + 60_000]]);
    await restart({ port: Number(port) });
    assert.equal(
      (await sendStep(pushSending(database, away, { now: () => later(2) }), step))[0]?.[1],
      'waiting',
      'its certificate is another',
    );
    const { rows } = await database.admin.query(
      'select endpoint, silent_since is not null as silent from push_devices where tenant_id = $1 order by device_id',
      [tenantId],
    );
    assert.deepEqual(rows, [0, 1].map((i) => ({ endpoint: devices[0]?.[i]?.endpoint, silent: true }))); // prettier-ignore
  });

  it('for a day is given up for the message at hand; after a month the device is forgotten', async () => {
    const { tenantId, step } = await pushStep(database, sandbox, { users: 1 });
    await sandbox.close();
    const silence = (days: number) =>
      database.admin.query(`update push_devices set silent_since = now() - make_interval(days => $2) where tenant_id = $1`, [
        tenantId,
        days,
      ]);
    await silence(2);
    assert.deepEqual(outcomes(await sendStep(sending(), step)), ['failed']);
    assert.equal((await endpointsOf(tenantId)).length, 1);
    await silence(31);
    assert.deepEqual(outcomes(await sendStep(sending(), { ...step, stepKey: 2 })), ['failed']);
    assert.deepEqual(await endpointsOf(tenantId), []);
    await restart();
  });

  it('is known to have answered again once it does', async () => {
    const { tenantId, step } = await pushStep(database, sandbox, { users: 1 });
    await database.admin.query('update push_devices set silent_since = now() where tenant_id = $1', [tenantId]);
    assert.deepEqual(outcomes(await sendStep(sending(), step)), ['sent']);
    const { rows } = await database.admin.query('select silent_since from push_devices where tenant_id = $1', [tenantId]);
    assert.deepEqual(rows, [{ silent_since: null }]);
  });
});
