import { randomBytes, randomUUID } from 'node:crypto';
import type { SendingReadiness } from '../core/campaign/preflight.js';
import { DomainError } from '../core/errors.js';
import type { TenantId } from '../core/ids.js';
import { NONCE_BYTES, sealText } from '../core/message/sealed-text.js';
import type { Database } from '../db/client.js';
import { listConsentTopics, type ConfirmationWish } from '../db/queries/consent.js';
import { findEmailSender } from '../db/queries/email-senders.js';
import { RequestProblem } from './errors.js';

/** Throws where a confirmation could not be asked for: nothing is recorded then. */
export async function requireConfirmable(
  database: Database,
  { email }: SendingReadiness,
  tenantId: TenantId,
  asking: readonly { readonly place: number; readonly topic: string }[],
): Promise<void> {
  if (email !== true) throw new DomainError('conflict', `no mail can ask for a confirmation: ${email}`);
  const { sender, topics } = await database.withTenant(tenantId, async (tx) => ({
    sender: await findEmailSender(tx, tenantId),
    topics: await listConsentTopics(tx, tenantId),
  }));
  if (!sender) throw new DomainError('conflict', 'the tenant has no sender of mail: PUT /v1/email-sender sets one');
  const faults = asking
    .filter(({ topic: wanted }) => !topics.some(({ topic, doubleOptIn }) => topic === wanted && doubleOptIn))
    .map(({ place, topic }) => ({
      in: 'body' as const,
      path: `words.${place}.double_opt_in`,
      message: `the topic ${topic} asks for no confirmation: PUT /v1/sending-policy sets it to double_opt_in`,
    }));
  if (faults.length > 0)
    throw new RequestProblem('invalid', faults.map(({ path, message }) => `${path}: ${message}`).join('; '), { faults });
}

/** An address as the database keeps it until its mail was sent. */
export function wishFor(
  ledgerKey: Buffer,
  tenantId: TenantId,
  { place, address }: { readonly place: number; readonly address: unknown },
): ConfirmationWish {
  if (typeof address !== 'string') throw new Error('a word that is to be confirmed has an address');
  const sealId = randomUUID();
  return { place, sealId, sealedTo: sealText(ledgerKey, { tenantId, providerId: sealId }, address, randomBytes(NONCE_BYTES)) };
}
