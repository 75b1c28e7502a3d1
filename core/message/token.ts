import { createHmac, timingSafeEqual } from 'node:crypto';
import { parseTenantId, type TenantId } from '../ids.js';

/** A message as a provider knows it: the only id that it is given. */
export type MessageRef = { readonly tenantId: TenantId; readonly messageId: number };

const TENANT_BYTES = 16;
const ID_BYTES = 8;
const SEAL_BYTES = 16;

/** What a token is good for: one of a message does not confirm anything, though both name a message. */
export type TokenPurpose = 'message' | 'confirmation';

/**
 * The token of a message: 54 characters that anybody may carry and only the holder of the key can make. It says which message of
 * which tenant is meant, and nothing about anybody.
 */
export function signToken(key: Buffer, { tenantId, messageId }: MessageRef, purpose: TokenPurpose = 'message'): string {
  const body = Buffer.alloc(TENANT_BYTES + ID_BYTES);
  body.write(tenantId.replaceAll('-', ''), 0, 'hex');
  body.writeBigUInt64BE(BigInt(messageId), TENANT_BYTES);
  return Buffer.concat([body, sealOf(key, purpose, body)]).toString('base64url');
}

/** What a token means; nothing where the key did not make it. Never throws, whatever is sent. */
export function readToken(key: Buffer, token: unknown, purpose: TokenPurpose = 'message'): MessageRef | undefined {
  if (typeof token !== 'string' || !/^[A-Za-z0-9_-]{54}$/.test(token)) return undefined;
  const bytes = Buffer.from(token, 'base64url');
  const body = bytes.subarray(0, TENANT_BYTES + ID_BYTES);
  // The last character has bits to spare: of the spellings of one token only our own is one.
  if (bytes.toString('base64url') !== token || !timingSafeEqual(bytes.subarray(body.length), sealOf(key, purpose, body))) return undefined;
  const hex = body.toString('hex', 0, TENANT_BYTES);
  const tenantId = parseTenantId(hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'));
  return { tenantId, messageId: Number(body.readBigUInt64BE(TENANT_BYTES)) };
}

const sealOf = (key: Buffer, purpose: TokenPurpose, body: Buffer): Buffer =>
  createHmac('sha256', key).update(`madansara ${purpose}`).update(body).digest().subarray(0, SEAL_BYTES);
