import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { TenantId } from '../../core/ids.js';
import { parseLocalDate } from '../../core/ids.js';
import { segmentationKeys } from '../../activities/segmentation/keys.js';
import { cdnowFile } from '../../sandbox/cdnow.js';
import { openObjectStore, type ObjectStore } from '../../store/objects.js';
import { walkerWorkflowId, walkProgressQueryName, type WalkerResult, type WalkProgress } from '../../workflows/walker/contract.js';
import type { RunningWorker } from '../../workers/main.js';
import { loadCdnow, openTestWalker, type TestWalker } from '../harness/walker.js';

let walker: TestWalker;
let worker: RunningWorker;
let objects: ObjectStore;
before(async () => {
  walker = await openTestWalker('walker');
  worker = await walker.startWorker();
  objects = openObjectStore(walker.config.objects);
});
after(async () => {
  await worker.close();
  await walker.close();
});

const query = async <Row extends Record<string, unknown>>(sql: string, ...values: unknown[]): Promise<Row[]> =>
  (await walker.database.admin.query<Row>(sql, values)).rows;

type SegmentRow = {
  id: string;
  segment_key: string;
  segment_name: string;
  user_count: number;
  is_active: boolean;
  statistics: { archetype: string; avgMonetaryMinor: number; avgFrequency: number; avgRecencyDays: number; users: number };
};
const segmentsOf = (tenantId: TenantId) =>
  query<SegmentRow>('select * from audience_segments where tenant_id = $1 and is_active order by segment_key', tenantId);
const membersOf = (tenantId: TenantId) =>
  query(
    `select s.segment_key, m.user_id, m.confidence_score from segment_membership m
     join audience_segments s on s.tenant_id = m.tenant_id and s.id = m.segment_id where m.tenant_id = $1 order by 2, 1`,
    tenantId,
  );
const clustersOf = async (tenantId: TenantId, date: string): Promise<string> => {
  const body = await objects.get(segmentationKeys(tenantId, parseLocalDate(date)).clusters);
  assert.ok(body, `the artifact of ${date}`);
  return body.toString('utf8');
};

/** Events that `addEvents` stores: who, how many days before `asOf`, and what they paid. */
type Sent = {
  readonly user: string;
  readonly daysAgo: number;
  readonly minor?: number;
  readonly currency?: string;
  readonly event?: string;
};
const AS_OF = Date.parse('2025-06-16T00:00:00Z');
const DAY = parseLocalDate('2025-06-15');

async function newAudience(sent: readonly Sent[]): Promise<TenantId> {
  const tenantId = await walker.database.newTenant();
  await addEvents(tenantId, sent);
  return tenantId;
}

let messages = 0;
async function addEvents(tenantId: TenantId, sent: readonly Sent[]): Promise<void> {
  const times = sent.map(({ daysAgo }) => new Date(AS_OF - daysAgo * 86_400_000));
  const months = [...new Set(times.map((time) => `${time.toISOString().slice(0, 7)}-01`))];
  for (const month of months) await query('select ensure_event_month($1)', month);
  await query(
    `insert into events (tenant_id, occurred_at, message_id, user_id, event, revenue_minor, currency)
     select $1, t, m, u, e, r, c from unnest($2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[]) x(t, m, u, e, r, c)`,
    tenantId,
    times,
    sent.map(() => `m${messages++}`),
    sent.map(({ user }) => user),
    sent.map(({ event }) => event ?? 'purchase'),
    sent.map(({ minor }) => minor ?? null),
    sent.map(({ minor, currency }) => (minor === undefined ? null : (currency ?? 'USD'))),
  );
  await query(
    `insert into users (tenant_id, user_id, first_seen, last_seen)
     select $1, user_id, min(occurred_at), max(occurred_at) from events where tenant_id = $1 group by user_id on conflict do nothing`,
    tenantId,
  );
}

/** Everything that a history holds as data, wherever it is, as text. */
function payloadsOf(value: unknown): string[] {
  if (value instanceof Uint8Array) return [Buffer.from(value).toString('utf8')];
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(payloadsOf) : [];
}

/** People of three kinds, `each` of each: buying often, having bought once long ago, having come lately. */
const mixedAudience = (each: number): Sent[] =>
  Array.from({ length: each }, (_, i) => [
    ...Array.from({ length: 12 }, (_unused, n) => ({ user: `often-${i}`, daysAgo: 3 + 20 * n + (i % 7), minor: 5_000 + 10 * i })),
    { user: `once-${i}`, daysAgo: 300 + (i % 50), minor: 1_000 + i },
    ...[2, 9, 20].map((day) => ({ user: `new-${i}`, daysAgo: day + (i % 5), minor: 2_000 + i })),
  ]).flat();

describe('a walk through CDNOW', () => {
  let tenantId: TenantId;
  let result: WalkerResult;
  before(async () => {
    const loaded = await loadCdnow(walker.database);
    tenantId = loaded.tenantId;
    result = await walker.walk(tenantId, loaded.lastDay);
  });

  it('puts each of its 23,570 people into one segment', async () => {
    assert.deepEqual([result.counts.events, result.counts.users], [69_659, 23_570]);
    const segments = await segmentsOf(tenantId);
    assert.ok(segments.length >= 4 && segments.length <= 10, `${segments.length} segments`);
    assert.equal(
      segments.reduce((sum, { user_count }) => sum + user_count, 0),
      23_570,
    );
    const members = await query<{ users: number; rows: number }>(
      'select count(distinct user_id)::int as users, count(*)::int as rows from segment_membership where tenant_id = $1',
      tenantId,
    );
    assert.deepEqual(members, [{ users: 23_570, rows: 23_570 }]);
  });

  it('finds champions who spend and buy most, and lost ones who are away for longest', async () => {
    const segments = await segmentsOf(tenantId);
    const most = (value: (segment: SegmentRow) => number) => segments.toSorted((a, b) => value(b) - value(a))[0]?.segment_name;
    assert.equal(
      most(({ statistics }) => statistics.avgMonetaryMinor),
      'Champions',
    );
    assert.equal(
      most(({ statistics }) => statistics.avgFrequency),
      'Champions',
    );
    assert.match(most(({ statistics }) => statistics.avgRecencyDays) ?? '', /^Lost/);
  });

  it("adds up to the file's own purchases and dollars", async () => {
    const [, ...lines] = readFileSync(cdnowFile.path, 'utf8').trim().split('\n');
    const cents = lines.reduce((sum, line) => sum + Math.round(Number(line.trim().split(/\s+/)[3]) * 100), 0);
    const segments = await segmentsOf(tenantId);
    const total = (value: (statistics: SegmentRow['statistics']) => number) =>
      segments.reduce((sum, { statistics }) => sum + value(statistics) * statistics.users, 0);
    assert.ok(Math.abs(total(({ avgMonetaryMinor }) => avgMonetaryMinor) - cents) < 23_570, 'averages have four decimal places');
    assert.ok(Math.abs(total(({ avgFrequency }) => avgFrequency) - lines.length) < 2);
  });

  it("keeps the artifact with the document's keys, in step with the table", async () => {
    const artifact = JSON.parse(await clustersOf(tenantId, '1998-06-30')) as Record<string, unknown>[];
    const segments = await segmentsOf(tenantId);
    assert.deepEqual(
      artifact.map(({ segment_id, size }) => ({ segment_id, size })).sort((a, b) => (String(a.segment_id) < String(b.segment_id) ? -1 : 1)),
      segments.map(({ segment_key, user_count }) => ({ segment_id: segment_key, size: user_count })),
    );
    for (const cluster of artifact) {
      assert.deepEqual(Object.keys(cluster), ['segment_id', 'size', 'avg_recency', 'avg_frequency', 'avg_monetary', 'characteristics']);
    }
  });

  it('made again gives the same rows, not more, and the same bytes', async () => {
    const before_ = {
      rows: await membersOf(tenantId),
      segments: await segmentsOf(tenantId),
      bytes: await clustersOf(tenantId, '1998-06-30'),
    };
    const again = await walker.walk(tenantId, parseLocalDate('1998-06-30'));
    assert.equal(again.run, 2);
    assert.equal(again.counts['memberships changed'], 0);
    assert.deepEqual(await membersOf(tenantId), before_.rows);
    assert.equal(await clustersOf(tenantId, '1998-06-30'), before_.bytes);
    const walks = await query('select status, run from walks where tenant_id = $1', tenantId);
    assert.deepEqual(walks, [{ status: 'succeeded', run: 2 }]);
  });

  it('of a past day sees no later event', async () => {
    const past = await walker.walk(tenantId, parseLocalDate('1997-06-30'));
    const [known] = await query<{ users: number }>(
      `select count(distinct user_id)::int as users from events where tenant_id = $1 and occurred_at < '1997-07-01T00:00:00Z'`,
      tenantId,
    );
    assert.equal(past.counts.users, known?.users);
    const [latest] = await query<{ recency: number }>(
      'select min(recency_days) as recency from user_features where tenant_id = $1',
      tenantId,
    );
    assert.ok(latest && latest.recency > 0);
  });
});

describe('the walk of a small or odd audience', () => {
  const oneSegment = async (tenantId: TenantId, users: number): Promise<void> => {
    const result = await walker.walk(tenantId, DAY);
    assert.equal(result.counts.users, users);
    const segments = await segmentsOf(tenantId);
    assert.deepEqual(
      segments.map(({ segment_name, user_count }) => ({ segment_name, user_count })),
      users === 0 ? [] : [{ segment_name: 'All Users', user_count: users }],
    );
    const brief = await objects.get(`${tenantId}/briefs/20250615/brief.txt`);
    assert.ok(brief && brief.length > 0, 'a brief is written in any case');
  };

  it('of nobody ends with a brief that says so', async () => oneSegment(await newAudience([]), 0));
  it('of one person makes one segment', async () => oneSegment(await newAudience([{ user: 'only', daysAgo: 3, minor: 100 }]), 1));
  it('of three people makes one segment', async () =>
    oneSegment(await newAudience(['a', 'b', 'c'].map((user, i) => ({ user, daysAgo: i + 1, minor: 100 * i }))), 3));
  it('of ten identical people makes one segment', async () =>
    oneSegment(await newAudience(Array.from({ length: 10 }, (_, i) => ({ user: `same-${i}`, daysAgo: 5, minor: 1_000 }))), 10));

  it('of people with one event each, refunds, foreign money and no money at all, ends well', async () => {
    const tenantId = await newAudience([
      ...mixedAudience(40),
      ...Array.from({ length: 30 }, (_, i) => ({ user: `single-${i}`, daysAgo: 10 + i, event: 'page_view' })),
      ...Array.from({ length: 30 }, (_, i) => ({ user: `refund-${i}`, daysAgo: 4 + i, minor: -9_000, event: 'refund' })),
      ...Array.from({ length: 30 }, (_, i) => ({ user: `foreign-${i}`, daysAgo: 4 + i, minor: 100_000_000, currency: 'JPY' })),
    ]);
    const { counts } = await walker.walk(tenantId, DAY);
    assert.equal(counts.users, 210);
    const segments = await segmentsOf(tenantId);
    assert.equal(
      segments.reduce((sum, { user_count }) => sum + user_count, 0),
      210,
    );
    for (const { statistics } of segments) assert.ok(Object.values(statistics).every((value) => value === null || !Number.isNaN(value)));
  });
});

describe('walking on', () => {
  it('reads what the first walk of the day read, until it is told to refresh', async () => {
    const tenantId = await newAudience(mixedAudience(30));
    await walker.walk(tenantId, DAY);
    await addEvents(tenantId, [{ user: 'late', daysAgo: 1, minor: 5_000 }]);
    assert.equal((await walker.walk(tenantId, DAY)).counts.users, 90);
    assert.equal((await walker.walk(tenantId, DAY, { refresh: true })).counts.users, 91);
  });

  it('keeps nearly everyone in their segment from one day to the next', async () => {
    const { tenantId } = await loadCdnow(walker.database);
    const segmentOf = async () =>
      new Map((await membersOf(tenantId)).map(({ user_id, segment_key }) => [String(user_id), String(segment_key)] as const));
    await walker.walk(tenantId, parseLocalDate('1998-03-01'));
    const first = await segmentOf();
    await walker.walk(tenantId, parseLocalDate('1998-03-02'));
    const second = await segmentOf();
    const stayed = [...first].filter(([user, segment]) => second.get(user) === segment).length;
    assert.ok(stayed / first.size > 0.95, `${stayed} of ${first.size} stayed`);
  });

  it('takes people out who are not there any more', async () => {
    const tenantId = await newAudience(mixedAudience(30));
    await walker.walk(tenantId, DAY);
    await query(`select delete_user($1, 'often-3')`, tenantId);
    const { counts } = await walker.walk(tenantId, DAY, { refresh: true });
    assert.equal(counts.users, 89);
    const left = await query(`select from segment_membership where tenant_id = $1 and user_id = 'often-3'`, tenantId);
    assert.equal(left.length, 0);
  });

  it('can be followed: by query, by search attributes and in the row', async () => {
    const tenantId = await newAudience(mixedAudience(10));
    const handle = await walker.start(tenantId, DAY);
    await handle.result();
    const progress = await handle.query<WalkProgress>(walkProgressQueryName);
    assert.deepEqual(
      progress.phases.map(({ phase, state, stepsDone, stepsTotal }) => ({ phase, state, all: stepsDone === stepsTotal })),
      [
        { phase: 'segmentation', state: 'done', all: true },
        { phase: 'outreach', state: 'done', all: true },
        { phase: 'testing', state: 'done', all: true },
        { phase: 'notification', state: 'done', all: true },
      ],
    );
    const { typedSearchAttributes } = await handle.describe();
    const found = Object.fromEntries(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
    assert.deepEqual(
      { ...found, BuildIds: undefined, TemporalChangeVersion: undefined },
      { tenantId, walkDate: DAY, phase: 'notification', outcome: 'succeeded', BuildIds: undefined, TemporalChangeVersion: undefined },
    );
    const [row] = await query('select status, phase, error, record from walks where tenant_id = $1', tenantId);
    assert.deepEqual(
      { status: row?.status, phase: row?.phase, error: row?.error },
      { status: 'succeeded', phase: 'notification', error: null },
    );
  });

  it('leaves no trace of a person in Temporal', async () => {
    const tenantId = await newAudience(mixedAudience(10));
    const handle = await walker.start(tenantId, DAY);
    await handle.result();
    const payloads = payloadsOf(await handle.fetchHistory());
    assert.ok(
      payloads.some((text) => text.includes(tenantId)),
      'payloads are looked into',
    );
    assert.deepEqual(
      payloads.filter((text) => /(often|once|new)-\d/.test(text)),
      [],
    );
  });

  it('is done alike by workers that run workflows and activities apart', async () => {
    const apart = await openTestWalker('roles');
    const workers = await Promise.all(
      (['workflows', 'activities'] as const).map((role) => apart.startWorker({ worker: { port: 0, role } })),
    );
    try {
      const { tenantId, lastDay } = await loadCdnow(apart.database);
      assert.equal((await apart.walk(tenantId, lastDay)).counts.users, 23_570);
    } finally {
      await Promise.all(workers.map((each) => each.close()));
      await apart.close();
    }
  });

  it('of a tenant that does not exist fails with one sentence', async () => {
    const nobody = await walker.database.newTenant();
    await query('delete from tenants where tenant_id = $1', nobody);
    await assert.rejects(walker.walk(nobody, DAY), (error: Error) => /there is no tenant/.test((error.cause as Error).message));
    const { status } = await walker.temporal.client.workflow.getHandle(walkerWorkflowId(nobody, DAY)).describe();
    assert.equal(status.name, 'FAILED');
  });

  it('of a day that has not come fails with one sentence', async () => {
    const tenantId = await newAudience([]);
    await assert.rejects(walker.walk(tenantId, parseLocalDate('2199-01-01')), (error: Error) =>
      /cannot be walked yet/.test((error.cause as Error).message),
    );
  });
});
