import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { activityFields } from '../../../core/segment/activity.js';
import { fitModel } from '../../../core/segment/model.js';
import { openDuckDb, quote, type DuckDb } from '../../../store/duckdb.js';
import { readFeatures } from '../../../store/feature-files.js';
import { activityOf, cdnowPeople, columnsOf, questionOf, type Person } from '../../harness/people.js';

const AS_OF = Date.UTC(1998, 2, 1);
const SAMPLE = 300;
const people = cdnowPeople(40);

let directory: string;
let duckdb: DuckDb;
before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'madansara-buckets-'));
  duckdb = await openDuckDb({ memoryMegabytes: 500, threads: 2, temporaryDirectory: directory });
});
after(() => {
  duckdb.close();
  rmSync(directory, { recursive: true, force: true });
});

/** The people's activity in a Parquet file, as the scan of a bucket writes it. */
async function writeBucket(bucket: readonly Person[], name: string): Promise<string> {
  const activity = activityOf(bucket, AS_OF);
  const rows = activity.userIds.map(
    (userId, i) => `(${[quote(userId), ...activityFields.map((field) => `${activity[field][i] ?? 0}::bigint`)].join()})`,
  );
  const path = join(directory, `${name}.parquet`);
  const names = ['user_id', ...activityFields.map((field) => `"${field}"`)].join();
  await duckdb.session((session) =>
    session.run(`copy (select * from (values ${rows.join()}) t(${names}) order by user_id) to ${quote(path)} (format parquet)`),
  );
  return path;
}

async function modelOver(buckets: readonly (readonly Person[])[], name: string): Promise<string> {
  const activity = await Promise.all(buckets.map((bucket, i) => writeBucket(bucket, `${name}-${i}`)));
  const read = await duckdb.session((session) => readFeatures(session, { activity, affinities: [] }, { sample: SAMPLE }));
  const { users, columns } = columnsOf(read.activity, AS_OF);
  return JSON.stringify(fitModel(questionOf(people, AS_OF, { sampledUsers: users, columns })));
}

describe('the model over buckets', () => {
  it('is the same to the last byte over any number of buckets, in any order', async () => {
    const split = (buckets: number) =>
      Array.from({ length: buckets }, (_, bucket) => people.filter(({ userId }) => ((Number(userId) / 40) * 7) % buckets === bucket));
    const one = await modelOver([people], 'one');
    assert.match(one, new RegExp(`"sampledUsers":${SAMPLE}`));
    assert.equal(await modelOver(split(4), 'four'), one);
    assert.equal(await modelOver(split(4).toReversed(), 'reversed'), one);
    assert.equal(await modelOver(split(11), 'eleven'), one);
  });
});
