import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import type pg from 'pg';
import { sendStep, type StepSent } from '../../../activities/sending/send-step.js';
import { createTestDatabase, type TestDatabase } from '../../harness/database.js';
import { inAppSending, inboxesOf } from '../../harness/inbox.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

type Fault = 'none' | 'lost before' | 'lost after';

/** The database over a connection that breaks before or after it has done what it was asked. */
function brittle(faults: readonly Fault[]): Pick<TestDatabase, 'pool' | 'withTenant'> {
  const left = [...faults];
  const broken = () => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  const breaking = async <T>(work: () => Promise<T>): Promise<T> => {
    const fault = left.shift();
    if (fault === 'lost before') throw broken();
    const result = await work();
    if (fault === 'lost after') throw broken();
    return result;
  };
  const query = (...args: unknown[]) => breaking(async () => (await Reflect.apply(database.pool.query, database.pool, args)) as unknown);
  return { pool: { query } as unknown as pg.Pool, withTenant: (tenantId, work) => breaking(() => database.withTenant(tenantId, work)) };
}

describe('the in-app channel', () => {
  it('shows everybody a step once, whenever connections break, whoever tries again, and however many at once', async () => {
    const faults = fc.array(fc.constantFrom<Fault>('none', 'none', 'lost before', 'lost after'), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.array(faults, { minLength: 1, maxLength: 4 }), async (tries) => {
        const { tenantId, step } = await inboxesOf(database).prepared(5);
        await Promise.allSettled(tries.map((one) => sendStep({ ...inAppSending(brittle(one)), patience: { forMs: 5, everyMs: 1 } }, step)));
        let sent: StepSent = [];
        // What an earlier try has left belongs to its call until another one finds that it never began.
        for (let again = 0; again < 5 && sent.length === 0; again += 1)
          sent = await inboxesOf(database)
            .send(step)
            .catch(() => []);
        assert.deepEqual(
          sent.map(([, outcome]) => outcome),
          ['sent', 'sent', 'sent', 'sent', 'sent'],
        );
        const { rows } = await database.admin.query(
          `select (select count(*) from inbox_items i where i.tenant_id = m.tenant_id and i.message_id = m.message_id)::int as items, m.status,
             (select count(*) from provider_events e where e.tenant_id = m.tenant_id and e.message_id = m.message_id)::int as events
           from messages m where tenant_id = $1`,
          [tenantId],
        );
        assert.deepEqual(
          rows.map(({ items, status, events }) => `${items} ${status} ${events}`),
          Array(5).fill('1 delivered 1'),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('refuses a channel that is not there before it claims anything', async () => {
    const { tenantId, step } = await inboxesOf(database).prepared(1);
    await assert.rejects(sendStep({ ...inAppSending(database), channels: {} }, step), /nothing is sent over in_app in this installation/);
    assert.deepEqual((await database.admin.query('select 1 from messages where tenant_id = $1', [tenantId])).rows, []);
  });
});
