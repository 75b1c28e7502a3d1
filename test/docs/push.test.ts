import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { runInNewContext } from 'node:vm';
import { sendStep } from '../../activities/sending/send-step.js';
import { projectRoot } from '../../config.js';
import { signSubscriberToken } from '../../core/inbox/subscriber-token.js';
import { parseUserId } from '../../core/ids.js';
import { startSandboxPush, type SandboxPush } from '../../sandbox/push/push.js';
import type { BrowserSubscription } from '../../sandbox/push/subscriptions.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { ADDRESS_KEY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { pushSending, pushStep, VAPID } from '../harness/push.js';

let database: TestDatabase;
let api: TestApi;
let service: SandboxPush;
before(async () => {
  database = await createTestDatabase();
  service = await startSandboxPush();
  api = await startTestApi(database, { push: { publicKey: VAPID.publicKey, onlyService: service.url } });
});
after(async () => {
  await api.close();
  await service.close();
  await database.drop();
});

type Page = {
  showMessages(api: string, token: string): Promise<void>;
  showNoMessages(api: string, token: string): Promise<void>;
};
type Listener = (event: object) => void;

async function scripts(): Promise<readonly [page: string, worker: string]> {
  const text = await readFile(join(projectRoot, 'docs', 'push.md'), 'utf8');
  const [page = '', worker = ''] = [...text.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code);
  return [page, worker];
}

/** As much of a browser as the page asks for. */
function browser() {
  const asked: string[] = [];
  let current: (BrowserSubscription & { options: object; unsubscribe(): Promise<boolean> }) | null = null;
  const pushManager = {
    getSubscription: () => Promise.resolve(current),
    subscribe({ applicationServerKey: key }: { readonly applicationServerKey: string }) {
      asked.push(key);
      const options = { applicationServerKey: Uint8Array.from(Buffer.from(key, 'base64url')).buffer };
      current = { ...service.subscribe(key), options, unsubscribe: () => Promise.resolve(((current = null), true)) };
      return Promise.resolve(current);
    },
  };
  const serviceWorker = { register: () => Promise.resolve({ pushManager }), getRegistration: () => Promise.resolve({ pushManager }) };
  return { navigator: { serviceWorker }, pushManager, asked };
}

it('the page of docs/push.md subscribes once, anew where our key is another, and signs out', async (test) => {
  const { navigator, pushManager, asked } = browser();
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  test.after(() => (before ? Object.defineProperty(globalThis, 'navigator', before) : Reflect.deleteProperty(globalThis, 'navigator')));
  const [code] = await scripts();
  const page = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as Page;
  const tenantId = await database.newTenant();
  const token = signSubscriberToken(ADDRESS_KEY, { tenantId, userId: parseUserId('ann'), expiresAtMs: Date.now() + 60_000 });
  const devices = async () => (await database.admin.query('select 1 from push_devices where tenant_id = $1', [tenantId])).rows.length;

  await pushManager.subscribe({ applicationServerKey: Buffer.alloc(65, 4).toString('base64url') });
  for (let visit = 0; visit < 3; visit += 1) await page.showMessages(api.url, token);
  assert.deepEqual([asked.slice(1), await devices()], [[VAPID.publicKey], 1]);
  await page.showNoMessages(api.url, token);
  assert.equal(await devices(), 0);
  await assert.rejects(page.showMessages(api.url, 'x'), /no subscriber token/);
});

it('the service worker of docs/push.md shows a message, leads where it says, and tells of both', async () => {
  const listeners = new Map<string, Listener>();
  const [waited, seen, opened]: [Promise<unknown>[], [string, Record<string, unknown>][], string[]] = [[], [], []];
  const self = {
    addEventListener: (name: string, listener: Listener) => listeners.set(name, listener),
    registration: {
      showNotification: (title: string, options: Record<string, unknown>) => Promise.resolve(void seen.push([title, options])),
    },
    clients: { openWindow: (url: string) => Promise.resolve(void opened.push(url)) },
  };
  const [, code] = await scripts();
  runInNewContext(code, { self, fetch });
  const happen = async (name: string, event: object) => {
    listeners.get(name)?.({ ...event, waitUntil: (work: Promise<unknown>) => waited.push(work) });
    await Promise.all(waited.splice(0));
  };
  const { tenantId, step } = await pushStep(database, service, { users: 1 });
  await sendStep(pushSending(database, service, { publicUrl: api.url }), step);
  const [{ payload } = { payload: '' }] = service.journal.all();
  const status = async () =>
    (await database.admin.query<{ status: string }>('select status from messages where tenant_id = $1', [tenantId])).rows[0]?.status;

  await happen('push', { data: { json: () => ({ ...(JSON.parse(payload) as object), url: 'https://shop.example/' }) } });
  const [title, options] = seen[0] ?? ['', {}];
  assert.deepEqual([title, options['body'], await status()], ['Step 1', 'For u1', 'delivered']);
  await happen('notificationclick', { notification: { data: options['data'], close: () => undefined } });
  assert.deepEqual([opened, await status()], [['https://shop.example/'], 'opened']);
});
