import type { IncomingHttpHeaders } from 'node:http';

export const MOST_BODY_BYTES = 4_096;

export type PushHeaders = { readonly ttlSeconds: number; readonly urgency: string; readonly topic: string | null };
export type PushRefusal = { readonly status: number; readonly because: string };

const URGENCIES = ['very-low', 'low', 'normal', 'high'];

/** What RFC 8030 says of a request's headers. */
export function checkHeaders(headers: IncomingHttpHeaders): PushHeaders | PushRefusal {
  const ttl = headers['ttl'];
  const urgency = headers['urgency'] ?? 'normal';
  const topic = headers['topic'] ?? null;
  if (typeof ttl !== 'string' || !/^\d{1,10}$/.test(ttl)) return refused(400, 'TTL: whole seconds are expected');
  if (headers['content-encoding'] !== 'aes128gcm') return refused(415, 'Content-Encoding: aes128gcm is expected');
  if (typeof urgency !== 'string' || !URGENCIES.includes(urgency))
    return refused(400, `Urgency: one of ${URGENCIES.join(', ')} is expected`);
  if (topic !== null && (typeof topic !== 'string' || !/^[A-Za-z0-9_-]{1,32}$/.test(topic))) {
    return refused(400, 'Topic: at most 32 characters of base64url are expected');
  }
  return { ttlSeconds: Number(ttl), urgency, topic };
}

const refused = (status: number, because: string): PushRefusal => ({ status, because });
