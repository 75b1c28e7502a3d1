import { setTimeout as sleep } from 'node:timers/promises';
import { createInAppChannel, type InAppDependencies } from '../../activities/channels/in-app.js';
import { createMailsTogether } from '../../activities/channels/mails-together.js';
import { createSendgridClient, prepareEmails, sendEmails } from '../../activities/channels/sendgrid.js';
import { createTextChannel, type TextDependencies } from '../../activities/channels/texts.js';
import { createTwilioClient } from '../../activities/channels/twilio-client.js';
import type { RenderMails } from '../../activities/sending/claimed-mails.js';
import { sendStep, type SendingDependencies } from '../../activities/sending/send-step.js';
import { signToken } from '../../core/message/token.js';
import { openDatabase } from '../../db/client.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { SANDBOX_ACCOUNT } from '../../sandbox/twilio/account.js';

/** The program of a worker that sends steps as it is told, one after the other, until it is killed. */
export type WorkerSettings = {
  readonly databaseUrl: string;
  readonly sendgridUrl: string;
  readonly twilioUrl: string;
  /** Where providers tell us what becomes of messages. */
  readonly receiverUrl: string;
  readonly ledgerKey: string;
  readonly sendFirst: boolean;
  /** How far the campaign's clock is ahead. */
  readonly aheadMs: number;
};
export type WorkerTask = { readonly id: number; readonly step: StepOfBatch };
export type WorkerReport = { readonly id: number; readonly sent?: Awaited<ReturnType<typeof sendStep>>; readonly error?: string };

/** What a template takes for one message. */
const RENDERING_MS = 0.2;
const TIMEOUT_MS = 3_000;

const settings = JSON.parse(process.argv[2] ?? '{}') as WorkerSettings;
const database = openDatabase(settings.databaseUrl, { applicationName: 'bench-sender', onIdleError: () => undefined });
const client = createSendgridClient({ apiKey: 'SG.sandbox', baseUrl: settings.sendgridUrl, timeoutMs: TIMEOUT_MS });
const render: RenderMails = async (_step, users) => {
  await sleep(RENDERING_MS * users.length);
  return {
    envelope: { from: { email: 'hello@shop.example' }, tracking: { opens: true, clicks: true } },
    mails: users.map(({ userId }) => ({ subject: `Welcome ${userId}`, html: `<p>Hello ${userId}</p>`, text: `Hello ${userId}` })),
  };
};
const { accountSid, authToken: secret, smsNumbers, templates = {} } = SANDBOX_ACCOUNT;
const [number = ''] = smsNumbers;
const [contentSid = ''] = Object.keys(templates);

const texts: TextDependencies = {
  client: createTwilioClient({ accountSid, secret, baseUrl: settings.twilioUrl, timeoutMs: TIMEOUT_MS }),
  statusUrl: `${settings.receiverUrl}/v1/webhooks/twilio/status`,
  render: async ({ stepKey }, channel, users) => {
    await sleep(RENDERING_MS * users.length);
    const contents = users.map(({ userId, isOpen }) =>
      channel === 'sms' || isOpen
        ? ({ kind: 'text', text: `Hello ${userId}, this is step ${stepKey}` } as const)
        : ({ kind: 'template', contentSid, variables: { 1: userId } } as const),
    );
    return { sender: { kind: 'number', number }, contents };
  },
};
const renderInApp: InAppDependencies['render'] = async ({ stepKey }, users) => {
  await sleep(RENDERING_MS * users.length);
  return users.map(({ userId }) => ({ title: `Step ${stepKey}`, body: `Hello ${userId}`, data: { step: stepKey } }));
};
const dependencies: SendingDependencies = {
  database,
  ledgerKey: Buffer.from(settings.ledgerKey, 'base64'),
  channels: {
    email: createMailsTogether({ render, prepareEmails: (batch) => prepareEmails(client, batch) }),
    sms: createTextChannel('sms', texts),
    whatsapp: createTextChannel('whatsapp', texts),
    in_app: createInAppChannel({ render: renderInApp }),
  },
  now: () => new Date(Date.now() + settings.aheadMs),
};

process.on('message', ({ id, step }: WorkerTask) => {
  void (settings.sendFirst ? sendFirst(step) : sendStep(dependencies, step)).then(
    (sent) => process.send?.({ id, sent } satisfies WorkerReport),
    (error: unknown) => process.send?.({ id, error: String(error) } satisfies WorkerReport),
  );
});
process.on('disconnect', () => process.exit(0));

/** As others do it: whatever is not recorded as sent is sent, and recorded after that. */
async function sendFirst({ tenantId, campaignId, stepKey, batch, members }: StepOfBatch): Promise<Awaited<ReturnType<typeof sendStep>>> {
  const { pool } = database;
  const client_ = await pool.connect();
  try {
    await client_.query(`select set_config('app.tenant_id', $1, false)`, [tenantId]);
    const { rows } = await client_.query<{ idx: number; user_id: string; address: string }>(
      `select j.idx, j.user_id, c.address from journeys j
       join contacts c on c.tenant_id = j.tenant_id and c.user_id = j.user_id and c.channel = 'email'
       where j.tenant_id = $1 and j.campaign_id = $2 and j.batch = $3 and j.idx = any ($5) and not exists (
         select from messages m where m.tenant_id = j.tenant_id and m.campaign_id = j.campaign_id and m.step_key = $4 and m.user_id = j.user_id)
       order by j.idx`,
      [tenantId, campaignId, batch, stepKey, members],
    );
    if (rows.length === 0) return [];
    // Steps and batches are small numbers here: together they name a message.
    const place = (idx: number) => stepKey * 1e8 + batch * 1_000 + idx + 1;
    const messages = rows.map(({ idx, user_id, address }) => ({
      token: signToken(dependencies.ledgerKey, { tenantId, messageId: place(idx) }),
      to: { email: address },
      subject: `Welcome ${user_id}`,
      html: `<p>Hello ${user_id}</p>`,
      text: `Hello ${user_id}`,
    }));
    const outcome = await sendEmails(client, { from: { email: 'hello@shop.example' }, messages });
    if (outcome.kind !== 'accepted') throw new Error(outcome.kind);
    await client_.query(
      `insert into messages (tenant_id, campaign_id, entry, step_key, user_id, channel, batch, idx, status, claimed_at, sent_at)
       select $1, $2, 1, $4, u, 'email', $3, i, 'sent', now(), now() from unnest($5::text[], $6::int[]) x(u, i)`,
      [tenantId, campaignId, batch, stepKey, rows.map((row) => row.user_id), rows.map((row) => row.idx)],
    );
    return [];
  } finally {
    client_.release();
  }
}
