import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request } from 'express';
import { DomainError } from '../core/errors.js';
import type { Scope } from '../core/scopes.js';
import type { Database } from '../db/client.js';
import { findApiKey, type KeyHolder } from '../db/queries/api-keys.js';
import { RequestProblem } from './errors.js';

const unauthorized = (message: string): RequestProblem =>
  new RequestProblem('unauthorized', message, { headers: { 'WWW-Authenticate': 'Bearer realm="madansara"' } });

/** The key of `Authorization: Bearer …`, or nothing where the header is absent or of another kind. */
export function bearerToken(request: Request): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(request.get('authorization') ?? '')?.[1];
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Whose key the request carries. Throws `unauthorized` without saying whether a key was unknown or revoked. */
export async function authenticate(database: Database, request: Request): Promise<KeyHolder> {
  const token = bearerToken(request);
  if (token === undefined) throw unauthorized('send a key as "Authorization: Bearer ms_…"');
  const holder = await findApiKey(database, token);
  if (!holder) throw unauthorized('the key is unknown or revoked');
  return holder;
}

export function requireScope(holder: KeyHolder, scope: Scope): void {
  if (!holder.scopes.includes(scope)) throw new DomainError('forbidden', `this needs a key with the scope ${scope}`);
}

/** Admits the operator's key alone. Compared in constant time, as hashes, so that not even its length can be measured. */
export function requireAdmin(adminKey: string | undefined, request: Request): void {
  if (adminKey === undefined) {
    throw new DomainError('not_available', 'the routes of the operator are switched off: this installation has no ADMIN_API_KEY');
  }
  const token = bearerToken(request);
  if (token === undefined || !timingSafeEqual(digest(token), digest(adminKey))) {
    throw unauthorized("this route needs the operator's key (ADMIN_API_KEY) as a Bearer token");
  }
}
