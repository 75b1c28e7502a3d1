import { createReadStream, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { PrepareEmails } from '../../activities/sending/send-chunk.js';
import { readToken } from '../../core/message/token.js';
import type { TenantId } from '../../core/ids.js';
import type { AcceptedMessage } from '../../sandbox/sendgrid/journal.js';
import type { TestDatabase } from '../../test/harness/database.js';

/** What a provider has accepted: how often each message, by its id, and when the first and the last one. */
export type Accepted = { readonly times: Uint8Array; readonly messages: number; readonly firstMs: number; readonly lastMs: number };

const MOST_MESSAGES = 4_000_000;

export function countAccepted() {
  const times = new Uint8Array(MOST_MESSAGES);
  let [messages, firstMs, lastMs] = [0, Number.POSITIVE_INFINITY, 0];
  return {
    add(messageId: number, atMs: number): void {
      times[messageId] = (times[messageId] ?? 0) + 1;
      messages += 1;
      firstMs = Math.min(firstMs, atMs);
      lastMs = Math.max(lastMs, atMs);
    },
    accepted: (): Accepted => ({ times, messages, firstMs, lastMs }),
  };
}

/** The file of a sandbox provider's journal. */
export async function readAccepted(path: string, key: Buffer): Promise<Accepted> {
  const counted = countAccepted();
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const { at, custom_args } = JSON.parse(line) as AcceptedMessage;
    for (const token of Object.values(custom_args)) {
      const message = readToken(key, token);
      if (message) counted.add(message.messageId, Date.parse(at));
    }
  }
  return counted.accepted();
}

/** A provider that takes everything, in the memory of the process that sends. */
export function acceptInMemory(key: Buffer): { readonly prepareEmails: PrepareEmails; write(path: string): void } {
  const counted = countAccepted();
  return {
    prepareEmails: ({ messages }) =>
      Promise.resolve({
        send() {
          const nowMs = Date.now();
          for (const { token } of messages) {
            const message = readToken(key, token);
            if (message) counted.add(message.messageId, nowMs);
          }
          return Promise.resolve({ kind: 'accepted', messageId: undefined });
        },
      }),
    write(path) {
      const { times, ...rest } = counted.accepted();
      writeFileSync(`${path}.json`, JSON.stringify(rest));
      writeFileSync(path, times);
    },
  };
}

export function readAcceptedInMemory(path: string): Accepted {
  return { ...(JSON.parse(readFileSync(`${path}.json`, 'utf8')) as Omit<Accepted, 'times'>), times: readFileSync(path) };
}

export type Compared = { readonly duplicates: number; readonly lost: number; readonly held: number };

/**
 * The ledger beside what was accepted. Lost: a message that should be there and is not, or one that the ledger calls sent and nobody
 * has accepted. Held: neither sent nor accepted, and the ledger says so.
 */
export async function compareWithLedger(
  { admin }: TestDatabase,
  tenantId: TenantId,
  { times }: Accepted,
  expected: number,
): Promise<Compared> {
  const { rows } = await admin.query<{ id: number; isSent: boolean }>(
    `select message_id::float8 as id, status in ('sent', 'delivered', 'opened', 'clicked', 'replied') as "isSent"
     from messages where tenant_id = $1`,
    [tenantId],
  );
  return {
    duplicates: times.reduce((sum, one) => sum + (one > 1 ? 1 : 0), 0),
    lost: expected - rows.length + rows.filter(({ id, isSent }) => isSent && !times[id]).length,
    held: rows.filter(({ isSent }) => !isSent).length,
  };
}
