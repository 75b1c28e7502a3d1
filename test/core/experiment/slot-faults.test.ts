import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lastingVariation } from '../../../core/experiment/lasting-variation.js';
import type { TestState } from '../../../core/experiment/lifecycle.js';
import { slotFaults } from '../../../core/experiment/slot-faults.js';
import type { Variation } from '../../../core/experiment/variation.js';

const arms = (parts: Variation['parts']): readonly Variation[] => [
  { id: 'control', name: 'Control', weight: 0.5, parts: {} },
  { id: 'other', name: 'Other', weight: 0.5, parts },
];

describe('a step that shows a test', () => {
  const faults = (channel: 'email' | 'sms' | 'social' | 'push' | 'in_app', parts: Variation['parts'], offer?: { offer_id: string }) =>
    slotFaults({ channel, ...(offer && { offer }) }, { channel, variations: arms(parts) }, 'f').map(({ message }) => message);

  it('shows what its channel has', () => {
    assert.deepEqual(faults('email', { subject: 'a', content: 'b', cta: 'c', offer: 'd' }), []);
    for (const channel of ['sms', 'social'] as const) assert.deepEqual(faults(channel, { content: 'b' }), []);
    for (const channel of ['push', 'in_app'] as const) assert.deepEqual(faults(channel, { subject: 'a', content: 'b' }), []);
  });

  it('cannot show anything else, nor promise what its codes do not give', () => {
    assert.deepEqual(faults('sms', { subject: 'a', cta: 'c' }), [
      'its arms vary the subject, which a step on sms cannot show',
      'its arms vary the cta, which a step on sms cannot show',
    ]);
    assert.deepEqual(faults('email', { send_time: '09:00' }), ['its arms vary the send_time, which a step on email cannot show']);
    assert.deepEqual(faults('email', { offer: '30% off' }, { offer_id: 'spring' }), [
      "its arms vary the offer, and the step's codes give one and the same",
    ]);
  });
});

describe('what everybody is shown when a test is over', () => {
  const variations = arms({ subject: 'a' });
  const shown = (state: object) => lastingVariation(state as TestState, variations)?.id;

  it('is its winner, unless that was rolled back; else the control', () => {
    const winner = { kind: 'winner', variationId: 'other', stoppedEarly: false };
    assert.equal(shown({ mode: 'decided', ending: winner }), 'other');
    assert.equal(shown({ mode: 'applied', ending: winner }), 'other');
    assert.equal(shown({ mode: 'rolled_back', ending: winner }), 'control');
    for (const kind of ['inconclusive', 'stopped', 'invalid']) assert.equal(shown({ mode: 'decided', ending: { kind } }), 'control');
  });

  it('is nothing before that', () => {
    for (const mode of ['draft', 'running', 'looking']) assert.equal(shown({ mode }), undefined);
  });
});
