import { createPublicKey, verify } from 'node:crypto';

export type SenderCheck = { readonly publicKey: string } | { readonly status: 401 | 403; readonly because: string };

const MOST_AHEAD_S = 24 * 3_600;
const POINT_BYTES = 65;

/** Who sends, by the token that their key has signed (RFC 8292): for this service, for a day at most, with an address to write to. */
export function checkSender(authorization: string | undefined, origin: string, nowMs: number): SenderCheck {
  const [, token = '', publicKey = ''] = /^vapid t=([\w.-]+), ?k=([\w-]+)$/.exec(authorization ?? '') ?? [];
  if (token === '') return refused(401, 'a VAPID token and its key are expected');
  const [head = '', claims = '', signature = ''] = token.split('.');
  if (field(parsed(head), 'alg') !== 'ES256') return refused(401, 'ES256 is expected');
  if (!isSignedBy(publicKey, `${head}.${claims}`, signature)) return refused(403, 'the token was not signed with the key');
  const said = parsed(claims);
  const expiresS = Number(field(said, 'exp'));
  if (field(said, 'aud') !== origin) return refused(403, 'the token is for another push service');
  if (!(expiresS > nowMs / 1_000)) return refused(403, 'the token has expired');
  if (expiresS > nowMs / 1_000 + MOST_AHEAD_S) return refused(403, 'the token is for longer than a day');
  if (!/^(mailto:.+@.+|https:\/\/.+)/.test(String(field(said, 'sub')))) return refused(403, 'the token names nobody to write to');
  return { publicKey };
}

const refused = (status: 401 | 403, because: string): SenderCheck => ({ status, because });

function isSignedBy(publicKey: string, signed: string, signature: string): boolean {
  const point = Buffer.from(publicKey, 'base64url');
  if (point.length !== POINT_BYTES) return false;
  const coordinate = (from: number) => point.subarray(from, from + 32).toString('base64url');
  try {
    const key = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: coordinate(1), y: coordinate(33) }, format: 'jwk' });
    return verify('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
  } catch {
    return false;
  }
}

function parsed(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString());
  } catch {
    return undefined;
  }
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && name in value ? value[name as keyof typeof value] : undefined;
