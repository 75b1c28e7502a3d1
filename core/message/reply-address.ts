import { createHmac, timingSafeEqual } from 'node:crypto';
import { parseTenantId } from '../ids.js';
import type { MessageRef } from './token.js';

const TENANT_BYTES = 16;
const ID_BYTES = 6;
const SEAL_BYTES = 12;
const BYTES = TENANT_BYTES + ID_BYTES + SEAL_BYTES;
const PREFIX = 'r+';
/** No server tells these apart by case, and some write addresses in small letters. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const BITS = 5;
const TOKEN_CHARS = Math.ceil((BYTES * 8) / BITS);

/**
 * Where a reply to a message goes: `r+` and a token at the tenant's domain, 57 characters of the 64 that may stand before the @. The token is
 * the message's as `signToken` makes it, but shorter and in letters of one case.
 */
export function signReplyAddress(key: Buffer, { tenantId, messageId }: MessageRef, domain: string): string {
  const body = Buffer.alloc(TENANT_BYTES + ID_BYTES);
  body.write(tenantId.replaceAll('-', ''), 0, 'hex');
  body.writeUIntBE(messageId, TENANT_BYTES, ID_BYTES);
  return `${PREFIX}${encode(Buffer.concat([body, sealOf(key, body)]))}@${domain}`;
}

/** The message that an address of ours means; nothing where the key did not make it. Never throws, whatever is sent. */
export function readReplyAddress(key: Buffer, address: string): MessageRef | undefined {
  const [, token] = /^r\+([a-z2-7]+)@[^@\s]+$/i.exec(address.trim()) ?? [];
  if (token?.length !== TOKEN_CHARS) return undefined;
  const bytes = decode(token.toLowerCase());
  const body = bytes.subarray(0, TENANT_BYTES + ID_BYTES);
  if (encode(bytes) !== token.toLowerCase() || !timingSafeEqual(bytes.subarray(body.length), sealOf(key, body))) return undefined;
  const hex = body.toString('hex', 0, TENANT_BYTES);
  const tenantId = parseTenantId(hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'));
  return { tenantId, messageId: body.readUIntBE(TENANT_BYTES, ID_BYTES) };
}

const sealOf = (key: Buffer, body: Buffer): Buffer =>
  createHmac('sha256', key).update('madansara reply').update(body).digest().subarray(0, SEAL_BYTES);

/** Base32 of RFC 4648, without padding. */
function encode(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? []).map((five) => ALPHABET[Number.parseInt(five.padEnd(BITS, '0'), 2)] ?? '').join('');
}

function decode(token: string): Buffer {
  const bits = [...token].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(BITS, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).slice(0, BYTES).map((byte) => Number.parseInt(byte, 2)));
}
