import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inAppMessageOf as messageOf, type InAppStep } from '../../../core/message/in-app-words.js';
import { IN_APP_LIMITS } from '../../../core/message/in-app.js';

const template = 'feature_highlight';
const inAppMessageOf = (step: InAppStep) => messageOf(step, { first_name: 'Ann', brand_name: 'The <Shop>' });

describe('what a step puts into inboxes', () => {
  it('has its subject as the title and its message as the text', () => {
    const shown = inAppMessageOf({ template, content: { subject: 'Try it', text: 'There is something new.' } });
    assert.deepEqual(shown, { title: 'Try it', body: 'There is something new.', data: { template } });
  });

  it('has a title alone where the step has one of the two', () => {
    for (const content of [{ subject: 'Interactive product tour' }, { text: 'Interactive product tour' }]) {
      assert.deepEqual(inAppMessageOf({ template, content }), { title: 'Interactive product tour', body: '', data: { template } });
    }
  });

  it('says what is known of whom it is for, as plain text', () => {
    const content = {
      subject: 'For you, {{ first_name }}',
      text: '{% if last_name %}Dear {{ last_name }}{% else %}From {{ brand_name }}{% endif %}',
    };
    assert.deepEqual(inAppMessageOf({ template, content }), { title: 'For you, Ann', body: 'From The <Shop>', data: { template } });
  });

  it('tells the page what it offers', () => {
    const offer = { value: 20, unit: 'percent', expiry_days: 7 };
    const shown = inAppMessageOf({ template, content: { subject: 'For you', offer, incentive: '$10 gift card' } });
    assert.deepEqual(shown, { title: 'For you', body: '', data: { template, offer, incentive: '$10 gift card' } });
  });

  const refused: readonly (readonly [string, { readonly subject?: string; readonly text?: string }, RegExp])[] = [
    ['no words', {}, /^an in-app step needs a subject or a message of its own/],
    ['a title that cannot be read', { subject: 'Hello {{ first_name' }, /^its title: /],
    ['a text that cannot be read', { subject: 'Hello', text: '{% if a %}b' }, /^its text: /],
    ['a title of which nothing is left', { text: '{{ last_name }}' }, /^it has no title$/],
    ['an empty title', { subject: ' ', text: 'There is something new.' }, /^it has no title$/],
    ['a title that is too long', { text: 'x'.repeat(IN_APP_LIMITS.titleChars + 1) }, /^its title is longer than 200 characters$/],
    ['a text that is too long', { subject: 'x', text: 'x'.repeat(IN_APP_LIMITS.bodyChars + 1) }, /^its text is longer than/],
  ];
  for (const [what, content, because] of refused) {
    it(`is nothing with ${what}`, () => {
      const shown = inAppMessageOf({ template, content });
      assert.ok('because' in shown);
      assert.match(shown.because, because);
    });
  }
});
