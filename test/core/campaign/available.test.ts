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
    assert.deepEqual(unavailableFaults(fourSteps), [
      { field: 'sequence[1].channel', message: 'whatsapp is not available yet; email and in_app are' },
    ]);
  });

  const refused: readonly (readonly [Partial<CampaignRequest>, string, RegExp])[] = [
    [{ entry: 'segment' }, 'entry', /^entry when somebody comes into the segment is not available yet; entry at launch is$/],
    [{ entry: { event: 'signed_up' } }, 'entry', /^entry by an event is not available yet/],
    [{ frequency: 'weekly' }, 'frequency', /^weekly campaigns are not available yet/],
    [{ re_entry: 'after_leaving' }, 're_entry', /^entering again is not available yet/],
    [{ re_entry: { after_days: 30 } }, 're_entry', /^entering again is not available yet/],
  ];
  for (const [changes, field, message] of refused) {
    it(`is refused with ${JSON.stringify(changes)}`, () => {
      const [fault, ...others] = unavailableFaults({ ...emails, ...changes });
      assert.equal(fault?.field, field);
      assert.match(fault?.message ?? '', message);
      assert.deepEqual(others, []);
    });
  }

  it('is fine where it says what holds anyway', () => {
    assert.deepEqual(unavailableFaults({ ...emails, entry: 'launch', re_entry: 'never' }), []);
  });

  it('is left to the plan where nobody knows such a thing', () => {
    const [step] = emails.sequence;
    assert.ok(step);
    const wild = { ...emails, entry: 'sometimes', frequency: 'hourly', re_entry: 'maybe', sequence: [{ ...step, channel: 'pigeon' }] };
    assert.deepEqual(unavailableFaults(wild), []);
    assert.equal(makePlan(wild).status, 'refused');
  });
});
