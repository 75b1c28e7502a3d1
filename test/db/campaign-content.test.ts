import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { StepRequest } from '../../core/journey/campaign-request.js';
import { compileTemplate } from '../../core/template/compile-template.js';
import { contentFaults } from '../../db/queries/campaign-content.js';
import { makePlan } from '../../core/journey/make-plan.js';
import { addTemplateVersion, publishTemplate } from '../../db/queries/templates.js';
import { addSender } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

/** What keeps the mails of these steps from being written, of a tenant with two templates of its own: one with a place for a text. */
async function faultsOf(steps: readonly Partial<StepRequest>[], { hasSender = true } = {}): Promise<string[]> {
  const tenantId = await database.newTenant();
  if (hasSender) await addSender(database, tenantId);
  const made = makePlan({ segment: 'x', sequence: steps.map((step) => ({ day: 0, channel: 'email', template: 'win_back', ...step })) });
  assert.ok(made.status === 'made', JSON.stringify(made));
  return database.withTenant(tenantId, async (tx) => {
    for (const [family, body] of Object.entries({ open: '{{ content }} ', closed: '' })) {
      const mjml = `<mjml><mj-body><mj-section><mj-column><mj-text>${body}{{ brand_name }} {{ postal_address }} <a href="{{ unsubscribe_url }}">Unsubscribe</a></mj-text></mj-column></mj-section></mj-body></mjml>`;
      const source = { subject: 'Hello', mjml };
      const compiled = await compileTemplate(source);
      assert.ok(compiled.kind === 'compiled', JSON.stringify(compiled));
      const of = { tenantId, family, actor: 'test', at: new Date() };
      const { version } = await addTemplateVersion(tx, { ...of, source, compiled: compiled.template });
      await publishTemplate(tx, { ...of, version });
    }
    return contentFaults(tx, { tenantId }, made);
  });
}

describe('the in-app messages of a campaign', () => {
  it('need words of their own without variables, and neither a sender nor a template', async () => {
    const inApp = { channel: 'in_app', template: 'no_such_template' };
    const steps = [{ ...inApp, subject: 'Try it' }, { ...inApp, message: 'Try it' }, inApp, { ...inApp, subject: 'Hi {{ first_name }}' }];
    assert.deepEqual(await faultsOf(steps, { hasSender: false }), [
      'step 3: an in-app step needs a subject or a message of its own: no template has its words',
      'step 4: the words of an in-app step cannot have variables',
    ]);
  });
});

describe('the mails of a campaign', () => {
  it('can be written of templates of the library, with words of their own or without', async () => {
    assert.deepEqual(await faultsOf([{}, { subject: '{{ first_name }}, hello', content: 'Hi {{ first_name }}!' }]), []);
  });

  it('need a sender, and templates that are in force', async () => {
    const [sender, ...others] = await faultsOf([{ template: 'winback' }], { hasSender: false });
    assert.equal(sender, 'the tenant has no sender of mail (PUT /v1/email-sender sets one)');
    assert.deepEqual(others, ['step 1: there is no template winback in force']);
  });

  it('need words that are Liquid, and use what is known', async () => {
    const faults = await faultsOf([{}, { subject: '{{ first_name', content: 'Hi {{ shoe_size }}' }]);
    assert.equal(faults.length, 2);
    assert.match(faults[0] ?? '', /^step 2, subject: /);
    assert.match(faults[1] ?? '', /^step 2, text: there is no variable shoe_size/);
  });

  it('need a content where the template has none of its own, and none where it has no place for it', async () => {
    const steps = [
      { template: 'open' },
      { template: 'open', content: 'Hi' },
      { template: 'closed' },
      { template: 'closed', content: 'Hi' },
    ];
    assert.deepEqual(await faultsOf(steps), [
      'step 1: open has no content of its own, and the step brings none (content)',
      'step 4, text: the template has no place for it: {{ content }}',
    ]);
  });
});
