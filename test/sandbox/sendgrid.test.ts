import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { startSandboxSendgrid, type SandboxSendgrid } from '../../sandbox/sendgrid/sendgrid.js';
import { mailBody, postMail, realMailer, SENDGRID_KEY } from '../harness/sendgrid.js';

let sandbox: SandboxSendgrid;
beforeEach(async () => void (sandbox = await startSandboxSendgrid({ keys: [SENDGRID_KEY] })));
afterEach(() => sandbox.close());

const to = (email: string, more: Readonly<Record<string, unknown>> = {}) => ({ to: [{ email }], ...more });
const people = (count: number, more: Readonly<Record<string, unknown>> = {}) =>
  Array.from({ length: count }, (_, n) => to(`user${n}@example.com`, { custom_args: { ms_token: `t${n}` }, ...more }));

describe("the sandbox's SendGrid, sent to by the real library", () => {
  it('accepts a mail, names it, and shows it as its reader would see it', async () => {
    const [response] = await realMailer(sandbox.url).send({
      from: { email: 'news@shop.example', name: 'The Shop' },
      subject: 'Hello {{name}}',
      text: 'Dear {{name}}',
      html: '<p>Dear {{name}}</p>',
      personalizations: [
        {
          to: 'a@example.com',
          substitutions: { name: 'Anna' },
          customArgs: { ms_token: 'a' },
          headers: { 'List-Unsubscribe': '<https://x.example/u>' },
        },
        { to: 'b@example.com', substitutions: { name: 'Bob' }, customArgs: { ms_token: 'b' } },
      ],
    });
    assert.equal(response.statusCode, 202);
    const messageId = (response.headers as Record<string, string>)['x-message-id'];
    const [anna, bob, none] = sandbox.journal.all();
    assert.ok(anna && bob && !none && messageId);
    assert.deepEqual([anna.message_id, bob.message_id], [messageId, messageId]);
    assert.ok(anna.sg_message_id.startsWith(messageId) && anna.sg_message_id !== bob.sg_message_id);
    assert.deepEqual([anna.subject, anna.content], ['Hello Anna', { 'text/plain': 'Dear Anna', 'text/html': '<p>Dear Anna</p>' }]);
    assert.equal(bob.content['text/plain'], 'Dear Bob');
    assert.deepEqual([anna.headers, bob.headers], [{ 'List-Unsubscribe': '<https://x.example/u>' }, {}]);
    assert.deepEqual([anna.to, bob.custom_args], [[{ email: 'a@example.com' }], { ms_token: 'b' }]);
  });

  it('takes a thousand people in one request', async () => {
    const { status } = await postMail(sandbox, mailBody({ personalizations: people(1_000) }));
    assert.deepEqual([status, sandbox.journal.counts()], [202, { messages: 1_000, tokens: 1_000 }]);
  });

  it('takes the same mail twice, and tells of it', async () => {
    for (let i = 0; i < 3; i += 1) await postMail(sandbox, mailBody());
    await postMail(sandbox, mailBody({ personalizations: people(2) }));
    assert.deepEqual([...sandbox.journal.duplicates()], [['token-1', 3]]);
    assert.equal(sandbox.journal.byToken('token-1').length, 3);
    assert.equal(sandbox.journal.byToken('never').length, 0);
    const over = async (path: string) => (await fetch(sandbox.url + path)).json();
    assert.deepEqual(await over('/sandbox/duplicates'), { 'token-1': 3 });
    const { pending, ...counts } = (await over('/sandbox/counts')) as Readonly<Record<string, number>>;
    assert.deepEqual(counts, { messages: 5, tokens: 3, duplicates: 1, requests: 4, unanswered: 0 });
    assert.ok(Number(pending) > 0, 'events that are still to be told');
    assert.equal(((await over('/sandbox/messages?token=t1')) as unknown[]).length, 1);
  });

  it('replaces tags in subject, bodies and reply address, and again inside values', async () => {
    const substitutions = { '%a%': 'A and %b%', '%b%': 'B', 'r@shop.example': 'r+1@shop.example' };
    const personalizations = [to('x@example.com', { substitutions })];
    const body = {
      personalizations,
      reply_to: { email: 'r@shop.example' },
      subject: '%b%',
      content: [{ type: 'text/plain', value: '%a%, $& %c%' }],
    };
    await postMail(sandbox, mailBody(body));
    const [message] = sandbox.journal.all();
    assert.deepEqual(
      [message?.subject, message?.content['text/plain'], message?.reply_to?.email],
      ['B', 'A and B, $& %c%', 'r+1@shop.example'],
    );
  });

  it('checks a mail in sandbox mode and delivers nothing', async () => {
    const sandboxed = { mail_settings: { sandbox_mode: { enable: true } } };
    assert.equal((await postMail(sandbox, mailBody(sandboxed))).status, 200);
    assert.equal((await postMail(sandbox, mailBody({ ...sandboxed, subject: '' }))).status, 400);
    assert.deepEqual(sandbox.journal.all(), []);
  });

  it('refuses a key that it does not know, in the words of the real one', async () => {
    const mail = { to: 'a@example.com', from: 'b@example.com', subject: 's', text: 't' };
    const errors = [{ message: 'The provided authorization grant is invalid, expired, or revoked', field: null, help: null }];
    await assert.rejects(
      realMailer(sandbox.url, { key: 'SG.other' }).send(mail),
      (error: { code: number; response: { body: unknown } }) => {
        assert.deepEqual([error.code, error.response.body], [401, { errors }]);
        return true;
      },
    );
    const response = await fetch(`${sandbox.url}/v3/mail/send`, { method: 'POST', body: '{}' });
    assert.equal(response.status, 401);
    assert.equal((await fetch(`${sandbox.url}/v3/mail/send`)).status, 405);
    assert.equal((await fetch(`${sandbox.url}/v3/nothing`)).status, 404);
  });

  it('refuses more than 30 MB with 413, and takes just less', async () => {
    const sized = (bytes: number) => {
      const body = mailBody({ content: [{ type: 'text/plain', value: '@' }] });
      return JSON.stringify(body).replace('"@"', `"${'x'.repeat(bytes - JSON.stringify(body).length + 1)}"`);
    };
    assert.equal((await postMail(sandbox, sized(30_000_000))).status, 202);
    const refused = await postMail(sandbox, sized(30_000_001));
    assert.deepEqual([refused.status, refused.body.errors[0].message], [413, 'content too large']);
    assert.equal(sandbox.journal.counts().messages, 1);
  });
});

describe("the rules of the sandbox's SendGrid", () => {
  const args = (bytes: number) => ({ a: 'x'.repeat(bytes - '{"a":""}'.length) });
  const substitutions = (bytes: number) => ({ '%a%': 'x'.repeat(bytes - '{"%a%":""}'.length) });
  const one = (more: Readonly<Record<string, unknown>>) => ({ personalizations: [to('jane@example.com', more)] });
  const text = { type: 'text/plain', value: 'x' };
  const html = { type: 'text/html', value: 'x' };

  const kept: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
    [
      '1,000 recipients over to, cc and bcc',
      one({
        cc: people(500).map((each) => each.to[0]),
        bcc: people(999)
          .slice(500)
          .map((each) => each.to[0]),
      }),
    ],
    ['50,000 bytes of substitutions', one({ substitutions: substitutions(50_000) })],
    ['9,999 bytes of custom arguments', one({ custom_args: args(9_999) })],
    ['10 categories of 255 characters', { categories: Array.from({ length: 10 }, (_, n) => `${n}${'c'.repeat(254)}`) }],
    ['a subject of the person alone', { ...one({ subject: 'Mine' }), subject: undefined }],
    ['text before HTML', { content: [text, html] }],
    ['HTML alone', { content: [html] }],
    ['a time within 72 hours', { send_at: Math.floor(Date.now() / 1_000) + 71 * 3_600 }],
  ];
  for (const [rule, changes] of kept) {
    it(`allow ${rule}`, async () => {
      const { status, body } = await postMail(sandbox, mailBody(changes));
      assert.equal(status, 202, JSON.stringify(body));
      assert.equal(sandbox.journal.counts().messages, 1);
    });
  }

  const broken: readonly (readonly [string, Readonly<Record<string, unknown>>, RegExp, string | null])[] = [
    ['nobody to send to', { personalizations: [] }, /at least one personalization/, 'personalizations'],
    ['a person without an address', { personalizations: [{ to: [] }] }, /to array is required/, 'personalizations.0.to'],
    ['1,001 personalizations', { personalizations: people(1_001) }, /limited to 1000 personalizations/, 'personalizations'],
    [
      '1,001 recipients',
      { personalizations: [...people(999), to('a@example.com', { cc: [{ email: 'b@example.com' }] })] },
      /1000 total recipients/,
      'personalizations',
    ],
    [
      'an address twice',
      { personalizations: [to('a@example.com'), to('A@Example.com')] },
      /only be included once.*A@Example\.com/,
      'personalizations.1.to',
    ],
    ['an address in to and bcc', one({ bcc: [{ email: 'jane@example.com' }] }), /only be included once/, 'personalizations.0.bcc'],
    ['what is no address', { personalizations: [to('jane')] }, /valid address/, 'personalizations.0.to.0.email'],
    [
      'a name with a comma',
      { personalizations: [{ to: [{ email: 'a@example.com', name: 'Doe, Jane' }] }] },
      /; or ,/,
      'personalizations.0.to.0.name',
    ],
    ['a sender with a semicolon', { from: { email: 'a@example.com', name: 'a;b' } }, /; or ,/, 'from.name'],
    ['no sender', { from: undefined }, /./, 'from'],
    ['no subject', { subject: undefined }, /subject is required/, 'subject'],
    ['an empty subject', { subject: '' }, /at least one character/, 'subject'],
    ['no content', { content: undefined }, /content/, 'content'],
    ['empty content', { content: [{ type: 'text/plain', value: '' }] }, /at least one character/, 'content.0.value'],
    ['HTML before text', { content: [html, text] }, /text\/plain must be first/, 'content'],
    ['50,001 bytes of substitutions', one({ substitutions: substitutions(50_001) }), /50000 bytes/, 'personalizations.0.substitutions'],
    ['a tag with a space', one({ substitutions: { '% a%': 'x' } }), /spaces/, 'personalizations.0.substitutions.% a%'],
    ['a tag with a bracket', one({ substitutions: { '<a>': 'x' } }), /characters/, 'personalizations.0.substitutions.<a>'],
    ['a substitution that is no text', one({ substitutions: { '%a%': 1 } }), /strings/, 'personalizations.0.substitutions.%a%'],
    ['10,000 bytes of custom arguments', one({ custom_args: args(10_000) }), /10000 bytes/, 'personalizations.0.custom_args'],
    [
      'too many custom arguments in two places',
      { ...one({ custom_args: { b: 'x'.repeat(5_000) } }), custom_args: args(5_000) },
      /10000 bytes/,
      'personalizations.0.custom_args',
    ],
    ['a custom argument that is no text', one({ custom_args: { n: 1 } }), /strings/, 'personalizations.0.custom_args.n'],
    ['11 categories', { categories: Array.from({ length: 11 }, (_, n) => `c${n}`) }, /10 categories/, 'categories'],
    ['a category of 256 characters', { categories: ['c'.repeat(256)] }, /255/, 'categories.0'],
    ['a category twice', { categories: ['c', 'c'] }, /unique/, 'categories'],
    ['a header of its own', one({ headers: { 'reply-to': 'a@example.com' } }), /reserved/, 'personalizations.0.headers.reply-to'],
    ['a header with a line break', one({ headers: { 'X-A': 'b\r\nBcc: c@example.com' } }), /one line/, 'personalizations.0.headers.X-A'],
    ['a header twice', one({ headers: { 'X-A': 'b', 'x-a': 'c' } }), /unique/, 'personalizations.0.headers'],
    ['a template that it does not have', { template_id: 'd-1' }, /valid template/, 'template_id'],
    ['a time after 72 hours', { send_at: Math.floor(Date.now() / 1_000) + 73 * 3_600 }, /72 hours/, 'send_at'],
    [
      'two kinds of reply address',
      { reply_to: { email: 'a@example.com' }, reply_to_list: [{ email: 'b@example.com' }] },
      /not both/,
      'reply_to_list',
    ],
    ['a field that it does not know', { subjekt: 'x' }, /subjekt/, null],
  ];
  for (const [rule, changes, message, field] of broken) {
    it(`refuse ${rule}`, async () => {
      const { status, body } = await postMail(sandbox, mailBody(changes));
      assert.equal(status, 400);
      const { errors } = body as { errors: { message: string; field: string | null; help: null }[] };
      assert.ok(errors.every((error) => 'help' in error));
      const found = errors.find((error) => error.field === field);
      assert.match(found?.message ?? JSON.stringify(errors), message);
      assert.equal(found?.field, field);
      assert.deepEqual(sandbox.journal.all(), []);
    });
  }

  it('refuse what is not JSON', async () => {
    for (const body of ['', '{', 'null', '[]', '"x"']) assert.equal((await postMail(sandbox, body)).status, 400, body);
  });
});
