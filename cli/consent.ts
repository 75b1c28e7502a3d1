import { NewSendingPolicy, policyOf, policyShown } from '../api/sending-policy-fields.js';
import { DomainError } from '../core/errors.js';
import type { TenantId, UserId } from '../core/ids.js';
import { findUser } from '../db/queries/audience.js';
import { readUserStatus, type ChannelStatus } from '../db/queries/consent-status.js';
import { listConsentEventsOfUser, type ConsentEventRow } from '../db/queries/consent.js';
import { putSendingPolicy, readSendingPolicy, type SendingPolicy } from '../db/queries/sending-policy.js';
import { requireTenant, withDatabase } from './database.js';
import { tableLines } from './table.js';

const print = (lines: readonly string[]): void => console.log(lines.join('\n'));

export function show(tenant: TenantId, userId: UserId, topic: string): Promise<void> {
  return withDatabase('consent', async (database, { sending }) => {
    await requireTenant(database, tenant);
    const addressKey = sending?.ledgerKey;
    if (!addressKey) throw new DomainError('conflict', 'no address can be looked up, because LEDGER_KEY is not configured');
    await database.withTenant(tenant, async (tx) => {
      const found = await findUser(tx, tenant, userId);
      if (!found) throw new DomainError('not_found', `the tenant has no user ${userId}`);
      const known = found.user.userId;
      const channels = await readUserStatus(tx, tenant, { userId: known, topic, addressKey });
      const events = await listConsentEventsOfUser(tx, tenant, known);
      print(channelLines(channels, topic));
      if (events.length > 0) print(['', ...eventLines(events)]);
    });
  });
}

const channelLines = (channels: readonly ChannelStatus[], topic: string): string[] =>
  tableLines([
    ['channel', 'address', topic],
    ...channels.map(({ channel, address, because }) => [
      channel,
      channel === 'in_app' || channel === 'push' ? '-' : address,
      because === null ? 'may be sent' : `nothing: ${because}`,
    ]),
  ]);

const eventLines = (events: readonly ConsentEventRow[]): string[] =>
  tableLines([
    ['said', 'channel', 'topic', 'what', 'where'],
    ...events.map(({ at, channel, topic, action, basis, source }) => [
      at.toISOString(),
      channel,
      topic,
      basis === null ? action : `${action} (${basis})`,
      source,
    ]),
  ]);

export function policy(tenant: TenantId, text: string | undefined): Promise<void> {
  const wanted = text === undefined ? undefined : policyOf(parsePolicy(text));
  return withDatabase('consent', async (database) => {
    await requireTenant(database, tenant);
    const now = await database.withTenant(tenant, async (tx): Promise<SendingPolicy> => {
      if (wanted) await putSendingPolicy(tx, tenant, wanted);
      return readSendingPolicy(tx, tenant);
    });
    console.log(JSON.stringify(policyShown(now), undefined, 2));
  });
}

function parsePolicy(text: string): NewSendingPolicy {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Error('the file is not JSON', { cause });
  }
  const parsed = NewSendingPolicy.safeParse(json);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.slice(0, 20).map(({ path, message }) => `  - ${path.join('.')}: ${message}`);
  throw new DomainError('invalid', ['the policy cannot be set:', ...faults].join('\n'));
}
