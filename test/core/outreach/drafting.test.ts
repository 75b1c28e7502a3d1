import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decideDraft, draftsToWithdraw, isWalkAuthor, walkAuthor, type Standing } from '../../../core/outreach/drafting.js';
import { planIdOf } from '../../../core/outreach/subject.js';
import { parseLocalDate } from '../../../core/ids.js';

const request = { segment: 'seg_1', sequence: [{ day: 0, channel: 'email', template: 'win_back' }] };
const plan = { planId: planIdOf({ channel: 'email', request }), name: 'Lost - Come Back', request };
const standing = (changes: Partial<Standing> = {}): Standing => ({
  campaignId: 1,
  campaignKey: 'camp_1',
  channel: 'email',
  planId: plan.planId,
  name: plan.name,
  status: 'draft',
  request,
  writtenBy: walkAuthor(parseLocalDate('2026-03-01')),
  isWithdrawn: false,
  ...changes,
});
const decided = (...campaigns: Standing[]) => decideDraft(plan, campaigns).kind;

describe('what a walk does about a plan', () => {
  it('is a draft where there is nothing of its subject', () => {
    assert.equal(decided(), 'draft');
    assert.equal(decided(standing({ planId: 'seg_2/email/members/win_back' })), 'draft');
    assert.equal(decided(standing({ status: 'cancelled', isWithdrawn: true })), 'draft', 'a walk took it back, nobody else');
  });

  it('is nothing where such a campaign runs, is drafted, or ended lately', () => {
    assert.equal(decided(standing({ status: 'running' }), standing()), 'running');
    assert.equal(decided(standing({ status: 'paused' })), 'running');
    assert.equal(decided(standing()), 'open');
    assert.equal(
      decided(standing({ writtenBy: 'key_1', name: 'Mine', request: { ...request, priority: 3 } })),
      'open',
      'a person wrote it',
    );
    assert.equal(decided(standing({ status: 'finished' })), 'rested');
    assert.equal(decided(standing({ status: 'cancelled' })), 'rested', 'a person did not want it');
  });

  it('is the next version of a draft of its own that says something else', () => {
    assert.equal(decided(standing({ request: { ...request, goal: 'convert_to_paid' } })), 'renew');
    assert.equal(decided(standing({ name: 'Another name' })), 'renew');
  });

  it('takes back its own drafts that hold no more or stand beside another, and nobody else’s', () => {
    const others = [
      standing({ campaignKey: 'gone', planId: 'seg_9/email/members/win_back' }),
      standing({ campaignKey: 'theirs', planId: 'seg_9/email/members/win_back', writtenBy: 'sg_aud_1' }),
    ];
    const beside = [standing({ campaignKey: 'own' }), standing({ campaignKey: 'mine', writtenBy: 'key_1' })];
    const keys = (of: readonly Standing[]) => draftsToWithdraw([plan], of).map(({ campaignKey }) => campaignKey);
    assert.deepEqual(keys([...others, standing()]), ['gone']);
    assert.deepEqual(keys(beside), ['own']);
    assert.deepEqual(keys([standing(), standing({ campaignKey: 'runs', status: 'running' })]), ['camp_1']);
  });

  it('is written in the name of the walk', () => {
    assert.ok(isWalkAuthor('walk/2026-03-01') && !isWalkAuthor('key_1') && !isWalkAuthor('sg_aud_1'));
  });
});
