import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { TenantId } from '../../core/ids.js';
import { library } from '../../core/template/library/library.js';
import { SCOPES } from '../../core/scopes.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { makeDefault } from '../../db/queries/template-defaults.js';
import { text } from '../core/template/samples.js';
import { startTestApi, type TestApi } from '../harness/api.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { addUsers, makeTest } from '../harness/tests.js';

const NOW = new Date('2026-03-02T12:00:00Z');
let database: TestDatabase;
let api: TestApi;
let tenantId: TenantId;
let key: string;
let keyId: string;
before(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database, { now: () => NOW });
});
beforeEach(async () => {
  tenantId = await database.newTenant();
  const scopes = SCOPES.filter((scope) => scope !== 'events:write');
  ({ key, keyId } = await createApiKey(database, tenantId, { name: 'test', scopes }));
});
after(async () => {
  await api.close();
  await database.drop();
});

const call = (method: string, path: string, body?: object) => api.call(method, path, { key, body });
const own = (html: string, subject = 'Own') => text(html, { subject });
const sender = {
  from_email: 'Hello@Northwind.example',
  from_name: 'Northwind',
  brand_name: 'Northwind & Co',
  postal_address: '1 Example Street, Springfield',
};

describe('templates over HTTP', () => {
  it("are the library's at first, with source and variables", async () => {
    const { body } = await call('GET', '/v1/templates');
    assert.deepEqual(
      body.items.map(({ family }: { family: string }) => family),
      Object.keys(library).sort(),
    );
    assert.deepEqual(body.items[0], {
      family: 'confirm_subscription',
      channel: 'email',
      published_version: 0,
      latest_version: 0,
      url: '/v1/templates/confirm_subscription',
    });
    const shown = await call('GET', '/v1/templates/win_back');
    assert.deepEqual(shown.body.source, library.win_back);
    assert.deepEqual([shown.body.version, shown.body.content, shown.body.test_words], [0, 'optional', null]);
    assert.deepEqual(shown.body.versions, [{ version: 0, is_published: true, created_by: 'library', created_at: null }]);
    assert.ok(shown.body.variables.some((variable: { name: string }) => variable.name === 'offer.label'));
    assert.equal((await call('GET', '/v1/templates/no_such_one')).status, 404);
  });

  it('are stored as versions, published, and taken back', async () => {
    const first = await call('POST', '/v1/templates/win_back/versions', own('Hi {{ first_name }}', 'First'));
    assert.equal(first.status, 201, first.text);
    assert.deepEqual([first.body.version, first.headers.get('location')], [1, '/v1/templates/win_back?version=1']);
    assert.deepEqual(first.body.variables[0], { name: 'first_name', has_fallback: false });
    assert.equal((await call('GET', '/v1/templates/win_back')).body.version, 0);
    assert.equal((await call('GET', '/v1/templates/win_back?version=1')).body.source.subject, 'First');

    const published = await call('POST', '/v1/templates/win_back/publish', { version: 1 });
    assert.deepEqual([published.status, published.body.published_version], [200, 1], published.text);
    const { body } = await call('GET', '/v1/templates/win_back');
    assert.equal(body.source.subject, 'First');
    assert.deepEqual(body.versions, [
      { version: 1, is_published: true, created_by: keyId, created_at: NOW.toISOString() },
      { version: 0, is_published: false, created_by: 'library', created_at: null },
    ]);
    assert.equal((await call('POST', '/v1/templates/win_back/publish', { version: 0 })).body.published_version, 0);
    assert.equal((await call('POST', '/v1/templates/win_back/publish', { version: 7 })).status, 404);
    assert.equal((await call('GET', '/v1/templates/win_back?version=7')).status, 404);
  });

  it('can be of a family of their own, which begins once', async () => {
    const begun = await call('POST', '/v1/templates', { family: 'spring_sale', ...own('Hi') });
    assert.deepEqual([begun.status, begun.body.version], [201, 1], begun.text);
    const listed = (await call('GET', '/v1/templates')).body.items.find(({ family }: { family: string }) => family === 'spring_sale');
    assert.deepEqual([listed.published_version, listed.latest_version], [null, 1]);
    const again = await call('POST', '/v1/templates', { family: 'spring_sale', ...own('Hi') });
    assert.deepEqual([again.status, again.body.code], [409, 'conflict']);
    assert.match(again.body.detail, /POST a version of it to \/v1\/templates\/spring_sale\/versions/);
    assert.equal((await call('POST', '/v1/templates', { family: 'win_back', ...own('Hi') })).status, 409);
    assert.equal((await call('POST', '/v1/templates/spring_sael/versions', own('Hi'))).status, 404, 'a slip is no new family');
    for (const family of ['Spring', '1st', '', 'a-b', 'x'.repeat(65)]) {
      assert.equal((await call('POST', '/v1/templates', { family, ...own('Hi') })).status, 400, family);
    }
  });

  it('are refused with all that is wrong, each at its place', async () => {
    const faulty = { ...own('{{ frist_name }}\n<img src="https://a.example/a.png">'), subject: '{{ first_name | shout }}' };
    const { status, headers, body } = await call('POST', '/v1/templates/win_back/versions', faulty);
    assert.deepEqual([status, headers.get('content-type'), body.code], [400, 'application/problem+json; charset=utf-8', 'invalid']);
    assert.deepEqual(
      body.errors.map(({ in: part, path, message }: Record<string, string>) => [part, path, message?.slice(0, 40)]),
      [
        ['body', 'subject', 'line 1: there is no filter shout; there '],
        ['body', 'mjml', 'line 3: there is no variable frist_name;'],
        ['body', 'mjml', 'the picture https://a.example/a.png has '],
      ],
    );
    assert.match(body.detail, /^subject: line 1: .*; mjml: line 3: /);
    const unlawful = await call('POST', '/v1/templates/win_back/versions', { subject: 'x', mjml: '<mjml><mj-body></mj-body></mjml>' });
    assert.match(unlawful.body.detail, /postal_address.*unsubscribe_url/);
    assert.equal((await call('GET', '/v1/templates/win_back')).body.versions.length, 1, 'nothing was stored');
  });

  it('are stored once where a request comes twice with one key', async () => {
    const options = { key, body: own('Hi'), headers: { 'Idempotency-Key': 'a' } };
    const answers = [];
    for (let n = 0; n < 3; n += 1) answers.push((await api.call('POST', '/v1/templates/win_back/versions', options)).body.version);
    assert.deepEqual(answers, [1, 1, 1]);
  });

  it('need a scope of their own to be changed', async () => {
    const reader = await createApiKey(database, tenantId, { name: 'read', scopes: ['read'] });
    const as = (method: string, path: string, body: object) => api.call(method, path, { key: reader.key, body });
    assert.equal((await as('POST', '/v1/templates/win_back/preview', {})).status, 200);
    assert.equal((await as('POST', '/v1/templates/win_back/versions', own('Hi'))).status, 403);
    assert.equal((await as('POST', '/v1/templates/win_back/publish', { version: 0 })).status, 403);
    assert.equal((await as('PUT', '/v1/email-sender', sender)).status, 403);
  });
});

describe('a preview', () => {
  const preview = (body: object, family = 'win_back') => call('POST', `/v1/templates/${family}/preview`, body);

  it('is the mail of a user, with what they lack', async () => {
    await addUsers(database, tenantId, 2);
    await database.admin.query(`update users set traits = '{"firstName": "Ann", "plan": "pro"}' where tenant_id = $1 and user_id = 'u1'`, [
      tenantId,
    ]);
    await database.admin.query(
      `insert into contacts (tenant_id, user_id, channel, address) values ($1, 'u1', 'email', 'ann@example.com')`,
      [tenantId],
    );
    await call('PUT', '/v1/email-sender', sender);
    await call(
      'POST',
      '/v1/templates/win_back/versions',
      own('Hi {{ first_name }} {{ traits.plan }}: {{ email }}', '{{ first_name }}, hello'),
    );
    const ann = await preview({ user_id: 'u1', version: 1 });
    assert.equal(ann.status, 200, ann.text);
    assert.deepEqual([ann.body.version, ann.body.subject, ann.body.missing_variables], [1, 'Ann, hello', []]);
    assert.match(ann.body.text, /^Hi Ann pro: ann@example\.com\n\nNorthwind & Co, 1 Example Street, Springfield /);
    assert.match(ann.body.html, /^<!doctype html>[^]*Northwind &amp; Co/);
    const nobody = await preview({ user_id: 'u2', version: 1 });
    assert.deepEqual([nobody.body.subject, nobody.body.missing_variables], ['Hello', ['first_name', 'traits.plan', 'email']]);
    assert.equal((await preview({ user_id: 'u3' })).status, 404);
    assert.equal((await preview({ version: 7 })).status, 404);
    assert.equal((await preview({}, 'no_such_one')).status, 404);
  });

  it('takes variables and the words of a step, and says where no sender was set', async () => {
    const offer = { type: 'discount', value: 20, unit: 'percent', expiry_days: 7 };
    const words = { subject: '{{first_name}}, 20% off ends tomorrow!', content: 'Take {{ offer.label }}.' };
    const { body } = await preview({ variables: { first_name: 'Zoë', offer }, ...words }, 'limited_offer');
    assert.equal(body.subject, 'Zoë, 20% off ends tomorrow!');
    assert.match(body.text, /\nTake 20% off\.\n/);
    assert.deepEqual(body.missing_variables, ['brand_name', 'postal_address']);
    assert.match(body.text, /\[brand name\], \[postal address\]/);
  });

  it("shows what a test's winner says, and so does the template", async () => {
    await addUsers(database, tenantId, 20);
    const test = await makeTest(database, tenantId, NOW, { applyTo: 'win_back' });
    const variation = { id: 'b', name: 'B', weight: 1, parts: { subject: 'The winner', content: 'Words', send_time: '09:00' } };
    await database.withTenant(tenantId, (tx) => makeDefault(tx, { test, variation, actor: 'look 7', at: NOW }));
    assert.equal((await preview({})).body.subject, 'The winner');
    assert.deepEqual((await call('GET', '/v1/templates/win_back')).body.test_words, { subject: 'The winner', content: 'Words' });
    await call('POST', '/v1/templates/win_back/versions', own('No place'));
    const refused = await call('POST', '/v1/templates/win_back/publish', { version: 1 });
    assert.deepEqual([refused.status, refused.body.code], [409, 'conflict']);
  });

  it('says why a mail could not be sent', async () => {
    await call('POST', '/v1/templates', { family: 'links', ...own('{% if traits.site %}<a href="{{ traits.site }}">x</a>{% endif %}') });
    const bad = await preview({ variables: { traits: { site: 'javascript:alert(1)' } } }, 'links');
    assert.deepEqual([bad.status, bad.body.code], [400, 'invalid']);
    assert.match(bad.body.detail, /^this mail cannot be sent: its html: it links to "javascript:alert\(1\)"/);
    const lost = await preview({ content: 'Hi' }, 'links');
    assert.match(lost.body.detail, /its content: the step brings one, and the template has no place for it/);
    const faulty = await preview({ content: 'Hi\n{{ nobody }}', subject: '{{ x' });
    assert.deepEqual(
      faulty.body.errors.map(({ path, message }: Record<string, string>) => [path, message?.slice(0, 16)]),
      [
        ['subject', 'line 1: output "'],
        ['content', 'line 2: there is'],
      ],
    );
  });
});

describe('the sender over HTTP', () => {
  it('is not there before it is put, and then as it was put', async () => {
    const missing = await call('GET', '/v1/email-sender');
    assert.deepEqual([missing.status, missing.body.code], [404, 'not_found']);
    const put = await call('PUT', '/v1/email-sender', { ...sender, brand_url: 'https://northwind.example' });
    assert.equal(put.status, 200, put.text);
    const expected = {
      ...sender,
      from_email: 'hello@northwind.example',
      reply_to: null,
      brand_url: 'https://northwind.example',
      inbound_domain: null,
      updated_at: NOW.toISOString(),
    };
    assert.deepEqual((await call('GET', '/v1/email-sender')).body, expected);
    const other = { ...sender, reply_to: 'desk@northwind.example', inbound_domain: 'reply.northwind.example' };
    await call('PUT', '/v1/email-sender', other);
    const { body } = await call('GET', '/v1/email-sender');
    assert.deepEqual([body.reply_to, body.brand_url, body.inbound_domain], ['desk@northwind.example', null, 'reply.northwind.example']);
    assert.equal((await call('PUT', '/v1/email-sender', { ...other, inbound_domain: 'a@b' })).status, 400);
  });

  it('is refused where mail in its name could not be sent', async () => {
    for (const [field, value] of [
      ['from_email', 'northwind'],
      ['from_name', 'North\r\nBcc: x@y.z'],
      ['from_name', ' '],
      ['reply_to', 'x'],
      ['brand_url', 'http://northwind.example'],
      ['brand_url', 'javascript:alert(1)'],
      ['postal_address', ''],
      ['postal_adress', 'x'],
    ] as const) {
      const { status, body } = await call('PUT', '/v1/email-sender', { ...sender, [field]: value });
      assert.deepEqual([status, body.code], [400, 'invalid'], `${field} ${value}`);
      assert.ok(body.detail.includes(field), body.detail);
    }
    assert.equal((await call('GET', '/v1/email-sender')).status, 404);
  });
});
