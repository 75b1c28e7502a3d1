import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StepRequest } from '../../../core/journey/campaign-request.js';
import { makePlan } from '../../../core/journey/make-plan.js';

const step: StepRequest = { day: 0, channel: 'email', template: 'limited_offer' };
const planned = (changes: Partial<StepRequest>) => makePlan({ segment: 'x', sequence: [{ ...step, ...changes }] });

describe('what a step offers', () => {
  it('is kept with its words, and is in no plan', () => {
    const offer = { type: 'discount', value: 20, unit: 'percent', expiry_days: 7 };
    const made = planned({ offer, incentive: '$10 gift card' });
    assert.ok(made.status === 'made');
    assert.deepEqual(made.contents, [{ key: 1, offer, incentive: '$10 gift card' }]);
    assert.ok(!JSON.stringify(made.plan).includes('gift card'));
  });

  const fine: readonly NonNullable<StepRequest['offer']>[] = [
    { value: 0.5, unit: 'USD' },
    { type: 'free_shipping' },
    { label: 'Two for one', expiry_days: 366 },
    { value: 100, unit: 'percent' },
  ];
  for (const offer of fine) {
    it(`can be ${JSON.stringify(offer)}`, () => assert.equal(planned({ offer }).status, 'made'));
  }

  const refused: readonly (readonly [Partial<StepRequest>, RegExp])[] = [
    [{ offer: {} }, /^sequence\[0\]\.offer: a value with its unit, a type such as free_shipping, or a label is expected$/],
    [{ offer: { value: 20 } }, /^sequence\[0\]\.offer\.unit: value and unit go together$/],
    [{ offer: { type: 'discount', unit: 'USD' } }, /^sequence\[0\]\.offer\.unit: value and unit go together$/],
    [{ offer: { value: 0, unit: 'USD' } }, /^sequence\[0\]\.offer\.value: more than 0 is expected, not 0$/],
    [{ offer: { value: 101, unit: 'percent' } }, /^sequence\[0\]\.offer\.value: more than 0 and at most 100 is expected, not 101$/],
    [{ offer: { value: 5, unit: 'dollars' } }, /^sequence\[0\]\.offer\.unit: percent, or a currency such as USD, is expected$/],
    [{ offer: { type: 'gift', expiry_days: 0 } }, /^sequence\[0\]\.offer\.expiry_days: 1 to 366 whole days are expected, not 0$/],
    [{ offer: { type: 'gift', expiry_days: 1.5 } }, /^sequence\[0\]\.offer\.expiry_days: .* not 1\.5$/],
    [{ offer: { label: ' ' } }, /^sequence\[0\]\.offer\.label: 1 to 100 characters are expected$/],
    [{ offer: { type: 'x'.repeat(101) } }, /^sequence\[0\]\.offer\.type: 1 to 100 characters are expected$/],
    [{ incentive: '' }, /^sequence\[0\]\.incentive: 1 to 200 characters are expected$/],
  ];
  for (const [changes, fault] of refused) {
    it(`cannot be ${JSON.stringify(changes).slice(0, 60)}`, () => {
      const made = planned(changes);
      assert.ok(made.status === 'refused');
      assert.deepEqual(made.faults.length, 1, JSON.stringify(made.faults));
      assert.match(`${made.faults[0]?.field}: ${made.faults[0]?.message}`, fault);
    });
  }
});
