import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TenantId } from '../../core/ids.js';
import { libraryTemplate } from '../../core/template/library/library.js';
import { renderEmail } from '../../core/template/render-email.js';
import type { Variation } from '../../core/experiment/variation.js';
import { findEmailSender, putEmailSender } from '../../db/queries/email-senders.js';
import { listTemplateDefaults, makeDefault, restoreDefault } from '../../db/queries/template-defaults.js';
import {
  addTemplateVersion,
  findTemplate,
  findTemplateFamily,
  listTemplateFamilies,
  publishTemplate,
  readEmailTemplate,
} from '../../db/queries/templates.js';
import { readUserVariables } from '../../db/queries/user-variables.js';
import type { TenantTransaction } from '../../db/client.js';
import { compiled, NOBODY, rendered, text } from '../core/template/samples.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { addUsers, makeTest } from '../harness/tests.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

const AT = new Date('2026-03-02T12:00:00Z');
const within = <T>(tenantId: TenantId, work: (tx: TenantTransaction) => Promise<T>) => database.withTenant(tenantId, work);

async function add(tenantId: TenantId, family: string, html: string, subject = 'Own'): Promise<number> {
  const source = text(html, { subject });
  const version = { tenantId, family, source, compiled: await compiled(source), actor: 'key_1', at: AT };
  return (await within(tenantId, (tx) => addTemplateVersion(tx, version))).version;
}
const publish = (tenantId: TenantId, family: string, version: number) =>
  within(tenantId, (tx) => publishTemplate(tx, { tenantId, family, version, actor: 'key_1', at: AT }));
const read = (tenantId: TenantId, family: string, version?: number) =>
  within(tenantId, (tx) => readEmailTemplate(tx, tenantId, family, version));
const subjectOf = async (tenantId: TenantId, family: string, version?: number) => {
  const template = await read(tenantId, family, version);
  return template && rendered(template).subject;
};

describe('a template family', () => {
  it("is the library's until a version of the tenant's own is published, and again when that is taken back", async () => {
    const tenantId = await database.newTenant();
    assert.deepEqual(await read(tenantId, 'win_back'), { ...(await libraryTemplate('win_back')), words: {} });
    assert.equal(await add(tenantId, 'win_back', 'one', 'First'), 1);
    assert.equal(await add(tenantId, 'win_back', 'two', 'Second'), 2);
    assert.equal(await subjectOf(tenantId, 'win_back'), 'It has been a while', 'a version is not in force before it is published');

    await publish(tenantId, 'win_back', 1);
    assert.equal(await subjectOf(tenantId, 'win_back'), 'First');
    await publish(tenantId, 'win_back', 2);
    await publish(tenantId, 'win_back', 2);
    assert.equal(await subjectOf(tenantId, 'win_back'), 'Second');
    await publish(tenantId, 'win_back', 1);
    assert.equal(await subjectOf(tenantId, 'win_back'), 'First');
    await publish(tenantId, 'win_back', 0);
    assert.equal(await subjectOf(tenantId, 'win_back'), 'It has been a while');
    assert.equal(await subjectOf(tenantId, 'win_back', 2), 'Second', 'every version can still be read');

    const { rows } = await database.admin.query(
      'select number, version, actor from template_publications where tenant_id = $1 order by number',
      [tenantId],
    );
    assert.deepEqual(
      rows.map(({ number, version }) => [number, version]),
      [
        [1, 1],
        [2, 2],
        [3, 1],
        [4, null],
      ],
    );
  });

  it("of the tenant's own is not sent before a version is published, and one that is not there cannot be", async () => {
    const tenantId = await database.newTenant();
    assert.equal(await read(tenantId, 'spring_sale'), undefined);
    assert.equal(await within(tenantId, (tx) => findTemplateFamily(tx, tenantId, 'spring_sale')), undefined);
    await add(tenantId, 'spring_sale', 'one');
    assert.equal(await read(tenantId, 'spring_sale'), undefined);
    for (const version of [0, 2]) await assert.rejects(publish(tenantId, 'spring_sale', version), /spring_sale has no version [02]/);
    await publish(tenantId, 'spring_sale', 1);
    assert.equal(await subjectOf(tenantId, 'spring_sale'), 'Own');
    assert.equal(await read(tenantId, 'spring_sale', 2), undefined);
  });

  it('is listed with its versions and the one in force', async () => {
    const tenantId = await database.newTenant();
    await add(tenantId, 'spring_sale', 'one');
    await add(tenantId, 'spring_sale', 'two');
    await add(tenantId, 'win_back', 'one');
    await publish(tenantId, 'win_back', 1);
    const families = await within(tenantId, (tx) => listTemplateFamilies(tx, tenantId));
    assert.equal(families.length, 11); // the library's, and their own
    const shown = families
      .filter(({ versions, published }) => versions.length > 0 || published !== 0)
      .map(({ family, published, versions }) => [family, published, versions.map(({ version, actor }) => `${version} ${actor}`)]);
    assert.deepEqual(shown, [
      ['spring_sale', null, ['2 key_1', '1 key_1']],
      ['win_back', 1, ['1 key_1']],
    ]);
    const [first] = shown;
    const { family, published, versions } = (await within(tenantId, (tx) => findTemplateFamily(tx, tenantId, 'spring_sale'))) ?? {};
    assert.deepEqual([family, published, versions?.map(({ version, actor }) => `${version} ${actor}`)], first);
  });

  it('numbers versions that come at the same time one after the other', async () => {
    const tenantId = await database.newTenant();
    const numbers = await Promise.all(Array.from({ length: 8 }, (_, n) => add(tenantId, 'win_back', `v${n}`)));
    assert.deepEqual(
      numbers.toSorted((a, b) => a - b),
      [1, 2, 3, 4, 5, 6, 7, 8],
    );
  });

  it("keeps its versions for ever as they were, and another tenant's apart", async () => {
    const [ours, theirs] = [await database.newTenant(), await database.newTenant()];
    await add(ours, 'win_back', 'ours', 'Ours');
    await add(theirs, 'win_back', 'theirs', 'Theirs');
    await publish(theirs, 'win_back', 1);
    assert.equal(await subjectOf(ours, 'win_back'), 'It has been a while');
    assert.equal(await subjectOf(ours, 'win_back', 1), 'Ours');
    for (const change of [
      `update template_versions set family = 'x'`,
      'delete from template_versions',
      'delete from template_publications',
    ]) {
      await assert.rejects(database.pool.query(change), /permission denied/);
    }
  });

  it('comes out of the database as it was compiled', async () => {
    const tenantId = await database.newTenant();
    const html = '{{ first_name | default: "you" }} ✨ \u2028 {{ content | default: "x" }}';
    await add(tenantId, 'win_back', html);
    const stored = await within(tenantId, (tx) => findTemplate(tx, tenantId, 'win_back', 1));
    assert.deepEqual(stored, { source: text(html, { subject: 'Own' }), compiled: await compiled(text(html, { subject: 'Own' })) });
  });
});

describe("a test's winner", () => {
  async function applied(parts: Variation['parts']) {
    const tenantId = await database.newTenant();
    await addUsers(database, tenantId, 20);
    const test = await makeTest(database, tenantId, AT, { applyTo: 'win_back' });
    const change = { test, variation: { id: 'b', name: 'B', weight: 1, parts }, actor: 'look 7', at: AT };
    await within(tenantId, (tx) => makeDefault(tx, change));
    return { tenantId, change };
  }

  it("takes the place of the family's words in whichever version is in force, until it is rolled back", async () => {
    const { tenantId, change } = await applied({
      subject: '{{first_name}}, come back',
      content: 'We kept your place.',
      cta: 'Go',
      offer: '15% off',
    });
    const mail = async () => {
      const template = await read(tenantId, 'win_back');
      assert.ok(template);
      return rendered(template, { first_name: 'Ann', brand_url: 'https://a.example' });
    };
    assert.equal((await mail()).subject, 'Ann, come back');
    assert.match((await mail()).text, /We kept your place\.[^]*Go <https:\/\/a\.example>/);
    await add(tenantId, 'win_back', '{{ content | default: "Own" }} {{ cta | default: "Look" }} {{ offer.label }}');
    await publish(tenantId, 'win_back', 1);
    assert.equal((await mail()).subject, 'Ann, come back');
    assert.match((await mail()).text, /We kept your place\. Go 15% off/);
    await within(tenantId, (tx) => restoreDefault(tx, change));
    assert.equal((await mail()).subject, 'Own');
    assert.equal((await within(tenantId, (tx) => listTemplateDefaults(tx, tenantId, 'win_back'))).length, 2);
  });

  it('keeps a version from being published in which its words have no place', async () => {
    const { tenantId } = await applied({ content: 'We kept your place.' });
    await add(tenantId, 'win_back', 'Nothing of a step');
    await assert.rejects(publish(tenantId, 'win_back', 1), {
      code: 'conflict',
      message: /^a test has set the text of win_back: the template has no place for it: {{ content }}; roll the test back/,
    });
  });
});

describe("a tenant's sender", () => {
  it('is what was put last', async () => {
    const tenantId = await database.newTenant();
    const sender = {
      fromEmail: 'hello@northwind.example',
      fromName: 'Northwind',
      replyTo: null,
      brandName: 'Northwind & Co',
      brandUrl: 'https://northwind.example',
      postalAddress: '1 Example Street',
      inboundDomain: null,
    };
    assert.equal(await within(tenantId, (tx) => findEmailSender(tx, tenantId)), undefined);
    await within(tenantId, (tx) => putEmailSender(tx, tenantId, sender, AT));
    const changed = { ...sender, replyTo: 'desk@northwind.example', brandUrl: null };
    const later = new Date(AT.getTime() + 1_000);
    await within(tenantId, (tx) => putEmailSender(tx, tenantId, changed, later));
    assert.deepEqual(await within(tenantId, (tx) => findEmailSender(tx, tenantId)), { tenantId, ...changed, updatedAt: later });
  });
});

describe("users' variables", () => {
  it('are read for many at once: traits, names, segment and last deed', async () => {
    const tenantId = await database.newTenant();
    await seedUsers(tenantId);
    const read = await within(tenantId, (tx) => readUserVariables(tx, tenantId, ['u2', 'nobody', 'u1', 'u3']));
    assert.deepEqual([...read.keys()], ['u2', 'u1', 'u3']);
    assert.deepEqual(read.get('u1'), {
      first_name: 'Ann',
      last_name: 'Lee',
      traits: { first_name: 'Ann', lastName: 'Lee', plan: 'pro' },
      segment_name: 'Champions',
      last_event: 'cart_abandoned',
    });
    assert.deepEqual(read.get('u2'), { first_name: 'Bob', traits: { name: 'Bob Ross' }, segment_name: 'Big spenders' });
    assert.deepEqual(read.get('u3'), { traits: {}, last_event: 'my own event' });
    const lookups = { segmentName: false, lastEvent: true };
    const less = await within(tenantId, (tx) => readUserVariables(tx, tenantId, ['u1'], lookups));
    assert.deepEqual([less.get('u1')?.segment_name, less.get('u1')?.last_event], [undefined, 'cart_abandoned']);
    const template = await libraryTemplate('engagement_follow_up');
    const mail = renderEmail(template, { ...NOBODY, ...read.get('u1') });
    assert.ok(mail.kind === 'rendered' && mail.subject === 'Ann, can we help?' && /left something in your cart/.test(mail.text));
  });

  it("are nothing of another tenant's users", async () => {
    const [ours, theirs] = [await database.newTenant(), await database.newTenant()];
    await seedUsers(theirs);
    assert.deepEqual(await within(ours, (tx) => readUserVariables(tx, ours, ['u1'])), new Map());
  });
});

async function seedUsers(tenantId: TenantId): Promise<void> {
  const { admin } = database;
  const people = [
    ['u1', { first_name: 'Ann', lastName: 'Lee', plan: 'pro' }],
    ['u2', { name: 'Bob Ross' }],
    ['u3', {}],
  ];
  await admin.query(
    `insert into users (tenant_id, user_id, traits, first_seen, last_seen)
     select $1, x->>0, x->1, '2026-01-05', '2026-02-20' from jsonb_array_elements($2::jsonb) x`,
    [tenantId, JSON.stringify(people)],
  );
  for (const [key, name, type, active] of [
    ['seg_1', 'Champions', 'behavioral', true],
    ['seg_2', 'At Risk', 'behavioral', false],
    ['seg_3', 'Big spenders', 'rule', true],
    ['seg_4', 'Lost', 'behavioral', true],
  ] as const) {
    await admin.query(
      `insert into audience_segments (tenant_id, segment_key, segment_name, segment_type, criteria, is_active) values ($1, $2, $3, $4, '{}', $5)`,
      [tenantId, key, name, type, active],
    );
  }
  await admin.query(
    `insert into segment_membership (tenant_id, segment_id, user_id, confidence_score)
     select $1, s.id, m.user_id, m.score from audience_segments s
     join (values ('seg_1', 'u1', 60), ('seg_2', 'u1', 99), ('seg_3', 'u1', 100), ('seg_4', 'u1', 40), ('seg_3', 'u2', 70)) m(key, user_id, score)
       on m.key = s.segment_key where s.tenant_id = $1`,
    [tenantId],
  );
  await admin.query(`select ensure_event_month(m::date) from unnest(array['2026-01-01', '2026-02-01']) m`);
  await admin.query(
    `insert into events (tenant_id, occurred_at, message_id, user_id, event)
     select $1, e.at::timestamptz, 'm' || e.n, e.user_id, e.event
     from (values (1, 'u1', '2026-02-19T10:00Z', 'purchase'), (2, 'u1', '2026-02-20T00:30Z', 'cart_abandoned'), (3, 'u1', '2026-02-20T00:40Z', 'email_opened'),
       (4, 'u1', '2026-02-20T00:41Z', 'identify'), (5, 'u2', '2026-01-05T10:00Z', 'purchase'), (6, 'u3', '2026-02-10T10:00Z', 'my own event')) e(n, user_id, at, event)`,
    [tenantId],
  );
}
