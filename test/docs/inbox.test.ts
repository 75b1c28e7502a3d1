import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { projectRoot } from '../../config.js';
import { signSubscriberToken } from '../../core/inbox/subscriber-token.js';
import { waitUntil } from '../../sandbox/processes.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { ADDRESS_KEY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { inboxesOf } from '../harness/inbox.js';

let database: TestDatabase;
let api: TestApi;
before(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database);
});
after(async () => {
  await api.close();
  await database.drop();
});

type Follow = (
  api: string,
  getToken: () => string,
  last: number,
  onEvent: (name: string, data: Record<string, unknown>) => void,
  signal: AbortSignal,
) => Promise<void>;

it('the reader of docs/inbox.md hears each item once, though its token expires under it', async () => {
  const text = await readFile(join(projectRoot, 'docs', 'inbox.md'), 'utf8');
  const code = /```js\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
  const { follow } = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as { follow: Follow };
  const ann = await inboxesOf(database).reader(await database.newTenant(), 'ann');
  await ann.receive([{}, {}]);
  const heard: [string, unknown][] = [];
  let tokens = 0;
  const token = () => signSubscriberToken(ADDRESS_KEY, { ...ann, expiresAtMs: Date.now() + (++tokens === 1 ? 500 : 60_000) });
  const leaving = new AbortController();
  const following = follow(api.url, token, 1, (name, data) => heard.push([name, data.item]), leaving.signal);
  assert.ok(await waitUntil(() => Promise.resolve(heard.some(([name]) => name === 'expired')), 10_000, 5));
  await ann.receive([{}]);
  const items = () => heard.flatMap(([name, item]) => (name === 'item' ? [item] : []));
  assert.ok(await waitUntil(() => Promise.resolve(items().length === 2), 10_000, 5));
  assert.deepEqual(items(), [2, 3]);
  leaving.abort();
  await following;
  assert.equal(tokens, 2);
});
