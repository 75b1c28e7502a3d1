import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { StepRequest } from '../../core/journey/campaign-request.js';
import { compileTemplate } from '../../core/template/compile-template.js';
import { contentFaults } from '../../db/queries/campaign-content.js';
import { makePlan } from '../../core/journey/make-plan.js';
import { addTemplateVersion, publishTemplate } from '../../db/queries/templates.js';
import { putPhoneSenders } from '../../db/queries/phone-senders.js';
import { putWhatsappTemplate } from '../../db/queries/whatsapp-templates.js';
import { addSender } from '../harness/campaigns.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { newNumber } from '../harness/texts.js';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());

/** What keeps the mails of these steps from being written, of a tenant with two templates of its own: one with a place for a text. */
async function faultsOf(steps: readonly Partial<StepRequest>[], { hasSender = true, hasPhones = true } = {}): Promise<string[]> {
  const tenantId = await database.newTenant();
  if (hasSender) await addSender(database, tenantId);
  const made = makePlan({ segment: 'x', sequence: steps.map((step) => ({ day: 0, channel: 'email', template: 'win_back', ...step })) });
  assert.ok(made.status === 'made', JSON.stringify(made));
  return database.withTenant(tenantId, async (tx) => {
    const number = newNumber();
    if (hasPhones) await putPhoneSenders(tx, tenantId, { smsNumber: number, smsService: null, whatsappNumber: number }, new Date());
    const approved = { family: 'approved', contentSid: `HX${'1'.repeat(32)}`, variables: {}, actor: 'test' };
    await putWhatsappTemplate(tx, { ...approved, tenantId, updatedAt: new Date() });
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

describe('the texts of a campaign', () => {
  const sms = { channel: 'sms', template: 'whatever' };
  const whatsapp = { channel: 'whatsapp', template: 'approved' };

  it('need a sender on each channel, and no sender of mail', async () => {
    const steps = [{ ...sms, message: 'Hi {{ first_name | default: "there" }}' }, whatsapp];
    assert.deepEqual(await faultsOf(steps, { hasSender: false }), []);
    assert.deepEqual(await faultsOf(steps, { hasSender: false, hasPhones: false }), [
      'the tenant has no sender on sms (PUT /v1/phone-sender sets one)',
      'the tenant has no sender on whatsapp (PUT /v1/phone-sender sets one)',
    ]);
  });

  it('need words of their own as SMS, which are Liquid and not too long', async () => {
    const long = 'a'.repeat(1_500);
    const faults = await faultsOf([
      sms,
      { ...sms, message: 'Hi {{ shoe_size }}' },
      { ...sms, message: long },
      { ...sms, message: `${long}–👍` },
    ]);
    assert.equal(faults.length, 3);
    assert.match(faults[0] ?? '', /^step 1: an SMS step needs words of its own/);
    assert.match(faults[1] ?? '', /^step 2, message: there is no variable shoe_size/);
    assert.match(faults[2] ?? '', /^step 4, message: it takes 23 segments, 10 at most/);
  });

  it('need an approved template on WhatsApp, but for those who have just replied there', async () => {
    const words = { ...whatsapp, template: 'unknown', message: 'Thanks!' };
    assert.deepEqual(await faultsOf([whatsapp, { ...words, trigger: 'whatsapp_replied', trigger_step: 1 }]), []);
    for (const step of [
      words,
      { ...words, trigger: 'not_replied' },
      { ...words, trigger: 'whatsapp_opened' },
      { ...words, message: undefined },
    ]) {
      const { message, ...rest } = step;
      const faults = await faultsOf([whatsapp, { ...rest, ...(message !== undefined && { message }) }]);
      assert.match(faults[0] ?? '', /^step 2: no approved template is named unknown \(PUT \/v1\/whatsapp-templates\/unknown\)/);
    }
  });
});

describe('the in-app messages of a campaign', () => {
  it('need words of their own, with variables that there are, and neither a sender nor a template', async () => {
    const inApp = { channel: 'in_app', template: 'no_such_template' };
    const steps = [
      { ...inApp, subject: 'Try it, {{ first_name }}' },
      { ...inApp, message: 'Try it' },
      inApp,
      { ...inApp, subject: 'Hi {{ nobody }}', message: '{{ unsubscribe_url }}' },
      { ...inApp, subject: '{{ first_name | truncate: 0, "" }}' },
    ];
    const faults = await faultsOf(steps, { hasSender: false });
    assert.match(faults[1] ?? '', /^step 4, subject: there is no variable nobody/);
    assert.deepEqual(
      faults.filter((_, i) => i !== 1),
      [
        'step 3: an in-app step needs a subject or a message of its own: no template has its words',
        'step 4, message: an in-app message has no unsubscribe_url',
        'step 5: it has no title',
      ],
    );
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
