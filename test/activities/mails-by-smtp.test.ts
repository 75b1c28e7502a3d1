import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createSmtpChannel } from '../../activities/channels/smtp.js';
import type { SmtpClient } from '../../activities/channels/smtp-client.js';
import type { RenderMails } from '../../activities/sending/claimed-mails.js';
import { sendStep, type SendingDependencies, type StepSent } from '../../activities/sending/send-step.js';
import type { TenantId } from '../../core/ids.js';
import { readToken } from '../../core/message/token.js';
import type { StepOfBatch } from '../../db/queries/send-ledger.js';
import { waitUntil } from '../../sandbox/processes.js';
import type { SmtpFault } from '../../sandbox/smtp/faults.js';
import { startSandboxSmtp, type SandboxSmtp, type SandboxSmtpOptions } from '../../sandbox/smtp/smtp.js';
import { ADDRESS_KEY } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { countsOf, ledgerOf } from '../harness/ledger.js';
import { plainRender } from '../harness/sending.js';
import { smtpClientAt } from '../harness/smtp.js';
import { WorkerProcesses } from '../harness/worker-processes.js';

let database: TestDatabase;
let server: SandboxSmtp;
let client: SmtpClient;
before(async () => void (database = await createTestDatabase()));
beforeEach(() => restart());
after(async () => {
  client.close();
  await server.close();
  await database.drop();
});

async function restart(options: SandboxSmtpOptions = {}, changes: Parameters<typeof smtpClientAt>[1] = {}): Promise<void> {
  client?.close();
  await server?.close();
  server = await startSandboxSmtp(options);
  client = smtpClientAt(server.port, changes);
}

const dependencies = (render: RenderMails = plainRender, now = () => new Date()): SendingDependencies => ({
  database,
  ledgerKey: ADDRESS_KEY,
  channels: { email: createSmtpChannel({ client, render }) },
  now,
});
const inMinutes = (minutes: number) => () => new Date(Date.now() + minutes * 60_000);

const prepared = (members: number) => ledgerOf(database).prepared(members);
const outcomes = (sent: StepSent) => sent.map(([, outcome]) => outcome);
const rowsOf = (tenantId: TenantId) => ledgerOf(database).messagesOf(tenantId);
const send = async (step: StepOfBatch, ...more: Parameters<typeof dependencies>) => outcomes(await sendStep(dependencies(...more), step));
const suppressed = async (tenantId: TenantId) =>
  (await database.admin.query('select reason from suppressions where tenant_id = $1', [tenantId])).rows;

/** Each message as the ledger has it, and whether the server's journal has it. */
async function compared(tenantId: TenantId): Promise<{ readonly status: string; readonly isThere: boolean }[]> {
  const { rows } = await database.admin.query<{ id: string; status: string }>(
    'select message_id as id, status from messages where tenant_id = $1',
    [tenantId],
  );
  const there = new Set(server.journal.all().map(({ token }) => String(readToken(ADDRESS_KEY, token)?.messageId)));
  return rows.map(({ id, status }) => ({ status, isThere: there.has(id) }));
}

describe('sending a step by SMTP', () => {
  it('sends each member the mail once, however often it is asked for, under a token of ours', async () => {
    const { tenantId, step } = await prepared(20);
    for (let i = 0; i < 3; i += 1) assert.deepEqual(await send(step), step.members.map(() => 'sent')); // prettier-ignore
    assert.deepEqual(server.journal.counts(), { messages: 20, tokens: 20 });
    assert.ok((await compared(tenantId)).every(({ status, isThere }) => status === 'sent' && isThere));
    const { kept, recounted } = await countsOf(database, tenantId);
    assert.deepEqual([kept, kept[0]?.sent], [recounted, 20]);
  });

  it('sends nobody the same when several do it side by side', async () => {
    const { tenantId, step } = await prepared(100);
    const tries = await Promise.allSettled(Array.from({ length: 5 }, () => send(step)));
    assert.ok(tries.some(({ status }) => status === 'fulfilled'));
    assert.deepEqual(await send(step), step.members.map(() => 'sent')); // prettier-ignore
    assert.deepEqual(server.journal.counts(), { messages: 100, tokens: 100 });
    assert.ok((await compared(tenantId)).every(({ status }) => status === 'sent'));
  });

  it('suppresses a mailbox that does not exist, fails what is refused, and sends to the others', async () => {
    await restart({}, { atOnce: 1 });
    const { tenantId, step } = await prepared(4);
    const refuse = (text: string): SmtpFault => ({ kind: 'reply', at: 'rcpt', text });
    server.misbehave(refuse('550 5.1.1 No such user'), refuse('550 5.7.1 Blocked'), { kind: 'reply', at: 'end', text: '554 5.7.1 Spam' });
    assert.deepEqual(await send(step), ['failed', 'failed', 'failed', 'sent']);
    assert.deepEqual(await suppressed(tenantId), [{ reason: 'bounced' }]);
    assert.equal((await rowsOf(tenantId))[0]?.reason, 'the mail server refused it (550): 5.1.1 No such user');
    assert.deepEqual(await send({ ...step, stepKey: 2 }), ['suppressed', 'sent', 'sent', 'sent']);
  });

  it('waits for those that are greylisted alone, and sends them when they are due', async () => {
    await restart({}, { atOnce: 1 });
    const { step } = await prepared(3);
    server.misbehave({ kind: 'reply', at: 'rcpt', text: '450 4.2.0 Greylisted' });
    assert.deepEqual(await send(step), ['waiting', 'sent', 'sent']);
    assert.deepEqual(await send(step, plainRender, inMinutes(4)), ['waiting', 'sent', 'sent']);
    assert.deepEqual(await send(step, plainRender, inMinutes(6)), ['sent', 'sent', 'sent']);
    assert.deepEqual(server.journal.counts(), { messages: 3, tokens: 3 });
  });

  it('waits with all for a server that is busy, that is gone, or that does not know us', async () => {
    const { tenantId, step } = await prepared(30);
    server.refuse(...Array.from({ length: 8 }, () => ({ kind: 'reply', at: 'greeting', text: '421 4.3.2 Busy' }) as const));
    assert.deepEqual(new Set(await send(step)), new Set(['waiting']));
    await restart({ login: { user: 'a', password: 'b' } });
    const refused = await sendStep(dependencies(plainRender, inMinutes(60)), step);
    assert.ok(refused.every(([, outcome, dueAtMs]) => outcome === 'waiting' && (dueAtMs ?? 0) > Date.now() + 69 * 60_000));
    await server.close();
    assert.deepEqual(new Set(await send(step, plainRender, inMinutes(120))), new Set(['waiting']));
    await restart();
    assert.deepEqual(new Set(await send(step, plainRender, inMinutes(180))), new Set(['sent']));
    assert.deepEqual(await suppressed(tenantId), []);
  });

  it('leaves uncertain what may have been taken, says so, and never sends it again', async () => {
    await restart({}, { atOnce: 1, timeouts: { silenceMs: 150 } });
    const { tenantId, step } = await prepared(5);
    server.misbehave({ kind: 'drop', at: 'end', accepts: true }, undefined, { kind: 'half_open', at: 'end', accepts: false }, undefined, {
      kind: 'reply',
      at: 'end',
      text: 'what?',
      accepts: true,
    });
    // Whoever comes after one that is not answered waits.
    assert.deepEqual(await send(step), ['uncertain', 'waiting', 'waiting', 'waiting', 'waiting']);
    for (let i = 1; i < 4; i += 1) await send(step, plainRender, inMinutes(i));
    assert.deepEqual(await send(step, plainRender, inMinutes(600)), ['uncertain', 'sent', 'uncertain', 'sent', 'uncertain']);
    assert.deepEqual(server.journal.counts(), { messages: 4, tokens: 4 });
    assert.match((await rowsOf(tenantId))[0]?.reason ?? '', /^no answer of the mail server was seen: /);
  });

  it('leaves out whoever has unsubscribed since the claim, and fails what cannot be written', async () => {
    const { tenantId, step } = await prepared(3);
    const render: RenderMails = async (asked, users, at) => {
      await database.admin.query("update contacts set consent = 'denied' where tenant_id = $1 and user_id = 'u1'", [tenantId]);
      const { envelope, mails } = await plainRender(asked, users, at);
      return { envelope, mails: mails.map((mail, i) => (i === 1 ? { because: 'its html: it is too long' } : mail)) };
    };
    assert.deepEqual(await send(step, render), ['suppressed', 'failed', 'sent']);
    assert.equal(server.journal.counts().messages, 1);
  });

  it('loses nothing and sends nothing twice through faults of every kind', async () => {
    const chance = (fault: SmtpFault) => ({ probability: 0.05, fault });
    const faults = [
      ...(['mail', 'rcpt', 'data', 'end'] as const).map((at) => chance({ kind: 'drop', at })),
      ...(['mail', 'rcpt', 'end'] as const).map((at) => chance({ kind: 'reply', at, text: '451 4.3.0 Later' })),
      chance({ kind: 'reply', at: 'rcpt', text: '421 4.3.2 Closing' }),
      chance({ kind: 'reply', at: 'end', text: '550 5.7.1 No' }),
      chance({ kind: 'drop', at: 'end', accepts: true }),
      chance({ kind: 'reply', at: 'end', text: 'what?', accepts: true }),
    ];
    await restart({ chances: { seed: 11, faults } });
    const { tenantId, step } = await prepared(150);
    for (let tries = 0, isOver = false; !isOver; tries += 1) {
      assert.ok(tries < 100, 'it does not end');
      isOver = !(await send(step, plainRender, inMinutes(tries * 10))).includes('waiting');
    }
    assert.equal(server.journal.duplicates().size, 0);
    const all = await compared(tenantId);
    for (const { status, isThere } of all) assert.ok(status === 'uncertain' || isThere === (status === 'sent'), `${status} ${isThere}`);
    const kinds = new Set(all.map(({ status, isThere }) => `${status} ${isThere}`));
    assert.deepEqual([...kinds].toSorted(), ['failed false', 'sent true', 'uncertain false', 'uncertain true']);
  });
});

describe('workers that send by SMTP and are killed', () => {
  it('send nothing twice, lose nothing, and leave no more uncertain than was under way', async () => {
    const AT_ONCE = 4;
    const KILLS = 6;
    await restart({ chances: { seed: 5, faults: [{ probability: 0.5, fault: { kind: 'slow', at: 'end', delayMs: 10 } }] } });
    const { tenantId, step } = await prepared(400);
    const workers = new WorkerProcesses(
      () => ({
        DATABASE_URL: database.url,
        LEDGER_KEY: ADDRESS_KEY.toString('base64'),
        SMTP_PORT: String(server.port),
        AT_ONCE: String(AT_ONCE),
        STEP: JSON.stringify(step),
      }),
      [fileURLToPath(new URL('../harness/smtp-worker.js', import.meta.url))],
    );
    const accepted = () => server.journal.counts().messages;
    for (let kills = 0; kills < KILLS; kills += 1) {
      const worker = workers.start();
      const enough = accepted() + 20;
      assert.ok(await waitUntil(() => Promise.resolve(accepted() >= enough), 20_000, 5), `${accepted()} of ${enough}`);
      await workers.kill(worker);
    }
    const last = workers.start();
    const [code] = (await once(last, 'exit')) as [number];
    assert.equal(code, 0);
    assert.equal(server.journal.duplicates().size, 0);
    const all = await compared(tenantId);
    assert.equal(all.length, 400);
    for (const { status, isThere } of all) assert.ok(status === 'sent' ? isThere : status === 'uncertain', `${status} ${isThere}`);
    const uncertain = all.filter(({ status }) => status === 'uncertain').length;
    assert.ok(uncertain <= KILLS * AT_ONCE, `${uncertain} are uncertain`);
  });
});
