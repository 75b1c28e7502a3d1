import { createHmac, timingSafeEqual } from 'node:crypto';

/** A link in a message: the row that has its target, and the message in which it stands. */
export type LinkRef = { readonly linkId: number; readonly messageId: number };

const SEAL_BYTES = 8;
/** Enough for a trillion of each. */
const ID_BYTES = 5;
const MOST_ID = 2 ** (8 * ID_BYTES) - 1;

/** How many characters a token has: an SMS is paid for by their number. */
export const LINK_TOKEN_CHARS = 24;

/**
 * The token of a link: as short as it can be, and opaque: the two numbers are hidden under the seal, so that nobody can count our messages
 * by it, and whoever changes a character has a token that the key did not make.
 */
export function signLink(key: Buffer, { linkId, messageId }: LinkRef): string {
  const body = Buffer.alloc(2 * ID_BYTES);
  for (const [i, id] of [linkId, messageId].entries()) {
    if (!Number.isSafeInteger(id) || id < 0 || id > MOST_ID) throw new RangeError(`the number ${id} does not fit into a link`);
    body.writeUIntBE(id, i * ID_BYTES, ID_BYTES);
  }
  const seal = sealOf(key, body);
  return Buffer.concat([seal, masked(key, seal, body)]).toString('base64url');
}

/** What a token means; nothing where the key did not make it. Never throws, whatever is sent. */
export function readLink(key: Buffer, token: unknown): LinkRef | undefined {
  if (typeof token !== 'string' || !/^[A-Za-z0-9_-]{24}$/.test(token)) return undefined;
  const bytes = Buffer.from(token, 'base64url');
  const seal = bytes.subarray(0, SEAL_BYTES);
  const body = masked(key, seal, bytes.subarray(SEAL_BYTES));
  if (!timingSafeEqual(seal, sealOf(key, body))) return undefined;
  return { linkId: body.readUIntBE(0, ID_BYTES), messageId: body.readUIntBE(ID_BYTES, ID_BYTES) };
}

const hmac = (key: Buffer, use: string, data: Buffer): Buffer => createHmac('sha256', key).update(use).update(data).digest();

const sealOf = (key: Buffer, body: Buffer): Buffer => hmac(key, 'madansara link seal', body).subarray(0, SEAL_BYTES);

/** The same for both directions. */
function masked(key: Buffer, seal: Buffer, body: Buffer): Buffer {
  const mask = hmac(key, 'madansara link mask', seal);
  return Buffer.from(body.map((byte, i) => byte ^ (mask[i] ?? 0)));
}
