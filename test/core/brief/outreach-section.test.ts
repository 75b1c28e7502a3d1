import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { outreachLines } from '../../../core/brief/outreach-section.js';
import type { ToldPlan } from '../../../core/outreach/told.js';

const plan = (changes: Partial<ToldPlan> = {}): ToldPlan => ({
  channel: 'email',
  name: 'Champions - VIP Early Access',
  outcome: 'drafted',
  messages: 3_300,
  waitsBecause: null,
  isLaunched: false,
  ...changes,
});

describe('what a walk planned, in a brief', () => {
  it('is not there where nothing was planned', () => {
    assert.deepEqual(outreachLines([]), []);
  });

  it('is counted by channel and by what became of it', () => {
    const plans = [plan(), plan({ channel: 'in_app' }), plan({ channel: 'in_app', outcome: 'running' }), plan({ outcome: 'withdrawn' })];
    assert.deepEqual(outreachLines(plans), [
      '📝 3 campaigns planned (1 email, 2 in-app): 2 drafts written, 1 runs, 1 earlier draft withdrawn.',
      '',
    ]);
  });

  it('names what was launched by itself, and says of the others why not', () => {
    const text = outreachLines([plan({ isLaunched: true }), plan({ name: 'Lost', waitsBecause: 'it gives something away' })])
      .join(' ')
      .replace(/\s+/g, ' ');
    assert.match(text, /Launched by itself, as the sending policy allows: "Champions - VIP Early Access", 3,300 messages planned\./);
    assert.match(text, /Allowed, and not launched: "Lost" \(it gives something away\)\./);
  });
});
