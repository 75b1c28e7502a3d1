import type { TenantId, UserId } from '../../core/ids.js';
import type { PushSubscription } from '../../core/push/subscription.js';
import type { Database } from '../client.js';
import type { BegunMessage } from './send-ledger.js';

type Pool = Pick<Database, 'pool'>;
export type DeviceOf = { readonly tenantId: TenantId; readonly userId: UserId };

/** More browsers than anybody signs in with. */
export const MOST_DEVICES = 10;

/** Keeps a device as a user's, whosever it was. False: their id was merged into another user's. */
export async function keepPushDevice(
  { pool }: Pool,
  { tenantId, userId }: DeviceOf,
  {
    subscription: { endpoint, p256dh, auth },
    vapidKey,
    addressKey,
    at,
  }: { readonly subscription: PushSubscription; readonly vapidKey: string; readonly addressKey: Buffer; readonly at: Date },
): Promise<boolean> {
  const { rows } = await pool.query<{ kept: boolean }>('select keep_push_device($1, $2, $3, $4, $5, $6, $7, $8, $9) as kept', [
    tenantId,
    userId,
    endpoint,
    p256dh,
    auth,
    vapidKey,
    addressKey,
    at,
    MOST_DEVICES,
  ]);
  return rows[0]?.kept === true;
}

/** Takes a device from a user; with the last one goes their permission. False: it is not theirs. */
export async function dropPushDevice(
  { pool }: Pool,
  { tenantId, userId }: DeviceOf,
  { endpoint, addressKey, at }: { readonly endpoint: string; readonly addressKey: Buffer; readonly at: Date },
): Promise<boolean> {
  const { rows } = await pool.query<{ dropped: boolean }>('select drop_push_device($1, $2, $3, $4, $5) as dropped', [
    tenantId,
    userId,
    endpoint,
    addressKey,
    at,
  ]);
  return rows[0]?.dropped === true;
}

export type ChosenDevice = PushSubscription & { readonly deviceId: number; readonly silentForMs: number | undefined };
type ChosenRow = PushSubscription & {
  readonly messageId: number;
  readonly deviceId: number;
  readonly silentMs: number | null;
  readonly because: string | null;
};

/** The device for each of some messages, or why there is none, by the messages' ids. */
export async function choosePushDevices(
  { pool }: Pool,
  tenantId: TenantId,
  { messageIds, vapidKey }: { readonly messageIds: readonly number[]; readonly vapidKey: string },
): Promise<ReadonlyMap<number, ChosenDevice | { readonly because: string }>> {
  const { rows } = await pool.query<ChosenRow>(
    `select message_id::float8 as "messageId", device_id::float8 as "deviceId", endpoint, p256dh, auth, silent_ms as "silentMs", because
     from choose_push_devices($1, $2, $3)`,
    [tenantId, messageIds, vapidKey],
  );
  return new Map(
    rows.map(({ messageId, because, silentMs, ...device }) => [
      messageId,
      because === null ? { ...device, silentForMs: silentMs ?? undefined } : { because },
    ]),
  );
}

/** As `beginOwnCalls`, each message for a device that is still its user's. */
export async function beginPushes(
  { pool }: Pool,
  tenantId: TenantId,
  calls: readonly { readonly callId: string; readonly messageId: number; readonly deviceId: number }[],
  { addressKey, at }: { readonly addressKey: Buffer; readonly at: Date },
): Promise<readonly BegunMessage[]> {
  const { rows } = await pool.query<BegunMessage>(
    `select message_id::float8 as "messageId", status, reason, due_at as "dueAt" from begin_pushes($1, $2, $3, $4, $5, $6)`,
    [
      tenantId,
      calls.map(({ callId }) => callId),
      calls.map(({ messageId }) => messageId),
      addressKey,
      at,
      calls.map(({ deviceId }) => deviceId),
    ],
  );
  return rows;
}

/** Notes what was found out about a device. */
export async function notePushDevice(
  { pool }: Pool,
  tenantId: TenantId,
  deviceId: number,
  finding: 'gone' | 'reached' | 'silent',
): Promise<void> {
  await pool.query('select note_push_device($1, $2, $3)', [tenantId, deviceId, finding]);
}

/** Takes what a device tells of a message that it was shown. False: it is no message that was sent to a device. */
export async function takePushReport(
  { pool }: Pool,
  tenantId: TenantId,
  { messageId, kind, at }: { readonly messageId: number; readonly kind: 'delivered' | 'opened'; readonly at: Date },
): Promise<boolean> {
  const { rows } = await pool.query<{ taken: boolean }>('select take_push_report($1, $2, $3, $4) as taken', [
    tenantId,
    messageId,
    kind,
    at,
  ]);
  return rows[0]?.taken === true;
}
