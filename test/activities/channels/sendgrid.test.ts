import assert from 'node:assert/strict';
import sendgridMailer from '@sendgrid/mail';
import fc from 'fast-check';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { createSendgridClient, sendEmails, sendgridBody } from '../../../activities/channels/sendgrid.js';
import { chunkEmails, type EmailBatch, type EmailMessage } from '../../../core/message/email.js';
import { sendgridMail } from '../../../core/message/sendgrid-mail.js';
import type { SendFault } from '../../../sandbox/provider/faults.js';
import { startSandboxSendgrid, type SandboxSendgrid } from '../../../sandbox/sendgrid/sendgrid.js';
import { freePort } from '../../../sandbox/processes.js';
import { SENDGRID_KEY } from '../../harness/sendgrid.js';

const from = { email: 'news@shop.example', name: 'The Shop, Inc.; "Berlin"' };
const message = (n: number, changes: Partial<EmailMessage> = {}): EmailMessage => ({
  token: `t${n}`,
  to: { email: `user${n}@example.com`, name: `Doe, Jane ${n}` },
  subject: `Hello ${n}`,
  html: `<p>Dear ${n} & all</p>`,
  text: `Dear ${n}`,
  unsubscribeUrl: `https://shop.example/u/t${n}`,
  ...changes,
});
const batchOf = (messages: readonly EmailMessage[], changes: Partial<EmailBatch> = {}): EmailBatch => ({ from, messages, ...changes });
const many = (count: number, changes: (n: number) => Partial<EmailMessage> = () => ({})) =>
  Array.from({ length: count }, (_, n) => message(n, changes(n)));

describe('sending mails by SendGrid', () => {
  let sandbox: SandboxSendgrid;
  beforeEach(async () => void (sandbox = await startSandboxSendgrid({ keys: [SENDGRID_KEY] })));
  afterEach(() => sandbox.close());
  const client = (options: { apiKey?: string; timeoutMs?: number } = {}) =>
    createSendgridClient({ apiKey: SENDGRID_KEY, baseUrl: sandbox.url, timeoutMs: 5_000, ...options });

  it('gives each of a thousand people their own mail, in one request', async () => {
    const outcome = await sendEmails(client(), batchOf(many(1_000), { categories: ['spring'] }));
    assert.equal(outcome.kind, 'accepted');
    assert.deepEqual(
      sandbox.requests().map(({ accepted }) => accepted),
      [1_000],
    );
    assert.equal(sandbox.journal.duplicates().size, 0);
    for (const n of [0, 1, 999]) {
      const [got] = sandbox.journal.byToken(`t${n}`);
      assert.ok(got);
      assert.equal(outcome.kind === 'accepted' && outcome.messageId, got.message_id);
      assert.deepEqual([got.subject, got.content], [`Hello ${n}`, { 'text/plain': `Dear ${n}`, 'text/html': `<p>Dear ${n} & all</p>` }]);
      assert.deepEqual(got.headers, {
        'List-Unsubscribe': `<https://shop.example/u/t${n}>`,
        'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      });
      assert.deepEqual(got.to, [{ email: `user${n}@example.com`, name: `Doe Jane ${n}` }]);
      assert.deepEqual([got.from.name, got.categories], ['The Shop Inc. Berlin', ['spring']]);
    }
  });

  it('writes every request as the library would, whatever is in it', async () => {
    const { MailService } = sendgridMailer as unknown as { MailService: new () => typeof sendgridMailer };
    const service = new MailService();
    let written: unknown;
    service.setClient({ request: ({ body }: { body: unknown }) => Promise.resolve((written = body)) } as never);
    const mails = fc.array(
      fc.record(
        { subject: fc.string(), html: fc.string(), text: fc.string(), replyTo: fc.emailAddress(), unsubscribeUrl: fc.webUrl() },
        { requiredKeys: [] },
      ),
      { minLength: 1, maxLength: 4 },
    );
    const envelope = fc.record(
      { replyTo: fc.constant(from), categories: fc.array(fc.string()), validateOnly: fc.boolean() },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(mails, envelope, async (changes, about) => {
        const batch = batchOf(
          many(changes.length, (n) => changes[n] ?? {}),
          about,
        );
        await service.send(sendgridMail(batch));
        assert.deepEqual(JSON.parse(await sendgridBody(batch)), JSON.parse(JSON.stringify(written)));
      }),
    );
  });

  it('gives SendGrid no id but the token', async () => {
    await sendEmails(client(), batchOf(many(3)));
    assert.deepEqual(
      sandbox.journal.all().map(({ custom_args }) => custom_args),
      ['t0', 't1', 't2'].map((ms_token) => ({ ms_token })),
    );
  });

  it("leaves texts alone in which its own tags, or anybody else's, are written", async () => {
    const html = (n: number) => `<p>%ms0-html% %ms1-subject% %ms0-text% {{name}} -name- $& ${n}</p>`;
    const hostile = many(5, (n) => ({ html: html(n), subject: `%ms2-html% ${n}` }));
    assert.equal((await sendEmails(client(), batchOf(hostile))).kind, 'accepted');
    for (const n of [0, 4]) {
      const [got] = sandbox.journal.byToken(`t${n}`);
      assert.deepEqual([got?.content['text/html'], got?.subject], [html(n), `%ms2-html% ${n}`]);
    }
  });

  it('gives each person a reply address of their own, and one that exists to who has none', async () => {
    const replyTo = { email: 'replies@in.shop.example' };
    const messages = [message(0, { replyTo: 'replies+t0@in.shop.example' }), message(1)];
    await sendEmails(client(), batchOf(messages, { replyTo }));
    await sendEmails(client(), batchOf([message(2, { replyTo: 'replies+t2@in.shop.example' })], { replyTo }));
    assert.deepEqual(
      sandbox.journal.all().map(({ reply_to }) => reply_to?.email),
      ['replies+t0@in.shop.example', 'replies@in.shop.example', 'replies+t2@in.shop.example'],
    );
  });

  it('sends a mail that is too large for a substitution alone, and whole', async () => {
    const html = `<p>%ms0-html%${'x'.repeat(200_000)}</p>`;
    const { chunks } = chunkEmails([message(0), message(1, { html }), message(2)]);
    for (const chunk of chunks) assert.equal((await sendEmails(client(), batchOf(chunk))).kind, 'accepted');
    assert.equal(sandbox.journal.byToken('t1')[0]?.content['text/html'], html);
    assert.deepEqual(sandbox.journal.counts(), { messages: 3, tokens: 3 });
  });

  it('fills requests to the limit with what the sandbox still takes', async () => {
    const text = '"\n\u0001é'.repeat(3_000);
    const { chunks } = chunkEmails(many(900, (n) => ({ text, html: 'x'.repeat(6_000 + (n % 7) * 1_000) })));
    assert.ok(chunks.length > 1 && (chunks[0]?.length ?? 0) > 500);
    for (const chunk of chunks) assert.equal((await sendEmails(client({ timeoutMs: 60_000 }), batchOf(chunk))).kind, 'accepted');
    assert.deepEqual(sandbox.journal.counts(), { messages: 900, tokens: 900 });
  });

  it('asks SendGrid to check a batch without delivering it', async () => {
    assert.equal((await sendEmails(client(), batchOf(many(2), { validateOnly: true }))).kind, 'accepted');
    assert.deepEqual(sandbox.journal.all(), []);
  });

  it('refuses a batch that does not fit together, and sends nothing', async () => {
    const twice = await sendEmails(client(), batchOf([message(1), message(1)]));
    assert.ok(twice.kind === 'refused' && twice.status === undefined && twice.blamed.length === 0);
    const faulty = await sendEmails(client(), batchOf([message(1), message(2, { text: '' })]));
    assert.ok(faulty.kind === 'refused' && faulty.concerns === 'request');
    assert.deepEqual(faulty.blamed, [1]);
    assert.equal((await sendEmails(client(), batchOf([]))).kind, 'refused');
    assert.deepEqual(sandbox.requests(), []);
  });

  it('names the one message that SendGrid blames, so that the rest can go without it', async () => {
    const messages = many(3, (n) => (n === 1 ? { to: { email: 'jane@localhost' } } : {}));
    const outcome = await sendEmails(client(), batchOf(messages));
    assert.ok(outcome.kind === 'refused' && outcome.status === 400 && outcome.concerns === 'request');
    assert.deepEqual(outcome.blamed, [1]);
    const rest = messages.filter((_, n) => !outcome.blamed.includes(n));
    assert.equal((await sendEmails(client(), batchOf(rest))).kind, 'accepted');
  });

  it('says that the account is refused when the key is, without saying the key', async () => {
    const outcome = await sendEmails(client({ apiKey: 'SG.wrong-secret' }), batchOf(many(2)));
    assert.ok(outcome.kind === 'refused' && outcome.concerns === 'account' && outcome.status === 401);
    assert.doesNotMatch(JSON.stringify(outcome), /wrong-secret/);
  });

  it('keeps the keys of two accounts apart when they send at once', async () => {
    const other = await startSandboxSendgrid({ keys: ['SG.other'] });
    const clients = [client(), createSendgridClient({ apiKey: 'SG.other', baseUrl: other.url, timeoutMs: 5_000 })];
    const outcomes = await Promise.all(Array.from({ length: 20 }, (_, n) => sendEmails(clients[n % 2] ?? client(), batchOf([message(n)]))));
    assert.ok(outcomes.every(({ kind }) => kind === 'accepted'));
    assert.deepEqual([sandbox.journal.counts().messages, other.journal.counts().messages], [10, 10]);
    await other.close();
  });

  const faults: readonly (readonly [SendFault, string, number])[] = [
    [{ kind: 'rate_limited', resetAfterS: 7 }, 'not_accepted', 0],
    [{ kind: 'error', status: 500, accepts: true }, 'ambiguous', 2],
    [{ kind: 'error', status: 503, accepts: false }, 'ambiguous', 0],
    [{ kind: 'error', status: 408, accepts: false }, 'ambiguous', 0],
    [{ kind: 'error', status: 404, accepts: false }, 'refused', 0],
    [{ kind: 'error', status: 307, accepts: true }, 'ambiguous', 2],
    [{ kind: 'error', status: 200, accepts: true }, 'ambiguous', 2],
    [{ kind: 'reset', accepts: false }, 'ambiguous', 0],
    [{ kind: 'reset', accepts: true }, 'ambiguous', 2],
    [{ kind: 'half_open', accepts: true }, 'ambiguous', 2],
    [{ kind: 'slow', delayMs: 60_000 }, 'ambiguous', 2],
    [{ kind: 'slow', delayMs: 20 }, 'accepted', 2],
  ];
  for (const [fault, kind, accepted] of faults) {
    it(`is ${kind} after ${JSON.stringify(fault)}, and tried once`, async () => {
      sandbox.misbehave(fault);
      const outcome = await sendEmails(client({ timeoutMs: 400 }), batchOf(many(2)));
      assert.equal(outcome.kind, kind, JSON.stringify(outcome));
      assert.equal(sandbox.journal.counts().messages, accepted);
      assert.equal(sandbox.requests().length, fault.kind === 'slow' && fault.delayMs > 400 ? 0 : 1);
    });
  }

  it('waits for as long as the rate limit says', async () => {
    sandbox.misbehave({ kind: 'rate_limited', resetAfterS: 40 });
    const before = Date.now();
    const outcome = await sendEmails(client(), batchOf(many(2)));
    assert.ok(outcome.kind === 'not_accepted');
    const waitS = (outcome.retryAtMs - before) / 1_000;
    assert.ok(waitS > 38 && waitS < 43, `${waitS} s`);
  });

  it('is ambiguous when it is called off after it was written', async () => {
    sandbox.misbehave({ kind: 'half_open', accepts: true });
    const caller = new AbortController();
    const sent = sendEmails(client(), batchOf(many(2)), caller.signal);
    while (sandbox.requests().length === 0) await new Promise((resolve) => setImmediate(resolve));
    caller.abort();
    assert.equal((await sent).kind, 'ambiguous');
  });
});

describe('sending mails by a SendGrid that cannot be reached', () => {
  const send = (baseUrl: string, timeoutMs = 2_000) =>
    sendEmails(createSendgridClient({ apiKey: SENDGRID_KEY, baseUrl, timeoutMs }), batchOf(many(2)));

  it('is not accepted where nobody listens, or no such name is known', async () => {
    const port = await freePort();
    for (const baseUrl of [
      `http://127.0.0.1:${port}`,
      `http://localhost:${port}`,
      `https://127.0.0.1:${port}`,
      'http://no.such.name.invalid',
    ]) {
      const before = Date.now();
      const outcome = await send(baseUrl);
      assert.ok(outcome.kind === 'not_accepted', `${baseUrl}: ${JSON.stringify(outcome)}`);
      assert.ok(outcome.retryAtMs > before);
    }
  });

  it('is not accepted by a server with which no TLS connection comes about', async () => {
    const plain = createTcpServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 no TLS here\r\n\r\n'));
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    assert.equal((await send(`https://127.0.0.1:${(plain.address() as AddressInfo).port}`)).kind, 'not_accepted');
    plain.close();
  });

  it('is ambiguous where somebody listens and then says nothing, or breaks off', async () => {
    const mute = createTcpServer((socket) => socket.on('error', () => {}).resume());
    const rude = createTcpServer((socket) => socket.on('error', () => {}).once('data', () => socket.destroy()));
    for (const server of [mute, rude]) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      assert.equal((await send(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 300)).kind, 'ambiguous');
      server.close();
    }
  });
});

describe('a redirect', () => {
  let elsewhere: Server;
  let visits = 0;
  before(async () => {
    elsewhere = createServer((_, response) => {
      visits += 1;
      response.writeHead(visits === 1 ? 307 : 202, { Location: '/elsewhere' }).end();
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  });
  after(() => elsewhere.close());

  it('is not followed with key and mails', async () => {
    const baseUrl = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
    const outcome = await sendEmails(createSendgridClient({ apiKey: SENDGRID_KEY, baseUrl, timeoutMs: 2_000 }), batchOf(many(2)));
    assert.deepEqual([outcome.kind, visits], ['ambiguous', 1]);
  });
});
