import { Agent, request as startRequest } from 'node:http';
import { signToken } from '../../core/message/token.js';
import { SENDGRID_TOKEN_ARG } from '../../core/message/sendgrid-mail.js';
import type { Signer } from '../../sandbox/sendgrid/signing.js';
import { ADDRESS_KEY } from '../../test/harness/campaigns.js';
import type { World } from './world.js';

/** A message whose recipient opens it. */
export type Opened = { readonly userId: string; readonly messageId: number };
export type Rate = { readonly perSecond: number; readonly together: number; readonly seconds: number };

/**
 * Tells that messages are opened, as SendGrid does: signed, so many in a post, at a steady rate that waits for nobody. Gives when the
 * post about each user was begun, and how long posts took to be answered.
 */
export async function tellOpened(
  { tenantId, webhookUrl }: World,
  signer: Signer,
  opened: readonly Opened[],
  { perSecond, together }: Rate,
): Promise<{ readonly toldMs: ReadonlyMap<string, number>; readonly answeredMs: readonly number[] }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  const toldMs = new Map<string, number>();
  const startedMs = Date.now();
  const posts: Promise<number>[] = [];
  for (let from = 0; from < opened.length; from += together) {
    const dueMs = startedMs + (from / perSecond) * 1_000;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - Date.now())));
    const group = opened.slice(from, from + together);
    const nowMs = Date.now();
    const body = JSON.stringify(group.map(({ messageId }) => openOf(signToken(ADDRESS_KEY, { tenantId, messageId }), nowMs)));
    for (const { userId } of group) toldMs.set(userId, nowMs);
    posts.push(post(agent, webhookUrl, body, signer.headers(body, nowMs)));
  }
  const answeredMs = await Promise.all(posts);
  agent.destroy();
  return { toldMs, answeredMs };
}

const openOf = (token: string, atMs: number) => ({
  email: 'somebody@example.test',
  timestamp: Math.floor(atMs / 1_000),
  event: 'open',
  sg_event_id: `open-${token}`,
  sg_message_id: `${token}.recvd-bench`,
  useragent: 'Mozilla/5.0',
  ip: '192.0.2.1',
  sg_machine_open: false,
  [SENDGRID_TOKEN_ARG]: token,
});

function post(agent: Agent, url: string, body: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const length = Buffer.byteLength(body);
    const options = { agent, method: 'POST', headers: { ...headers, 'Content-Type': 'application/json', 'Content-Length': length } };
    const request = startRequest(url, options, (response) => {
      response.resume().once('end', () => {
        if (response.statusCode === 204) resolve(performance.now() - startedAt);
        else reject(new Error(`the webhook answered ${response.statusCode}`));
      });
    });
    request.once('error', reject).end(body);
  });
}
