import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createSmtpChannel } from '../../activities/channels/smtp.js';
import type { SmtpClient } from '../../activities/channels/smtp-client.js';
import { createEmailRenderer } from '../../activities/sending/rendering.js';
import type { TenantId } from '../../core/ids.js';
import type { StepRequest } from '../../core/journey/campaign-request.js';
import { readLink } from '../../core/message/link-token.js';
import { findLinkTenant, followLink } from '../../db/queries/links.js';
import { readMail, valueOf } from '../../sandbox/smtp/read-mail.js';
import { waitUntil } from '../../sandbox/processes.js';
import { startSandboxSmtp, type SandboxSmtp } from '../../sandbox/smtp/smtp.js';
import { campaignWorkflowId, type CampaignSummary } from '../../workflows/campaign/contract.js';
import { ADDRESS_KEY, addSegment, askCampaign, draftCampaign } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { countsOf } from '../harness/ledger.js';
import { skipWithout } from '../harness/needs.js';
import { startCampaignWorker, type SendingWorker } from '../harness/sending.js';
import { smtpClientAt } from '../harness/smtp.js';
import { findTimeSkippingServer, startTimeSkipping, TIME_SKIPPING_NEEDS } from '../harness/time-skipping.js';

const executable = await findTimeSkippingServer();
const skip = skipWithout(executable, TIME_SKIPPING_NEEDS);
const PUBLIC_URL = 'https://audience.example.test';

let database: TestDatabase;
let environment: TestWorkflowEnvironment;
let server: SandboxSmtp;
let smtp: SmtpClient;
let worker: SendingWorker;
before(async () => {
  if (!executable) return;
  database = await createTestDatabase();
  environment = await startTimeSkipping(executable);
  const { client, address } = environment;
  server = await startSandboxSmtp({ refusalOf: (to) => (to.includes('gone') ? '550 5.1.1 No such user' : undefined) });
  smtp = smtpClientAt(server.port);
  const mails = createSmtpChannel({
    client: smtp,
    render: createEmailRenderer({ database, publicUrl: PUBLIC_URL, ledgerKey: ADDRESS_KEY, leadsLinks: true }),
  });
  worker = await startCampaignWorker({ database, client, address, namespace: 'default', mails });
});
after(async () => {
  await worker?.close();
  smtp?.close();
  await server?.close();
  await environment?.teardown();
  await database?.drop();
});

const email = (step: Partial<StepRequest>): StepRequest => ({ day: 0, channel: 'email', template: 'welcome_series_1', ...step });
const SEQUENCE = [
  email({ subject: 'Zoë’s café 🎁' }),
  email({ day: 1, subject: 'You have read it', trigger: 'email_opened', timeout_hours: 24, else: 3 }),
  email({ day: 3, subject: 'Still there?' }),
];

const subjectsTo = (tenantId: TenantId, person: string): string[] =>
  server.journal
    .all()
    .filter(({ to }) => to === `${person}.${tenantId}@example.test`)
    .map(({ subject }) => subject);

async function rowsOf(tenantId: TenantId, sql: string): Promise<string[]> {
  const { rows } = await database.admin.query<{ told: string }>(sql, [tenantId]);
  return rows.map(({ told }) => told);
}

describe('a campaign of an installation without SendGrid', () => {
  it('goes to the last mail; nobody is said to have opened one, and nobody is sent one twice', { skip }, async () => {
    const tenantId = await database.newTenant();
    const segment = await addSegment(database, tenantId, ['ann', 'bob', 'cat', 'dan-gone']);
    const campaignId = await draftCampaign(database, tenantId, { segment, sequence: SEQUENCE });
    await askCampaign(environment.client, tenantId, campaignId, 'launch');
    // Whosever mail it meets then: before, it would meet nobody's where it came to who is gone.
    const areOut = () => Promise.resolve(['ann', 'bob', 'cat'].every((person) => subjectsTo(tenantId, person).length === 1));
    const isRefused = async () =>
      (await rowsOf(tenantId, "select status as told from messages where tenant_id = $1 and status = 'failed'")).length === 1;
    assert.ok(await waitUntil(async () => (await areOut()) && (await isRefused()), 20_000, 20));
    server.misbehave({ kind: 'drop', at: 'end', accepts: true });
    const handle = environment.client.workflow.getHandle(campaignWorkflowId(tenantId, campaignId));
    assert.equal(((await handle.result()) as CampaignSummary).status, 'finished');

    for (const person of ['ann', 'bob', 'cat']) assert.deepEqual(subjectsTo(tenantId, person), ['Zoë’s café 🎁', 'Still there?']);
    assert.deepEqual(subjectsTo(tenantId, 'dan-gone'), []);
    assert.equal(server.journal.duplicates().size, 0);
    const statuses = await rowsOf(
      tenantId,
      "select concat_ws(' ', step_key, status) as told from messages where tenant_id = $1 order by told",
    );
    assert.deepEqual(statuses, ['1 failed', '1 sent', '1 sent', '1 sent', '3 sent', '3 sent', '3 uncertain']);
    assert.deepEqual(
      await rowsOf(tenantId, "select concat_ws(' ', user_id, left_because) as told from journeys where tenant_id = $1 order by user_id"),
      ['ann completed', 'bob completed', 'cat completed', 'dan-gone bounced'],
    );
    const { kept, recounted } = await countsOf(database, tenantId);
    assert.deepEqual(kept, recounted);
    assert.deepEqual(kept, [{ sent: 5, delivered: 0, opened: 0, clicked: 0 }]);
  });

  it('writes each mail from its template as mail programs want it, with a way out of it', { skip }, () => {
    const [mail] = server.journal.all();
    const { headers, parts } = readMail(mail?.source ?? '');
    assert.equal(valueOf(headers, 'list-unsubscribe'), `<${PUBLIC_URL}/v1/unsubscribe/${mail?.token}>`);
    assert.equal(valueOf(headers, 'list-unsubscribe-post'), 'List-Unsubscribe=One-Click');
    assert.equal(valueOf(headers, 'from'), 'The Shop <news@shop.example>');
    assert.deepEqual(parts.map(([type]) => type), ['text/plain', 'text/html']); // prettier-ignore
    for (const [, text] of parts) assert.ok(text.includes(`${PUBLIC_URL}/v1/unsubscribe/${mail?.token}`));
    for (const line of mail?.source.split('\r\n') ?? []) assert.ok(line.length <= 200, line);
  });

  it('leads the links of a mail over ours, and knows who has followed one', { skip }, async () => {
    const [mail] = server.journal.all();
    const [, html = ''] = readMail(mail?.source ?? '').parts.find(([type]) => type === 'text/html') ?? [];
    assert.ok(!html.includes('href="https://shop.example'), html);
    const link = readLink(ADDRESS_KEY, new RegExp(`href="${PUBLIC_URL}/l/([\\w-]+)"`).exec(html)?.[1]);
    assert.ok(link);
    const tenantId = await findLinkTenant(database, link.linkId);
    assert.ok(tenantId);
    assert.equal(await followLink(database, tenantId, { ...link, clickedAt: new Date() }), 'https://shop.example/');
    assert.deepEqual(await rowsOf(tenantId, "select status as told from messages where tenant_id = $1 and status = 'clicked'"), [
      'clicked',
    ]);
  });
});
