import assert from 'node:assert/strict';
import { after, beforeEach, describe, it } from 'node:test';
import { sendMails } from '../../../activities/channels/smtp.js';
import { prepareMail, type SmtpClient } from '../../../activities/channels/smtp-client.js';
import type { EmailEnvelope, EmailMessage } from '../../../core/message/email.js';
import type { SmtpAnswer } from '../../../core/message/smtp-outcome.js';
import { smtpOutcome } from '../../../core/message/smtp-outcome.js';
import { freePort } from '../../../sandbox/processes.js';
import type { SmtpFault, SmtpStage } from '../../../sandbox/smtp/faults.js';
import { startSandboxSmtp, type SandboxSmtp, type SandboxSmtpOptions } from '../../../sandbox/smtp/smtp.js';
import { smtpClientAt } from '../../harness/smtp.js';

const ENVELOPE: EmailEnvelope = { from: { email: 'news@shop.example', name: 'The Shop' } };
const mailTo = (name: string): EmailMessage => ({
  token: `token-${name}`,
  to: { email: `${name}@people.example` },
  subject: 'Hello',
  html: '<p>Hello</p>',
  text: 'Hello',
});

let server: SandboxSmtp;
let client: SmtpClient;
beforeEach(() => restart());
after(() => stop());

async function stop(): Promise<void> {
  client?.close();
  await server?.close();
}
async function restart(options: SandboxSmtpOptions = {}, changes: Parameters<typeof smtpClientAt>[1] = {}): Promise<void> {
  await stop();
  server = await startSandboxSmtp(options);
  client = smtpClientAt(server.port, changes);
}

const send = async (name = 'ann'): Promise<SmtpAnswer> => client.send(await prepareMail(ENVELOPE, mailTo(name)));
const outcomeOf = (answer: SmtpAnswer) => {
  const outcome = smtpOutcome(answer, 0);
  return outcome.kind === 'refused' ? `${outcome.kind} ${outcome.addressFault ?? outcome.concerns}` : outcome.kind;
};
const seen = (answer: SmtpAnswer) => (answer.kind === 'accepted' ? 'accepted' : { ...answer, reply: answer.reply?.slice(0, 9) });

describe('what the mail library tells of a mail that fails', () => {
  const STAGES = [
    ['mail', 'MAIL FROM'],
    ['rcpt', 'RCPT TO'],
    ['data', 'DATA'],
    ['end', 'DATA'],
  ] as const;

  for (const isPipelined of [true, false]) {
    for (const [at, command] of STAGES) {
      it(`names the command and the reply: ${command} at ${at}${isPipelined ? ', with commands sent ahead' : ''}`, async () => {
        for (const reply of ['450 4.2.0', '550 5.1.1', '421 4.3.2']) {
          await restart({ isPipelined });
          server.misbehave({ kind: 'reply', at, text: `${reply} for the test` });
          const answer = await send();
          // Of a command that was sent ahead, but is not the last, a good-bye is told as the connection's.
          const isGoodBye = isPipelined && at === 'rcpt' && reply.startsWith('421');
          const told = isGoodBye ? { code: 'ECONNECTION', command: 'CONN' } : { code: at === 'end' ? 'EMESSAGE' : 'EENVELOPE', command };
          assert.deepEqual(seen(answer), { kind: 'failed', ...told, reply, isEnded: at === 'end' });
        }
        assert.equal((await send()).kind, 'accepted');
        assert.deepEqual(server.journal.counts(), { messages: 1, tokens: 1 });
      });

      it(`does not tell where a connection broke, but we know whether the mail was read: ${at}${isPipelined ? ', ahead' : ''}`, async () => {
        await restart({ isPipelined });
        server.misbehave({ kind: 'drop', at });
        const answer = await send();
        assert.ok(answer.kind === 'failed' && answer.reply === undefined && !answer.command?.includes('DATA'), JSON.stringify(answer));
        assert.equal(answer.isEnded, at === 'end');
        assert.equal(outcomeOf(answer), at === 'end' ? 'ambiguous' : 'not_accepted');
      });

      it(`gives up on a server that is silent: ${at}${isPipelined ? ', ahead' : ''}`, async () => {
        await restart({ isPipelined }, { timeouts: { silenceMs: 150 } });
        server.misbehave({ kind: 'half_open', at });
        const answer = await send();
        assert.deepEqual(seen(answer), { kind: 'failed', code: 'ETIMEDOUT', command: 'CONN', reply: undefined, isEnded: at === 'end' });
      });
    }
  }
});

describe('a mail that an SMTP server gets', () => {
  it('is accepted, over connections that are kept', async () => {
    for (const name of ['ann', 'bob', 'cat']) assert.equal((await send(name)).kind, 'accepted');
    assert.deepEqual(server.journal.counts(), { messages: 3, tokens: 3 });
    assert.equal(server.connections().ever, 1);
  });

  it('is told of no reply, when the server closes a connection that has served others', async () => {
    assert.equal((await send()).kind, 'accepted');
    server.misbehave({ kind: 'reply', at: 'rcpt', text: '421 4.3.2 Closing' });
    const answer = await send('bob');
    assert.deepEqual(answer, { kind: 'failed', code: 'ECONNECTION', command: undefined, reply: undefined, isEnded: false });
  });

  it('is tried once, also over a connection that the server has closed meanwhile', async () => {
    assert.equal((await send()).kind, 'accepted');
    server.misbehave({ kind: 'drop', at: 'mail' });
    assert.equal(outcomeOf(await send('bob')), 'not_accepted');
    assert.equal(server.journal.counts().messages, 1);
    assert.equal((await send('bob')).kind, 'accepted');
  });

  it('is uncertain when its answer is lost, whether or not it was taken, and is in the journal once if it was', async () => {
    const ends: SmtpFault[] = (['drop', 'half_open'] as const).flatMap((kind) =>
      [true, false].map((accepts) => ({ kind, at: 'end' as const, accepts })),
    );
    await restart({}, { timeouts: { silenceMs: 150 } });
    for (const fault of [...ends, { kind: 'reply', at: 'end', text: 'what?', accepts: true } as const]) {
      server.misbehave(fault);
      assert.equal(
        outcomeOf(await send(`${fault.kind}-${String('accepts' in fault && fault.accepts)}`)),
        'ambiguous',
        JSON.stringify(fault),
      );
    }
    assert.deepEqual(server.journal.counts(), { messages: 3, tokens: 3 });
  });

  it('is not accepted when the connection breaks before its end, however much of it is on its way', async () => {
    await restart({ mostBytes: 50_000_000 });
    const source = Buffer.from(`Subject: large\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(400_000)}`);
    for (const kind of ['drop', 'half_open'] as const) {
      server.misbehave({ kind, at: 'body' });
      const answer = await client.send({ from: 'news@shop.example', to: 'ann@people.example', source });
      assert.ok(answer.kind === 'failed' && !answer.isEnded, JSON.stringify(answer));
      assert.equal(outcomeOf(answer), 'not_accepted');
    }
    assert.equal(server.journal.counts().messages, 0);
  });

  it('is waited for when the server is slow, and given up when it is as good as never over', async () => {
    server.misbehave({ kind: 'slow', at: 'end', delayMs: 300 });
    assert.equal((await send()).kind, 'accepted');
    await restart({}, { timeouts: { mailMs: 200 } });
    server.misbehave({ kind: 'slow', at: 'end', delayMs: 600 }, { kind: 'slow', at: 'rcpt', delayMs: 600 });
    assert.equal(outcomeOf(await send('bob')), 'ambiguous');
    assert.equal(outcomeOf(await send('cat')), 'not_accepted');
  });

  it('is refused for what strict servers refuse', async () => {
    await restart({ mostBytes: 2_000 });
    const large = { ...mailTo('ann'), html: 'x'.repeat(3_000) };
    assert.equal(outcomeOf(await client.send(await prepareMail(ENVELOPE, large))), 'refused request');
    const raw = (source: string) => client.send({ from: 'news@shop.example', to: 'ann@people.example', source: Buffer.from(source) });
    const head = 'From: a@b.c\r\nTo: d@e.f\r\nDate: x\r\nSubject: x\r\nMessage-ID: <a@b>\r\n';
    assert.equal((await raw(`${head}\r\nfine\r\n`)).kind, 'accepted');
    for (const source of [
      `${head}\r\n${'x'.repeat(999)}\r\n`,
      `${head}To: g@h.i\r\n\r\nx\r\n`,
      'Subject: x\r\n\r\nx\r\n',
      `${head}X-É: é\r\n\r\nx`,
    ]) {
      const answer = await raw(source);
      assert.ok(answer.kind === 'failed' && answer.reply?.startsWith('550'), JSON.stringify(answer));
    }
    const bad = { ...mailTo('ann'), to: { email: 'jörg@people.example' } };
    assert.equal(outcomeOf(await client.send(await prepareMail(ENVELOPE, bad))), 'refused unreachable');
    assert.equal(
      outcomeOf(await client.send(await prepareMail({ from: { email: 'shöp@shop.example' } }, mailTo('ann')))),
      'refused account',
    );
  });

  it('waits for a log-in that the server takes, and is sent after it', async () => {
    const login = { user: 'shop', password: 'pässword' };
    await restart({ login }, { login: { ...login, password: 'wrong' } });
    const refused = await send();
    assert.deepEqual(seen(refused), { kind: 'failed', code: 'EAUTH', command: 'AUTH PLAIN', reply: '535 5.7.8', isEnded: false });
    assert.equal(outcomeOf(refused), 'refused account');
    await restart({ login });
    assert.equal(outcomeOf(await send()), 'refused account');
    await restart({ login }, { login });
    assert.equal((await send()).kind, 'accepted');
  });

  it('never goes without TLS where TLS is demanded', async () => {
    await restart({}, { requireTls: true });
    assert.equal(outcomeOf(await send()), 'refused account');
    assert.equal(server.journal.counts().messages, 0);
  });

  const AT_THE_DOOR: readonly (readonly [SmtpStage, string, string])[] = [
    ['greeting', '421 4.3.2 Busy', 'not_accepted'],
    ['greeting', '554 5.7.1 You are on a list', 'refused account'],
    ['hello', '421 4.3.2 Busy', 'not_accepted'],
  ];
  for (const [at, text, outcome] of AT_THE_DOOR) {
    it(`is ${outcome} when the server says ${text} at the ${at}`, async () => {
      server.refuse({ kind: 'reply', at, text });
      assert.equal(outcomeOf(await send()), outcome);
      assert.equal((await send()).kind, 'accepted');
    });
  }

  it('is not accepted where nobody listens, greets, or stays', async () => {
    for (const fault of [{ kind: 'drop', at: 'greeting' } as const, { kind: 'half_open', at: 'greeting' } as const]) {
      await restart({}, { timeouts: { greetingMs: 150 } });
      server.refuse(fault);
      assert.equal(outcomeOf(await send()), 'not_accepted');
    }
    const nobody = smtpClientAt(await freePort());
    assert.equal(outcomeOf(await nobody.send(await prepareMail(ENVELOPE, mailTo('ann')))), 'not_accepted');
    nobody.close();
  });
});

describe('sending mails one by one', () => {
  const people = (count: number) => Array.from({ length: count }, (_, i) => mailTo(`p${i}`));
  const kinds = async (count: number) => (await sendMails(client, { envelope: ENVELOPE, mails: people(count) })).map(({ kind }) => kind);

  it('has no more under way than connections, over all that is sent at once', async () => {
    await restart({}, { atOnce: 3 });
    const all = await Promise.all([kinds(20), kinds(20)]);
    assert.deepEqual(new Set(all.flat()), new Set(['accepted']));
    assert.equal(server.connections().most, 3);
    assert.deepEqual(server.journal.counts(), { messages: 40, tokens: 20 });
  });

  it('goes on past one that is refused, and stops for what is so of all', async () => {
    await restart({ refusalOf: (address) => (address.startsWith('p1@') ? '550 5.1.1 No such user' : undefined) }, { atOnce: 1 });
    assert.deepEqual(await kinds(3), ['accepted', 'refused', 'accepted']);
    server.misbehave({ kind: 'reply', at: 'rcpt', text: '554 5.7.1 Relay access denied' });
    assert.deepEqual(await kinds(3), ['refused', 'refused', 'refused']);
    server.misbehave({ kind: 'reply', at: 'rcpt', text: '450 4.2.0 Greylisted' });
    assert.deepEqual(await kinds(3), ['not_accepted', 'refused', 'accepted']);
  });

  it('leaves no more uncertain than connections when a server takes and never answers', async () => {
    await restart({}, { atOnce: 2, timeouts: { silenceMs: 150 } });
    server.misbehave(...Array.from({ length: 20 }, () => ({ kind: 'half_open', at: 'end', accepts: true }) as const));
    const ended = await kinds(20);
    assert.ok(ended.filter((kind) => kind === 'ambiguous').length <= 3, ended.join());
    assert.equal(ended.filter((kind) => kind === 'not_accepted').length, 20 - ended.filter((kind) => kind === 'ambiguous').length);
  });
});
