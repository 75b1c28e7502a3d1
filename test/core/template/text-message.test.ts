import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { makePlan } from '../../../core/journey/make-plan.js';
import { smsLengthOf, smsStepFaults, whatsappStepFaults } from '../../../core/template/text-faults.js';
import { fillWhatsappTemplate, renderText, textLookups } from '../../../core/template/text-message.js';

const ANN = { first_name: 'Ann', offer: { type: 'discount', value: 20, unit: 'percent', expiry_days: 7 } };

describe('a text in the words of a step', () => {
  it('says what is known of somebody, as it is: no mail program reads it', () => {
    const words = 'Hi {{ first_name }} & co,\r\n{{ offer.label }} <now>!\n';
    assert.deepEqual(renderText(words, ANN), { kind: 'text', text: 'Hi Ann & co,\n20% off <now>!' });
    assert.deepEqual(renderText('Hi {{ first_name | default: "there" }}', {}), { kind: 'text', text: 'Hi there' });
  });

  it('is refused where it takes too much', () => {
    const told = renderText('{% for i in (1..100000) %}x{% endfor %}', {});
    assert.ok('because' in told && told.because.startsWith('its text: '));
  });
});

describe('an approved template', () => {
  const contentSid = `HX${'1'.repeat(32)}`;

  it('has its places filled, each with one line', () => {
    const filled = fillWhatsappTemplate({ contentSid, variables: { 1: '{{ first_name }}', two: 'a\n\n b\tc' } }, ANN);
    assert.deepEqual(filled, { kind: 'template', contentSid, variables: { 1: 'Ann', two: 'a b c' } });
  });

  it('is looked up for what it asks for', () => {
    const template = { contentSid, variables: { 1: '{{ last_event }}' } };
    assert.deepEqual(textLookups({ text: 'Hi {{ segment_name }}', template }), { segmentName: true, lastEvent: true });
    assert.deepEqual(textLookups({ text: undefined, template: undefined }), { segmentName: false, lastEvent: false });
  });
});

describe('the steps of texts', () => {
  const planOf = (...steps: readonly object[]) => {
    const made = makePlan({ segment: 'x', sequence: steps.map((step) => ({ day: 0, channel: 'whatsapp', template: 'a', ...step })) });
    assert.ok(made.status === 'made', JSON.stringify(made));
    return made.plan;
  };
  const faultsAt = (position: number, text: string | undefined, isKnown: boolean, ...steps: readonly object[]) => {
    const plan = planOf(...steps);
    const step = plan.steps[position];
    assert.ok(step);
    return step.channel === 'sms' ? smsStepFaults(step, text) : whatsappStepFaults(plan, step, { text, isKnown });
  };

  it('are as long as what they say to a usual person', () => {
    assert.deepEqual(smsLengthOf('Hi {{ first_name }}'), { encoding: 'gsm7', units: 12, segments: 1 });
    assert.deepEqual(smsLengthOf('Hi 👍'), { encoding: 'ucs2', units: 5, segments: 1 });
    assert.equal(smsLengthOf('x'.repeat(161))?.segments, 2);
    assert.equal(smsLengthOf('{{ first_name '), undefined);
    // A link of ours takes its place, and is counted: https://audience.example.com/l/ and 24 characters.
    assert.equal(smsLengthOf(`See https://shop.example/${'x'.repeat(200)}`)?.units, 59);
    assert.equal(smsLengthOf('{{ brand_url }}')?.units, 55);
  });

  it('say what is wrong with an SMS', () => {
    assert.deepEqual(faultsAt(0, 'Hi', false, { channel: 'sms' }), []);
    assert.equal(faultsAt(0, undefined, false, { channel: 'sms' }).length, 1);
    assert.match(faultsAt(0, '{{ nobody }}', false, { channel: 'sms' })[0] ?? '', /^step 1, message: there is no variable nobody/);
  });

  it('may go without an approved template after a reply on WhatsApp alone', () => {
    const answer = { trigger: 'whatsapp_replied', message: 'Thanks' };
    assert.deepEqual(faultsAt(1, 'Thanks', false, {}, answer), []);
    assert.equal(faultsAt(1, 'Thanks', false, {}, { ...answer, trigger: 'not_replied' }).length, 1);
    assert.equal(faultsAt(1, 'Thanks', false, {}, { ...answer, trigger: 'engaged' }).length, 1);
    assert.equal(faultsAt(1, 'Thanks', false, { channel: 'email' }, { ...answer, trigger: 'email_replied' }).length, 1);
    assert.equal(faultsAt(1, 'x'.repeat(1_601), true, {}, answer).length, 1);
  });
});
