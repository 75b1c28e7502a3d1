import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { campaignChanges, campaignStatuses, changeCampaign, type CampaignChange } from '../../../core/campaign/lifecycle.js';

/** What each status becomes: another status, the same (`=`), or a refusal (`no`). */
const LIFE: Readonly<Record<(typeof campaignStatuses)[number], Readonly<Record<CampaignChange, string>>>> = {
  draft: { launch: 'running', pause: 'no', resume: 'no', cancel: 'cancelled' },
  running: { launch: '=', pause: 'paused', resume: '=', cancel: 'cancelled' },
  paused: { launch: '=', pause: '=', resume: 'running', cancel: 'cancelled' },
  cancelled: { launch: 'no', pause: 'no', resume: 'no', cancel: '=' },
  finished: { launch: 'no', pause: 'no', resume: 'no', cancel: 'no' },
};

describe('the life of a campaign', () => {
  for (const status of campaignStatuses) {
    for (const change of campaignChanges) {
      const expected = LIFE[status][change];
      it(`${change} of one that is ${status}: ${expected}`, () => {
        const answer = changeCampaign(status, change);
        if (expected === 'no')
          assert.ok(answer.kind === 'refused' && answer.because.endsWith(`(it is ${status === 'draft' ? 'a draft' : status})`));
        else if (expected === '=') assert.deepEqual(answer, { kind: 'unchanged', status });
        else assert.deepEqual(answer, { kind: 'done', status: expected });
      });
    }
  }
});
