import { createHmac, timingSafeEqual } from 'node:crypto';
import { parseTenantId, parseUserId, type TenantId, type UserId } from '../ids.js';

/** A user whose inbox is opened, for so long. */
export type Subscriber = { readonly tenantId: TenantId; readonly userId: UserId; readonly expiresAtMs: number };

export type ReadSubscriber =
  { readonly kind: 'valid'; readonly subscriber: Subscriber } | { readonly kind: 'expired' } | { readonly kind: 'forged' };

/** A page is open for hours; whoever finds a token tomorrow finds nothing. */
export const LONGEST_TOKEN_MS = 24 * 3_600_000;

const TENANT_BYTES = 16;
const EXPIRY_BYTES = 6;
const SEAL_BYTES = 16;
const HEAD_BYTES = TENANT_BYTES + EXPIRY_BYTES;
/** 255 characters of a user's id have up to three bytes each, or four where they count twice. */
const MOST_CHARACTERS = Math.ceil(((HEAD_BYTES + 255 * 3 + SEAL_BYTES) * 4) / 3);

/**
 * What a browser shows to see one user's inbox: only the holder of the key can make it. It says whose inbox it is in a form that
 * anybody can read, so that it belongs into no log and no address.
 */
export function signSubscriberToken(key: Buffer, { tenantId, userId, expiresAtMs }: Subscriber): string {
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(tenantId.replaceAll('-', ''), 0, 'hex');
  head.writeUIntBE(expiresAtMs, TENANT_BYTES, EXPIRY_BYTES);
  const body = Buffer.concat([head, Buffer.from(userId)]);
  return Buffer.concat([body, sealOf(key, body)]).toString('base64url');
}

/** Whose inbox a token opens at this moment. Never throws, whatever is sent. */
export function readSubscriberToken(key: Buffer, token: string, nowMs: number): ReadSubscriber {
  if (token.length > MOST_CHARACTERS) return { kind: 'forged' };
  const bytes = Buffer.from(token, 'base64url');
  const body = bytes.subarray(0, -SEAL_BYTES);
  // Of the spellings of the same bytes only our own is a token.
  if (body.length <= HEAD_BYTES || bytes.toString('base64url') !== token) return { kind: 'forged' };
  if (!timingSafeEqual(bytes.subarray(body.length), sealOf(key, body))) return { kind: 'forged' };
  const expiresAtMs = body.readUIntBE(TENANT_BYTES, EXPIRY_BYTES);
  if (expiresAtMs <= nowMs) return { kind: 'expired' };
  const hex = body.toString('hex', 0, TENANT_BYTES);
  const tenantId = parseTenantId(hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'));
  return { kind: 'valid', subscriber: { tenantId, userId: parseUserId(body.toString('utf8', HEAD_BYTES)), expiresAtMs } };
}

const sealOf = (key: Buffer, body: Buffer): Buffer =>
  createHmac('sha256', key).update('madansara subscriber').update(body).digest().subarray(0, SEAL_BYTES);
