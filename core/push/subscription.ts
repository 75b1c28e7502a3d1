import { ECDH } from 'node:crypto';
import { textFault } from '../event/json.js';

/** Where a device is reached, and what a message to it is sealed with, as a browser gives them (`PushSubscription`). */
export type PushSubscription = { readonly endpoint: string; readonly p256dh: string; readonly auth: string };

export const LONGEST_ENDPOINT = 2_000;
const CURVE = 'prime256v1';
const POINT_BYTES = 65;
const SECRET_BYTES = 16;
/** Names that never belong to somebody else's push service. */
const NAMES_AT_HOME = /(^|\.)(localhost|local|internal|intranet|lan|home|corp|localdomain|home\.arpa|test|invalid|onion)\.?$/;

/**
 * Why nothing is ever sent to an endpoint, or nothing. A page names it, and so anybody may: it is a public host with a name, on the port
 * of https. What the name leads to is looked at when it is connected to. `only`: the one service of a rehearsal, wherever it is.
 */
export function endpointFault(endpoint: string, only?: string): string | undefined {
  if (endpoint.length > LONGEST_ENDPOINT) return `it is longer than ${LONGEST_ENDPOINT} characters`;
  if (textFault(endpoint) !== undefined || !URL.canParse(endpoint)) return 'it is not an address';
  const { protocol, username, password, hash, origin, port, hostname } = new URL(endpoint);
  if (protocol !== 'https:') return 'an https address is expected';
  if (username !== '' || password !== '' || hash !== '') return 'an address without a user, a password or a fragment is expected';
  if (only !== undefined) return origin === only ? undefined : 'this installation sends to the push service of a rehearsal alone';
  if (port !== '') return 'the port of https is expected';
  if (hostname.startsWith('[') || /^[\d.]+$/.test(hostname) || !hostname.includes('.') || NAMES_AT_HOME.test(hostname)) {
    return 'the name of a public host is expected';
  }
  return hostname === 'android.googleapis.com' ? 'Google’s old push service is no more' : undefined;
}

/** Why a message cannot be sealed with these keys, or nothing. */
export function keysFault({ p256dh, auth }: Omit<PushSubscription, 'endpoint'>): string | undefined {
  if (!isPoint(p256dh)) return 'p256dh: a public key of P-256 is expected, 65 bytes in base64url';
  return bytesOf(auth)?.length === SECRET_BYTES ? undefined : `auth: ${SECRET_BYTES} bytes in base64url are expected`;
}

function isPoint(text: string): boolean {
  const bytes = bytesOf(text);
  if (bytes?.length !== POINT_BYTES || bytes[0] !== 4) return false;
  try {
    ECDH.convertKey(bytes, CURVE);
    return true;
  } catch {
    return false;
  }
}

/** Of the spellings of the same bytes only that of browsers is one, with or without its padding. */
function bytesOf(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return text.length <= 100 && bytes.toString('base64url') === text.replace(/={0,2}$/, '') ? bytes : undefined;
}
