import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { parseUserId, type TenantId } from '../../core/ids.js';
import type { InboxMark } from '../../core/inbox/item.js';
import { deliverToInboxes, markInbox } from '../../db/queries/inbox.js';
import { ADDRESS_KEY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { inboxesOf } from '../harness/inbox.js';
import { AT, claimed, countsOf, idsOf, later, ledgerOf, reasons } from '../harness/ledger.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());
const inboxes = () => inboxesOf(database);
const ledger = () => ledgerOf(database);

const deliver = (tenantId: TenantId, callId: string, ids: readonly number[], title = 'Hello') =>
  deliverToInboxes(database, tenantId, {
    callId,
    items: ids.map((messageId) => ({ messageId, title, body: '' })),
    addressKey: ADDRESS_KEY,
    at: AT,
  });
const mark = (tenantId: TenantId, user: string, what: InboxMark, [from, to]: readonly [number, number], at = later(5)) =>
  markInbox(database, { tenantId, userId: parseUserId(user) }, { mark: what, from, to, at });
const column = async <T>(text: string, tenantId: TenantId): Promise<T[]> => {
  const { rows } = await database.admin.query<{ value: T }>(text, [tenantId]);
  return rows.map(({ value }) => value);
};
const itemsOf = (tenantId: TenantId) =>
  column<string>(
    `select user_id || ' ' || seq || ' ' || title as value from inbox_items where tenant_id = $1 order by user_id, seq`,
    tenantId,
  );
const statuses = (tenantId: TenantId) =>
  column<string>('select status as value from messages where tenant_id = $1 order by message_id', tenantId);
const eventsOf = (tenantId: TenantId) =>
  column<string>('select kind as value from provider_events where tenant_id = $1 order by message_id, kind', tenantId);

async function assertCounted(tenantId: TenantId): Promise<void> {
  const { kept, recounted } = await countsOf(database, tenantId);
  assert.deepEqual(kept, recounted);
}

describe('a step that is sent in-app', () => {
  it('is in the inbox of everybody, who needs no contact, and delivered in the ledger', async () => {
    const { tenantId, step } = await inboxes().prepared(3);
    assert.deepEqual(await inboxes().send(step), [
      [0, 'sent'],
      [1, 'sent'],
      [2, 'sent'],
    ]);
    assert.deepEqual(await itemsOf(tenantId), ['u1 1 Step 1', 'u2 1 Step 1', 'u3 1 Step 1']);
    assert.deepEqual(await statuses(tenantId), ['delivered', 'delivered', 'delivered']);
    const { items, ...state } = await inboxes().list(tenantId, 'u1');
    assert.deepEqual(state, { unseen: 1, unread: 1, total: 1, lastSeq: 1 });
    assert.deepEqual(items, [
      {
        seq: 1,
        title: 'Step 1',
        body: 'For u1',
        actionUrl: null,
        data: {},
        createdAt: AT,
        seenAt: null,
        readAt: null,
        interactedAt: null,
        archivedAt: null,
      },
    ]);
    await assertCounted(tenantId);
  });

  it('is there once, however many try it at the same time', async () => {
    const { tenantId, step } = await inboxes().prepared(40);
    const tries = await Promise.allSettled(Array.from({ length: 12 }, () => inboxes().send(step)));
    for (const one of tries) if (one.status === 'rejected') assert.match(String(one.reason), /another try (holds|has taken)/);
    assert.deepEqual(
      (await inboxes().send(step)).filter(([, outcome]) => outcome !== 'sent'),
      [],
    );
    assert.deepEqual([(await itemsOf(tenantId)).length, (await eventsOf(tenantId)).length], [40, 40]);
    await assertCounted(tenantId);
  });

  it('goes to nobody who was deleted or merged away, and to nobody else in their place', async () => {
    const { tenantId, step } = await inboxes().prepared(4);
    await database.pool.query(`select delete_user($1, 'u2')`, [tenantId]);
    await database.pool.query(`select merge_users($1, 'u4', 'u3')`, [tenantId]);
    await inboxes().send(step);
    assert.deepEqual(await itemsOf(tenantId), ['u1 1 Step 1', 'u3 1 Step 1']);
    assert.deepEqual(reasons(await ledger().claim(step)), [null, 'deleted', null, 'merged']);
  });

  it('goes to each of two users whose ids differ in case alone', async () => {
    const { tenantId, step } = await inboxes().prepared(2);
    await database.admin.query(`update journeys set user_id = 'U2' where tenant_id = $1 and user_id = 'u1'`, [tenantId]);
    await database.admin.query(`update users set user_id = 'U2' where tenant_id = $1 and user_id = 'u1'`, [tenantId]);
    await inboxes().send(step);
    assert.deepEqual((await itemsOf(tenantId)).sort(), ['U2 1 Step 1', 'u2 1 Step 1']);
  });

  it('fails for whom there is nothing to show, and says why', async () => {
    const { tenantId, step } = await inboxes().prepared(4);
    const shown = [
      { title: 'Hello', body: '' },
      { because: 'no name' },
      { title: ' ', body: '' },
      { title: 'Hello', body: '', actionUrl: 'javascript:alert(1)' },
    ];
    const sent = await inboxes().send(step, { render: () => Promise.resolve(shown) });
    assert.deepEqual(
      sent.map(([, outcome]) => outcome),
      ['sent', 'failed', 'failed', 'failed'],
    );
    const why = await column<string | null>('select reason as value from messages where tenant_id = $1 order by message_id', tenantId);
    assert.deepEqual(why.slice(0, 3), [null, 'no name', 'it has no title']);
    assert.match(why[3] ?? '', /its action is no http/);
  });
});

describe('a delivery', () => {
  it('that is done again changes nothing, and tells the same', async () => {
    const { tenantId, step } = await inboxes().prepared(2);
    const call = randomUUID();
    const ids = idsOf(claimed(await ledger().claim(step, call)));
    const first = await deliver(tenantId, call, ids);
    assert.deepEqual(await deliver(tenantId, call, ids, 'Again'), first);
    assert.deepEqual(await itemsOf(tenantId), ['u1 1 Hello', 'u2 1 Hello']);
    assert.deepEqual(await eventsOf(tenantId), ['delivered', 'delivered']);
  });

  it('of a call that another try has found abandoned delivers nothing', async () => {
    const { tenantId, step } = await inboxes().prepared(1);
    const [slow, next] = [randomUUID(), randomUUID()];
    const ids = idsOf(claimed(await ledger().claim(step, slow)));
    await ledger().claim(step, next);
    assert.equal(await deliver(tenantId, slow, ids), undefined);
    assert.deepEqual(await itemsOf(tenantId), []);
    assert.equal((await deliver(tenantId, next, ids))?.[0]?.status, 'delivered');
  });

  it('that breaks off leaves nothing behind: the messages are free for the next try', async () => {
    const { tenantId, step } = await inboxes().prepared(2);
    const call = randomUUID();
    await assert.rejects(deliver(tenantId, call, idsOf(claimed(await ledger().claim(step, call))), ''), /title_check/);
    assert.deepEqual(await column('select state as value from calls where tenant_id = $1', tenantId), []);
    await inboxes().send(step);
    assert.deepEqual(await statuses(tenantId), ['delivered', 'delivered']);
  });

  it('leaves out whoever was deleted since the claim', async () => {
    const { tenantId, step } = await inboxes().prepared(2);
    const call = randomUUID();
    const ids = idsOf(claimed(await ledger().claim(step, call)));
    await database.pool.query(`select delete_user($1, 'u1')`, [tenantId]);
    const delivered = await deliver(tenantId, call, ids);
    assert.deepEqual(
      delivered?.map(({ status, reason }) => [status, reason]),
      [
        ['suppressed', 'deleted'],
        ['delivered', null],
      ],
    );
    assert.deepEqual(await itemsOf(tenantId), ['u2 1 Hello']);
  });

  it('numbers each user’s items without a gap, and shows no number before those below it', async () => {
    const tenantId = await database.newTenant();
    const readers = await Promise.all([1, 2, 3].map(() => inboxes().reader(tenantId, 'u1')));
    const seen: number[] = [];
    const look = async (): Promise<void> => {
      const after = seen.at(-1) ?? 0;
      const { rows } = await database.admin.query<{ seq: number }>(
        'select seq::int from inbox_items where tenant_id = $1 and seq > $2 order by seq',
        [tenantId, after],
      );
      seen.push(...rows.map(({ seq }) => seq));
    };
    let isOver = false;
    const looking = (async () => {
      while (!isOver) await look();
    })();
    await Promise.all(readers.map(async (reader) => {
      for (let i = 0; i < 40; i += 1) await reader.receive([{}, {}]);
    })); // prettier-ignore
    isOver = true;
    await looking;
    await look();
    assert.deepEqual(
      seen,
      Array.from({ length: 240 }, (_, i) => i + 1),
    );
  });
});

describe('what a user does with an item', () => {
  const times = (tenantId: TenantId) =>
    column<string>(
      `select concat_ws(' ', case when seen_at is not null then 'seen' end, case when read_at is not null then 'read' end,
         case when interacted_at is not null then 'interacted' end, case when archived_at is not null then 'archived' end) as value
       from inbox_items where tenant_id = $1 order by seq`,
      tenantId,
    );

  it('goes forward alone: who reads has seen, who interacts has read, and the first time stays', async () => {
    const tenantId = await database.newTenant();
    const { receive } = await inboxes().reader(tenantId, 'u1');
    await receive([{}, {}, {}, {}, {}]);
    for (const [what, seq] of [
      ['seen', 1],
      ['read', 2],
      ['interacted', 3],
      ['archived', 4],
    ] as const) {
      // prettier-ignore
      assert.equal(await mark(tenantId, 'u1', what, [seq, seq]), 1);
      assert.equal(await mark(tenantId, 'u1', what, [seq, seq], later(60)), 0, `${what} once`);
    }
    assert.equal(await mark(tenantId, 'u1', 'seen', [3, 3], later(60)), 0, 'it was seen by being interacted with');
    assert.equal(await mark(tenantId, 'u1', 'read', [1, 1], later(60)), 1);
    assert.deepEqual(await times(tenantId), ['seen read', 'seen read', 'seen read interacted', 'archived', '']);
    const at = await column<Date>(
      'select distinct seen_at as value from inbox_items where tenant_id = $1 and seen_at is not null',
      tenantId,
    );
    assert.deepEqual(at, [later(5)]);
    const { items, ...state } = await inboxes().list(tenantId, 'u1');
    assert.deepEqual(state, { unseen: 1, unread: 1, total: 4, lastSeq: 5 });
    assert.deepEqual(
      items.map(({ seq }) => seq),
      [5, 3, 2, 1],
    );
  });

  it('is told to the ledger once: opened for seen and read, clicked for interacted, nothing for archived', async () => {
    const tenantId = await database.newTenant();
    const { receive } = await inboxes().reader(tenantId, 'u1');
    await receive([{}, {}, {}, {}]);
    await mark(tenantId, 'u1', 'seen', [1, 1]);
    await mark(tenantId, 'u1', 'read', [1, 1], later(9));
    await mark(tenantId, 'u1', 'interacted', [2, 2]);
    await mark(tenantId, 'u1', 'archived', [3, 3]);
    assert.deepEqual(await statuses(tenantId), ['opened', 'clicked', 'delivered', 'delivered']);
    const told = await eventsOf(tenantId);
    assert.deepEqual(told, ['delivered', 'opened', 'clicked', 'delivered', 'opened', 'delivered', 'delivered']);
    assert.deepEqual(await column('select opened_at as value from messages where tenant_id = $1 and opened_at is not null', tenantId), [
      later(5),
      later(5),
    ]);
    await assertCounted(tenantId);
  });

  it('may concern all up to one, of this user alone, and many more than are marked at a time', async () => {
    const tenantId = await database.newTenant();
    const [one, other] = [await inboxes().reader(tenantId, 'u1'), await inboxes().reader(tenantId, 'u2')];
    await one.receive(Array.from({ length: 603 }, () => ({})));
    await other.receive([{}]);
    assert.equal(await mark(tenantId, 'u1', 'read', [1, 601]), 601);
    const { unseen, unread } = await inboxes().list(tenantId, 'u1');
    assert.deepEqual([unseen, unread], [2, 2]);
    assert.equal((await inboxes().list(tenantId, 'u2')).unseen, 1);
    await assertCounted(tenantId);
  });

  it('done by many at once is done once, while messages arrive, and nobody waits in a circle', async () => {
    const tenantId = await database.newTenant();
    const readers = await Promise.all(['u1', 'u1', 'u1'].map((user) => inboxes().reader(tenantId, user)));
    const arriving = readers.map(async ({ receive }) => {
      for (let i = 0; i < 20; i += 1) await receive([{}, {}, {}]);
    });
    const marking = (['seen', 'read', 'interacted', 'read'] as const).map(async (what) => {
      for (let i = 0; i < 20; i += 1) await mark(tenantId, 'u1', what, [1, 1_000]);
    });
    await Promise.all([...arriving, ...marking]);
    await mark(tenantId, 'u1', 'interacted', [1, 1_000]);
    assert.deepEqual(new Set(await statuses(tenantId)), new Set(['clicked']));
    assert.equal((await eventsOf(tenantId)).length, 3 * 180);
    await assertCounted(tenantId);
  });
});

describe('the inbox of a user who', () => {
  it('is deleted goes with them, and what was sent stays counted', async () => {
    const { tenantId, step } = await inboxes().prepared(2);
    await inboxes().send(step);
    await database.pool.query(`select delete_user($1, 'u1')`, [tenantId]);
    assert.deepEqual(await itemsOf(tenantId), ['u2 1 Step 1']);
    assert.deepEqual(await column('select user_id as value from inboxes where tenant_id = $1', tenantId), ['u2']);
    await assertCounted(tenantId);
  });

  it('is merged into another goes with their id: nothing of it comes to the other, and what was sent stays counted', async () => {
    const tenantId = await database.newTenant();
    const [guest, member] = [await inboxes().reader(tenantId, 'guest'), await inboxes().reader(tenantId, 'member')];
    await guest.receive([{ title: 'one' }, { title: 'two' }]);
    await member.receive([{ title: 'three' }]);
    await mark(tenantId, 'guest', 'interacted', [2, 2]);
    await database.pool.query(`select merge_users($1, 'guest', 'member')`, [tenantId]);
    assert.deepEqual(await itemsOf(tenantId), ['member 1 three']);
    assert.deepEqual(await inboxes().list(tenantId, 'guest'), { items: [], unseen: 0, unread: 0, total: 0, lastSeq: 0 });
    assert.equal(await mark(tenantId, 'guest', 'read', [1, 2]), 0);
    assert.deepEqual(await statuses(tenantId), ['delivered', 'clicked', 'delivered']);
    await assertCounted(tenantId);
  });

  it('is merged into one who has no inbox makes none', async () => {
    const tenantId = await database.newTenant();
    const guest = await inboxes().reader(tenantId, 'guest');
    await guest.receive([{ title: 'one' }]);
    await database.pool.query(`select merge_users($1, 'guest', 'new')`, [tenantId]);
    assert.deepEqual(await column('select user_id as value from inboxes where tenant_id = $1', tenantId), []);
  });

  it('is merged while they read waits for nobody in a circle, and what they did stays told as it was done', async () => {
    const tenantId = await database.newTenant();
    const member = await inboxes().reader(tenantId, 'member');
    await member.receive([{}]);
    for (let round = 0; round < 8; round += 1) {
      const guest = await inboxes().reader(tenantId, `guest ${round}`);
      await guest.receive(Array.from({ length: 30 }, () => ({})));
      const marks = (['seen', 'read', 'interacted'] as const).map((what) => mark(tenantId, guest.userId, what, [1, 100]));
      const [seen = 0, read = 0, interacted = 0] = await Promise.all([
        ...marks,
        database.pool.query('select merge_users($1, $2, $3)', [tenantId, guest.userId, 'member']).then(() => 0),
      ]);
      for (const marked of [seen, read, interacted]) assert.ok(marked === 0 || marked === 30, 'all of them or none');
    }
    assert.deepEqual(await itemsOf(tenantId), ['member 1 A message']);
    assert.equal((await statuses(tenantId)).length, 241);
    await assertCounted(tenantId);
  });

  it('is merged while a message is on its way gets it under the id that they have then, once', async () => {
    const { tenantId, step } = await inboxes().prepared(1);
    const call = randomUUID();
    const ids = idsOf(claimed(await ledger().claim(step, call)));
    await inboxes().reader(tenantId, 'member');
    await database.pool.query(`select merge_users($1, 'u1', 'member')`, [tenantId]);
    assert.deepEqual(
      (await deliver(tenantId, call, ids))?.map(({ status }) => status),
      ['deferred'],
    );
    await inboxes().send(step);
    assert.deepEqual(await itemsOf(tenantId), ['member 1 Step 1']);
  });
});
