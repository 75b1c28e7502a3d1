import { DomainError } from '../core/errors.js';
import type { Database } from '../db/client.js';
import { findApiKey, type KeyHolder } from '../db/queries/api-keys.js';
import { readTenantCurrency } from '../db/queries/events.js';
import { RequestProblem } from './errors.js';

/** Who sends with a write key, and what reading their events needs to know. */
export type Sender = { readonly holder: KeyHolder; readonly currency: string };

export type WriteKeys = { find(key: string): Promise<Sender> };

/** How long a known key is believed without asking again, which is also how long a revoked one still works. */
const BELIEVED_MS = 2_000;
const MOST_REMEMBERED = 10_000;

/** Looks write keys up, and remembers the known ones for a moment: a busy sender asks a hundred times a second. */
export function createWriteKeys(database: Database, now: () => number = () => performance.now()): WriteKeys {
  const remembered = new Map<string, { readonly sender: Promise<Sender>; readonly until: number }>();
  return {
    find(key) {
      const entry = remembered.get(key);
      if (entry && entry.until > now()) return entry.sender;
      if (remembered.size >= MOST_REMEMBERED) remembered.clear();
      const sender = lookUp(database, key);
      remembered.set(key, { sender, until: now() + BELIEVED_MS });
      sender.catch(() => remembered.delete(key)); // a failure is told to who asked, and never remembered
      return sender;
    },
  };
}

async function lookUp(database: Database, key: string): Promise<Sender> {
  const holder = await findApiKey(database, key);
  if (!holder) throw unauthorized('the write key is unknown or revoked');
  if (!holder.scopes.includes('events:write'))
    throw new DomainError('forbidden', 'this needs a write key (a key with the scope events:write)');
  return { holder, currency: await readTenantCurrency(database, holder.tenantId) };
}

export const unauthorized = (message: string): RequestProblem =>
  new RequestProblem('unauthorized', message, { headers: { 'WWW-Authenticate': 'Basic realm="madansara"' } });
