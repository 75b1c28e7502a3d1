import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { libraryTemplate } from '../../../core/template/library/library.js';
import { labelledOffer } from '../../../core/template/offer.js';
import { withWords } from '../../../core/template/template.js';
import { lookupsFor, userVariablesOf } from '../../../core/template/user-variables.js';

describe('an offer in words', () => {
  it('says what is given, in the currency that it is given in', () => {
    const labelOf = (offer: Parameters<typeof labelledOffer>[0]) => labelledOffer(offer).label;
    assert.equal(labelOf({ type: 'discount', value: 20, unit: 'percent', expiry_days: 7 }), '20% off');
    assert.equal(labelOf({ type: 'discount', value: 12.5, unit: 'percent' }), '12.5% off');
    assert.equal(labelOf({ type: 'discount', value: 10, unit: 'USD' }), '$10 off');
    assert.equal(labelOf({ type: 'discount', value: 1_999.5, unit: 'eur' }), '€1,999.50 off');
    assert.equal(labelOf({ type: 'discount', value: 50, unit: 'SEK' }), '50 SEK off');
    assert.equal(labelOf({ type: 'gift_card', value: 10, unit: 'USD' }), '$10 gift card');
    assert.equal(labelOf({ type: 'free_shipping' }), 'Free shipping');
    assert.equal(labelOf({ type: 'discount', value: 20, unit: 'percent', label: 'A fifth off' }), 'A fifth off');
    assert.equal(labelOf({ value: 0, unit: 'percent' }), undefined);
    assert.equal(labelOf({}), undefined);
  });
});

describe("a user's variables", () => {
  const namesOf = (traits: Readonly<Record<string, unknown>>) => {
    const { first_name, last_name } = userVariablesOf({ traits, segmentName: null, lastEvent: null });
    return [first_name, last_name];
  };

  it('take names as they are spelled, and the first word of a full name', () => {
    assert.deepEqual(namesOf({ first_name: ' Ann ', last_name: 'Lee' }), ['Ann', 'Lee']);
    assert.deepEqual(namesOf({ firstName: 'Ann', lastName: 'Lee', name: 'Bob Ross' }), ['Ann', 'Lee']);
    assert.deepEqual(namesOf({ name: 'Ann-Marie  Lee' }), ['Ann-Marie', undefined]);
  });

  it('do not greet anybody with what is no name', () => {
    for (const bad of ['', '  ', 7, null, { a: 1 }, 'ann@example.com', 'x'.repeat(101)]) {
      assert.deepEqual(namesOf({ first_name: bad, last_name: bad }), [undefined, undefined]);
    }
    assert.deepEqual(namesOf({ first_name: 'Ann\r\nLee' }), ['Ann Lee', undefined]);
  });

  it('leave out what is not known', () => {
    assert.deepEqual(userVariablesOf({ traits: {}, segmentName: null, lastEvent: null }), { traits: {} });
    assert.deepEqual(userVariablesOf({ traits: {}, segmentName: 'Champions', lastEvent: 'purchase' }), {
      traits: {},
      segment_name: 'Champions',
      last_event: 'purchase',
    });
  });

  it('are looked up where a template, or the words that fill it, ask for them', async () => {
    const [plain, asking] = [await libraryTemplate('win_back'), await libraryTemplate('engagement_follow_up')];
    assert.deepEqual(lookupsFor(plain), { segmentName: false, lastEvent: false });
    assert.deepEqual(lookupsFor(asking), { segmentName: false, lastEvent: true });
    assert.deepEqual(lookupsFor(plain, { text: '{% if segment_name %}x{% endif %}' }), { segmentName: true, lastEvent: false });
    assert.deepEqual(lookupsFor(withWords(plain, { subject: '{{ last_event }}' })), { segmentName: false, lastEvent: true });
  });
});
