import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { unavailableFaults } from '../../../core/campaign/available.js';
import type { CampaignRequest } from '../../../core/journey/campaign-request.js';
import { makePlan } from '../../../core/journey/make-plan.js';
import { fourSteps } from '../journey/samples.js';

const emails: CampaignRequest = { segment: 'Champions', sequence: [{ day: 0, channel: 'email', template: 'welcome_series_1' }] };

describe('what a campaign asks for today', () => {
  it('is refused step by step where it is on a channel that is not finished', () => {
    assert.equal(makePlan(fourSteps).status, 'made');
    assert.deepEqual(unavailableFaults(fourSteps), []);
    const social = { ...fourSteps, sequence: fourSteps.sequence.map((step, i) => (i === 1 ? { ...step, channel: 'social' } : step)) };
    assert.deepEqual(unavailableFaults(social), [
      { field: 'sequence[1].channel', message: 'social is not available yet; email, sms, whatsapp, push and in_app are' },
    ]);
  });

  it('is fine whenever its people enter', () => {
    assert.deepEqual(unavailableFaults({ ...emails, entry: 'launch', re_entry: 'never' }), []);
    assert.deepEqual(unavailableFaults({ ...emails, frequency: 'weekly' }), []);
    assert.deepEqual(unavailableFaults({ ...emails, entry: { event: 'signed_up' }, re_entry: { after_days: 30 } }), []);
  });

  it('is left to the plan where nobody knows such a thing', () => {
    const [step] = emails.sequence;
    assert.ok(step);
    const wild = { ...emails, entry: 'sometimes', frequency: 'hourly', re_entry: 'maybe', sequence: [{ ...step, channel: 'pigeon' }] };
    assert.deepEqual(unavailableFaults(wild), []);
    assert.equal(makePlan(wild).status, 'refused');
  });
});
