import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runScenario } from '../../bench/exactly-once/scenario.js';
import { temporaryFolder } from '../harness/folder.js';

/** What `npm run bench -- exactly-once` measures at its full size. */
const KILLS = 5;
const folder = temporaryFolder('exactly-once');

describe('5,000 mails through a provider that fails in every way, while everything is killed', () => {
  it('go out once or are said to be uncertain: none twice, none lost, none after an unsubscription, and the counters are right', async () => {
    const scenario = { messages: 5_000, perTask: 100, kills: KILLS, zombies: 1, unsubscriptions: 30 };
    const found = await runScenario({ ...scenario, directory: join(folder, 'ledger') });
    const { duplicates, lost, contradictions, counter_differences, miscounted_people, sent_after_suppression } = found;
    assert.deepEqual(
      { duplicates, lost, contradictions, counter_differences, miscounted_people, sent_after_suppression },
      { duplicates: 0, lost: 0, contradictions: 0, counter_differences: 0, miscounted_people: 0, sent_after_suppression: 0 },
    );
    assert.ok(found.uncertain <= 100 * KILLS, `${found.uncertain} are uncertain`);
    assert.deepEqual([found.kills, found.zombies, found.messages], [KILLS, 1, 5_000]);
    assert.ok(found.ambiguous_faults > 0 && found.suppressed > 0, 'the provider failed, and people unsubscribed');
  });

  it('would go out twice from workers that send first and record later', async () => {
    const scenario = { messages: 1_000, perTask: 10, kills: 2, zombies: 0, unsubscriptions: 0, sendFirst: true };
    const { duplicates } = await runScenario({ ...scenario, directory: join(folder, 'send-first') });
    assert.ok(duplicates > 0);
  });
});
