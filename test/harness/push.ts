import { createPushChannel, type PushDependencies } from '../../activities/channels/push.js';
import { createPushClient, type PushOptions } from '../../activities/channels/push-client.js';
import type { SendingDependencies } from '../../activities/sending/send-step.js';
import { parseUserId, type TenantId } from '../../core/ids.js';
import { vapidKeysOf } from '../../core/push/vapid.js';
import type { Database } from '../../db/client.js';
import { keepPushDevice } from '../../db/queries/push-devices.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import type { SandboxPush } from '../../sandbox/push/push.js';
import type { BrowserSubscription } from '../../sandbox/push/subscriptions.js';
import { addCampaign, ADDRESS_KEY, firstStep } from './campaigns.js';
import type { TestDatabase } from './database.js';
import { AT } from './ledger.js';

const keys = vapidKeysOf(Buffer.alloc(32, 7).toString('base64url'), 'mailto:push@shop.example');
if (!keys) throw new Error('the keys of the tests are none');
export const VAPID = keys;
export const PUBLIC_URL = 'https://audience.example.test';

export const plainPushes: PushDependencies['render'] = (step, users) =>
  Promise.resolve({
    carriage: { ttlSeconds: 3_600, urgency: 'normal' },
    words: users.map(({ userId }) => ({ title: `Step ${step.stepKey}`, body: `For ${userId}` })),
  });

export const pushClientFor = ({ url, certificate }: Pick<SandboxPush, 'url' | 'certificate'>, changes: Partial<PushOptions> = {}) =>
  createPushClient({ vapid: VAPID, timeoutMs: 2_000, service: { origin: url, certificate }, ...changes });

export const pushSending = (
  database: Pick<Database, 'pool' | 'withTenant'>,
  sandbox: Pick<SandboxPush, 'url' | 'certificate'>,
  changes: Partial<PushDependencies> & { readonly now?: () => Date } = {},
): SendingDependencies => {
  const { now = () => AT, ...dependencies } = changes;
  const push = { client: pushClientFor(sandbox), publicUrl: PUBLIC_URL, render: plainPushes, ...dependencies };
  return { database, ledgerKey: ADDRESS_KEY, channels: { push: createPushChannel(push) }, now, patience: { forMs: 5_000, everyMs: 10 } };
};

/** Lets a user's browser subscribe at the sandbox, and tells of it, as their page does. */
export async function addDevice(
  database: TestDatabase,
  sandbox: SandboxPush,
  { tenantId, user, at = AT }: { readonly tenantId: TenantId; readonly user: string; readonly at?: Date },
): Promise<BrowserSubscription> {
  const subscription = sandbox.subscribe(VAPID.publicKey);
  await tellOf(database, { tenantId, user, subscription, at });
  return subscription;
}

export async function tellOf(
  database: TestDatabase,
  told: { readonly tenantId: TenantId; readonly user: string; readonly subscription: BrowserSubscription; readonly at?: Date },
): Promise<boolean> {
  const { tenantId, user, subscription, at = AT } = told;
  const { endpoint, keys } = subscription;
  return keepPushDevice(
    database,
    { tenantId, userId: parseUserId(user) },
    { subscription: { endpoint, ...keys }, vapidKey: VAPID.publicKey, addressKey: ADDRESS_KEY, at },
  );
}

/** Users `u1` … in a campaign's first batch, with so many devices each, the last of which was seen last. */
export async function pushStep(
  database: TestDatabase,
  sandbox: SandboxPush,
  { users, devices = 1 }: { readonly users: number; readonly devices?: number },
): Promise<{ readonly tenantId: TenantId; readonly step: StepOfBatch; readonly devices: readonly (readonly BrowserSubscription[])[] }> {
  const tenantId = await database.newTenant();
  await database.admin.query(
    `insert into users (tenant_id, user_id, first_seen) select $1, 'u' || n, now() from generate_series(1, $2::int) n`,
    [tenantId, users],
  );
  const { campaignId } = await addCampaign(database, tenantId, users);
  const all: BrowserSubscription[][] = [];
  for (let n = 1; n <= users; n += 1) {
    const own: BrowserSubscription[] = [];
    for (let i = 0; i < devices; i += 1) {
      own.push(await addDevice(database, sandbox, { tenantId, user: `u${n}`, at: new Date(AT.getTime() - 60_000 + i) }));
    }
    all.push(own);
  }
  return { tenantId, step: { ...firstStep(tenantId, campaignId, users), channel: 'push' }, devices: all };
}
