import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { changesBetween, traits, type TraitChange } from '../../../core/experiment/traits.js';
import { possibleTraits, treatmentFor } from '../../../core/experiment/treatments.js';

const more = (trait: TraitChange['trait']): TraitChange => ({ trait, sign: 1 });
const less = (trait: TraitChange['trait']): TraitChange => ({ trait, sign: -1 });

describe('a treatment that needs no wording', () => {
  it('puts a name or an emoji before the subject, or takes it away', () => {
    const bare = { subject: 'Welcome to the shop', cta: 'Look around' };
    assert.deepEqual(treatmentFor(more('personalised_subject'), bare), { ...bare, subject: '{{first_name}}, Welcome to the shop' });
    assert.deepEqual(treatmentFor(more('emoji_in_subject'), bare), { ...bare, subject: '✨ Welcome to the shop' });
    assert.deepEqual(treatmentFor(less('personalised_subject'), { subject: '{{first_name}}, hello' }), { subject: 'hello' });
    assert.deepEqual(treatmentFor(less('emoji_in_subject'), { subject: '🎉 Ten years ❤️' }), { subject: 'Ten years' });
  });

  it('moves the hour within the day', () => {
    assert.deepEqual(treatmentFor(more('later_send_time'), { send_time: '10:30' }), { send_time: '14:30' });
    assert.deepEqual(treatmentFor(less('later_send_time'), { send_time: '12:00' }), { send_time: '08:00' });
    assert.equal(treatmentFor(more('later_send_time'), { send_time: '18:00' }), null);
    assert.equal(treatmentFor(less('later_send_time'), { send_time: '9:00' }), null);
    assert.equal(treatmentFor(more('later_send_time'), { send_time: 'optimal' }), null);
  });

  it('is none of what a person must write or pay for, and none where there is nothing to change', () => {
    const parts = { subject: 'Is it you?', offer: '10 % off', content: 'Hello', cta: 'Go' };
    for (const trait of [
      'question_in_subject',
      'number_in_subject',
      'longer_subject',
      'bigger_offer',
      'other_cta',
      'other_content',
    ] as const) {
      assert.equal(treatmentFor(more(trait), parts), null, trait);
    }
    assert.equal(treatmentFor(more('emoji_in_subject'), {}), null);
    assert.equal(treatmentFor(less('emoji_in_subject'), { subject: '🎉' }), null);
    assert.equal(treatmentFor(less('emoji_in_subject'), { subject: 'I 💛 you' }), null);
    assert.equal(treatmentFor(more('emoji_in_subject'), { subject: 'I 💛 you' }), null);
    assert.equal(treatmentFor(more('personalised_subject'), { subject: 'Hello {{first_name}}' }), null);
  });

  it('differs from the control in what was asked for, whatever the control says', () => {
    const subject = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 });
    const hours = fc.integer({ min: 0, max: 23 }).map((hour) => `${hour}:00`);
    const change = fc.record({ trait: fc.constantFrom(...traits), sign: fc.constantFrom(1 as const, -1 as const) });
    fc.assert(
      fc.property(fc.record({ subject, send_time: hours }), change, (parts, asked) => {
        const treatment = treatmentFor(asked, parts);
        if (treatment === null) return;
        const changes = changesBetween({ parts }, { parts: treatment });
        assert.ok(
          changes.some(({ trait, sign }) => trait === asked.trait && sign === asked.sign),
          JSON.stringify({ parts, asked, treatment, changes }),
        );
      }),
    );
  });
});

describe('what a message can vary', () => {
  it('is nothing of a subject where the channel has none', () => {
    assert.deepEqual(possibleTraits('email'), traits);
    assert.ok(possibleTraits('sms').every((trait) => !trait.includes('subject')) && possibleTraits('sms').length > 0);
  });
});
