import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { createTransport } from 'nodemailer';
import { SMTPServer } from 'smtp-server';
import { prepareMail } from '../../activities/channels/smtp-client.js';
import { smtpOutcome } from '../../core/message/smtp-outcome.js';
import { readMail, valueOf } from '../../sandbox/smtp/read-mail.js';
import { startSandboxSmtp, type SandboxSmtp } from '../../sandbox/smtp/smtp.js';
import { smtpClientAt } from '../harness/smtp.js';

let server: SandboxSmtp;
before(async () => void (server = await startSandboxSmtp({ mostBytes: 100_000 })));
after(() => server.close());

/** Says lines to the server, each after the answer to the one before, and gives its answers. */
async function talk(...said: readonly string[]): Promise<string[]> {
  const socket: Socket = connect(server.port, '127.0.0.1');
  socket.setEncoding('latin1');
  const answers: string[] = [];
  for (const line of [undefined, ...said]) {
    if (line !== undefined) socket.write(`${line}\r\n`, 'latin1');
    const [answer] = (await once(socket, 'data')) as [string];
    answers.push(answer.trimEnd().split('\r\n').at(-1) ?? '');
  }
  socket.destroy();
  return answers.map((answer) => answer.slice(0, 9).trimEnd());
}

describe('the mail server of the sandbox', () => {
  it('takes what the mail library sends, and keeps it as it came', async () => {
    const transporter = createTransport(server.url);
    const mail = { from: 'Å <a@shop.example>', to: 'ann@people.example', subject: 'Ünï', text: '.\nhello', html: '<b>hello</b>' };
    await transporter.sendMail({ ...mail, messageId: '<token-1@shop.example>' });
    const [kept] = server.journal.byToken('token-1');
    assert.deepEqual([kept?.from, kept?.to, kept?.subject], ['a@shop.example', 'ann@people.example', 'Ünï']);
    assert.deepEqual(
      readMail(kept?.source ?? '').parts.map(([type, said]) => `${type} ${said.trim()}`),
      ['text/plain .\r\nhello', 'text/html <b>hello</b>'],
    );
  });

  it('counts what it has read to its end and says nothing of, whether or not it has taken it', async () => {
    const before = server.unanswered();
    const client = smtpClientAt(server.port);
    const mail = { token: 'token-2', to: { email: 'ann@people.example' }, subject: 'Hello', html: '<p>Hello</p>', text: 'Hello' };
    const prepared = await prepareMail({ from: { email: 'a@shop.example' } }, mail);
    server.misbehave(
      { kind: 'drop', at: 'end' },
      { kind: 'drop', at: 'end', accepts: true },
      { kind: 'drop', at: 'data' },
      { kind: 'reply', at: 'end', text: '451 4.3.0 Not now' },
    );
    for (let i = 0; i < 4; i += 1) assert.equal((await client.send(prepared)).kind, 'failed');
    assert.equal(server.unanswered() - before, 2);
    client.close();
  });

  it('refuses what a strict server refuses', async () => {
    const hello = ['EHLO me', 'MAIL FROM:<a@b.example>'] as const;
    assert.deepEqual(await talk('MAIL FROM:<a@b.example>'), ['220 sandb', '503 5.5.1']);
    assert.deepEqual((await talk('EHLO me', 'MAIL FROM:<>')).slice(2), ['553 5.1.7']);
    assert.deepEqual((await talk('EHLO me', 'MAIL FROM:<a@b.example> SIZE=100001')).slice(2), ['552 5.3.4']);
    assert.deepEqual((await talk(...hello, 'DATA')).slice(3), ['554 5.5.1']);
    assert.deepEqual(
      (await talk(...hello, 'RCPT TO:<nobody>', 'RCPT TO:<ü@b.example>', 'RCPT TO:<>')).slice(3),
      Array(3).fill('553 5.1.3'),
    );
    assert.deepEqual((await talk(`NOOP ${'x'.repeat(600)}`, 'HUH', 'RSET', 'NOOP', 'QUIT')).slice(1), [
      '500 5.5.6',
      '500 5.5.2',
      '250 2.0.0',
      '250 2.0.0',
      '221 2.0.0',
    ]);
    const data = (body: string) => talk(...hello, 'RCPT TO:<c@d.example>', 'DATA', `${body}\r\n.`).then((answers) => answers.at(-1));
    assert.equal(await data('x\r\n'.repeat(40_000)), '552 5.3.4');
    assert.equal(await data('Subject: x\r\n\r\na\nb'), '550 5.6.1');
    assert.equal(await data('From: a@b.example\r\n\r\nhello'), '550 5.7.1');
    const head = 'From: a@b.example\r\nTo: c@d.example\r\nDate: now\r\nSubject: x\r\nMessage-ID: <a@b>';
    assert.equal(await data(`${head}\r\n\r\ncaf\xe9`), '554 5.6.1');
    assert.equal(await data(`${head}\r\n\r\nfine`), '250 2.0.0');
  });
});

describe("the mail library's own server, which is not ours", () => {
  it('takes our mails as ours does, and is not believed where its certificate is not', async (t) => {
    const sources: string[] = [];
    const theirs = new SMTPServer({
      authOptional: true,
      logger: false,
      onData: (stream, _, done) => void text(stream).then((source) => (sources.push(source), done())),
    });
    // Who does not believe it breaks off.
    theirs.on('error', () => undefined);
    t.after(() => theirs.close());
    theirs.listen(0, '127.0.0.1');
    await once(theirs.server, 'listening');
    const { port } = theirs.server.address() as AddressInfo;
    const mail = await prepareMail(
      { from: { email: 'news@shop.example', name: 'The Shop' } },
      { token: 'token-2', to: { email: 'ann@people.example' }, subject: 'Zoë', html: '<p>ë</p>', text: '.ë' },
    );
    // It offers TLS, with a certificate that everybody has the key of.
    const client = smtpClientAt(port);
    t.after(() => client.close());
    const refused = smtpOutcome(await client.send(mail), 0);
    assert.deepEqual([refused.kind, refused.kind === 'refused' && refused.concerns], ['refused', 'account']);
    assert.deepEqual(sources, []);
    await createTransport({ host: '127.0.0.1', port, ignoreTLS: true }).sendMail({
      envelope: { from: mail.from, to: mail.to },
      raw: mail.source,
    });
    assert.equal(valueOf(readMail(sources[0] ?? '').headers, 'subject'), 'Zoë');
  });
});
