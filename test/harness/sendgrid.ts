import sendgridClient from '@sendgrid/client';
import sendgridMailer from '@sendgrid/mail';
import type { SandboxSendgrid } from '../../sandbox/sendgrid/sendgrid.js';
import type { Habits } from '../../sandbox/sendgrid/audience.js';

export const SENDGRID_KEY = 'SG.sandbox';

/** The real library, unchanged but for the address to which it sends. */
export function realMailer(url: string, { key = SENDGRID_KEY, timeoutMs = 5_000 } = {}): typeof sendgridMailer {
  const client = new (sendgridClient as unknown as { Client: new () => typeof sendgridClient }).Client();
  client.setApiKey(key);
  client.setDefaultRequest({ baseUrl: url, timeout: timeoutMs } as unknown as Parameters<typeof client.setDefaultRequest>[0]);
  const mailer = new (sendgridMailer as unknown as { MailService: new () => typeof sendgridMailer }).MailService();
  mailer.setClient(client);
  return mailer;
}

/** A request that the sandbox accepts, as plain JSON. */
export const mailBody = (changes: Readonly<Record<string, unknown>> = {}) => ({
  personalizations: [{ to: [{ email: 'jane@example.com' }], custom_args: { ms_token: 'token-1' } }],
  from: { email: 'news@shop.example', name: 'The Shop' },
  subject: 'Hello',
  content: [{ type: 'text/plain', value: 'Hello' }],
  ...changes,
});

/** Posts a body as it is, and tells status, headers and JSON of the answer. */
export async function postMail({ url }: Pick<SandboxSendgrid, 'url'>, body: unknown, { key = SENDGRID_KEY } = {}) {
  const response = await fetch(`${url}/v3/mail/send`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  // A test looks into the body and asserts what it finds.
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}

/** Gets every mail at once, and does nothing more unless told to. */
export const quietHabits = (changes: Partial<Habits> = {}): Habits => ({
  dropped: 0,
  bounced: 0,
  deferred: 0,
  machineOpened: 0,
  opened: 0,
  clicked: 0,
  complained: 0,
  unsubscribed: 0,
  deliveryMs: 0,
  openMs: 0,
  clickMs: 0,
  ...changes,
});
