import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runScenario } from '../../bench/exactly-once/scenario.js';
import { temporaryFolder } from '../harness/folder.js';

/** What `npm run bench -- exactly-once` measures at its full size. */
const KILLS = 5;
const folder = temporaryFolder('exactly-once');

describe('5,000 messages over all channels, through providers that fail in every way, while everything is killed', () => {
  it('go out once or are said to be uncertain: none twice, none lost, none against the rules, and the counters are right', async () => {
    const scenario = { messages: 5_000, perTask: 100, noonAfterMs: 20_000, kills: KILLS, zombies: 1, unsubscriptions: 30 };
    const found = await runScenario({ ...scenario, directory: join(folder, 'ledger') });
    const { duplicates, lost, unexplained, contradictions, counter_differences, miscounted_people } = found;
    assert.deepEqual(
      { duplicates, lost, unexplained, contradictions, counter_differences, miscounted_people },
      { duplicates: 0, lost: 0, unexplained: 0, contradictions: 0, counter_differences: 0, miscounted_people: 0 },
    );
    const { sent_after_suppression, sent_in_quiet_hours, sent_over_cap, sent_without_consent, held } = found;
    assert.deepEqual(
      { sent_after_suppression, sent_in_quiet_hours, sent_over_cap, sent_without_consent },
      { sent_after_suppression: 0, sent_in_quiet_hours: 0, sent_over_cap: 0, sent_without_consent: 0 },
    );
    for (const [rule, messages] of Object.entries(held)) assert.ok(messages > 0, `nothing was held ${rule}`);
    const { email, sms, whatsapp, in_app } = found.by_channel;
    for (const [channel, { accepted }] of Object.entries(found.by_channel)) assert.ok(accepted > 0, `nothing went out over ${channel}`);
    assert.ok(email.accepted >= 0.7 * found.accepted, `${email.accepted} of ${found.accepted} are mails`);
    assert.ok(email.uncertain <= 100 * KILLS, `${email.uncertain} mails are uncertain`);
    assert.ok(sms.uncertain + whatsapp.uncertain <= 100 * KILLS, `${sms.uncertain + whatsapp.uncertain} texts are uncertain`);
    assert.equal(in_app.uncertain + in_app.ambiguous_faults, 0);
    assert.deepEqual([found.kills, found.zombies, found.messages], [KILLS, 1, 5_000]);
    assert.ok(found.ambiguous_faults > 0, 'the providers failed');
  });

  it('would go out twice from workers that send first and record later', async () => {
    const scenario = { messages: 1_000, perTask: 10, noonAfterMs: 0, kills: 2, zombies: 0, unsubscriptions: 0, sendFirst: true };
    const { duplicates } = await runScenario({ ...scenario, directory: join(folder, 'send-first') });
    assert.ok(duplicates > 0);
  });
});
