import { createDecipheriv, hkdfSync, type ECDH } from 'node:crypto';

/** Who can open what is sealed for them. */
export type Recipient = { readonly keys: ECDH; readonly authSecret: Buffer };

const SALT_BYTES = 16;
const HEADER_BYTES = SALT_BYTES + 4 + 1;
const SEAL_BYTES = 16;
const LAST_RECORD = 2;

/** Opens a message as a browser does (RFC 8291, RFC 8188 with one record). Nothing where it was not sealed for this recipient. */
export function openSealed(body: Buffer, { keys, authSecret }: Recipient): Buffer | undefined {
  if (body.length < HEADER_BYTES + SEAL_BYTES) return undefined;
  const salt = body.subarray(0, SALT_BYTES);
  const recordBytes = body.readUInt32BE(SALT_BYTES);
  const senderKey = body.subarray(HEADER_BYTES, HEADER_BYTES + (body[HEADER_BYTES - 1] ?? 0));
  const sealed = body.subarray(HEADER_BYTES + senderKey.length);
  if (sealed.length <= SEAL_BYTES || sealed.length > recordBytes) return undefined;
  try {
    const info = Buffer.concat([Buffer.from('WebPush: info\0'), keys.getPublicKey(), senderKey]);
    const secret = derived(keys.computeSecret(senderKey), authSecret, info, 32);
    const key = derived(secret, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
    const nonce = derived(secret, salt, Buffer.from('Content-Encoding: nonce\0'), 12);
    const cipher = createDecipheriv('aes-128-gcm', key, nonce).setAuthTag(sealed.subarray(-SEAL_BYTES));
    return withoutPadding(Buffer.concat([cipher.update(sealed.subarray(0, -SEAL_BYTES)), cipher.final()]));
  } catch {
    return undefined;
  }
}

const derived = (secret: Buffer, salt: Buffer, info: Buffer, bytes: number): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, salt, info, bytes));

function withoutPadding(record: Buffer): Buffer | undefined {
  const end = record.findLastIndex((byte) => byte !== 0);
  return record[end] === LAST_RECORD ? record.subarray(0, end) : undefined;
}
