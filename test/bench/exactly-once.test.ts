import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { brokenLimits } from '../../bench/exactly-once/judging.js';
import { runScenario } from '../../bench/exactly-once/scenario.js';
import { temporaryFolder } from '../harness/folder.js';

/** What `npm run bench -- exactly-once` measures at its full size. */
const KILLS = 5;
const folder = temporaryFolder('exactly-once');

describe('5,000 messages over all channels, through providers that fail in every way, while everything is killed', () => {
  it('go out once or are said to be uncertain: none twice, none lost, none against the rules, and the counters are right', async () => {
    const scenario = { messages: 5_000, perTask: 100, noonAfterMs: 20_000, kills: KILLS, zombies: 1, unsubscriptions: 30 };
    const found = await runScenario({ ...scenario, directory: join(folder, 'ledger') });
    assert.deepEqual(brokenLimits(found, { messages: 3_000, kills: KILLS, zombies: 1, seconds: 300 }), []);
    assert.deepEqual([found.kills, found.zombies, found.asked], [KILLS, 1, 5_000]);
  });

  it('would go out twice from workers that send first and record later, and be told so', async () => {
    const scenario = { messages: 1_000, perTask: 10, noonAfterMs: 0, kills: 2, zombies: 0, unsubscriptions: 0, sendFirst: true };
    const found = await runScenario({ ...scenario, directory: join(folder, 'send-first') });
    const broken = brokenLimits(found, { messages: 1, kills: 2, zombies: 0, seconds: 300 });
    assert.ok(found.duplicates > 0);
    assert.ok(broken.some((limit) => limit.startsWith('duplicates: ')));
  });
});
