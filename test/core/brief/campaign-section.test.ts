import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { campaignLines, type CampaignFinding } from '../../../core/brief/campaign-section.js';

const campaign = (changes: Partial<CampaignFinding> = {}): CampaignFinding => ({
  name: 'Win back',
  status: 'running',
  recipients: 1_169,
  sent: 0,
  delivered: 0,
  opened: 0,
  clicked: 0,
  converted: 0,
  failed: 0,
  suppressed: 0,
  uncertain: 0,
  ...changes,
});

describe('campaigns in a brief', () => {
  it('are not there where there are none', () => {
    assert.deepEqual(campaignLines([]), []);
  });

  it('are told by what became of their messages, and by nothing that did not happen', () => {
    assert.deepEqual(campaignLines([campaign({ sent: 1_160, delivered: 1_102, opened: 311 }), campaign({ status: 'paused' })]), [
      '📣 Campaigns',
      '   Win back (running, 1,169 recipients): 1,160 sent, 1,102 delivered, 311 opened',
      '   Win back (paused, 1,169 recipients): nothing sent yet',
      '',
    ]);
  });

  it('say how many messages are uncertain, and what that means', () => {
    const lines = campaignLines([campaign({ uncertain: 2 }), campaign({ uncertain: 1 })]).join(' ');
    assert.match(lines, /⚠️ 3 messages are uncertain: .* nothing\s+uncertain is sent again/);
    assert.match(campaignLines([campaign({ uncertain: 1 })]).join(' '), /1 message is uncertain/);
  });
});
