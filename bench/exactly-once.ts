import { join } from 'node:path';
import { startProgress } from '../cli/progress.js';
import { temporaryFolder } from '../test/harness/folder.js';
import { uncertainOf } from './exactly-once/comparing.js';
import { brokenLimits } from './exactly-once/judging.js';
import { PROVIDERS } from './exactly-once/providers/all.js';
import { runScenario, type Found, type Scenario } from './exactly-once/scenario.js';

/**
 * No message twice and none lost on any channel, through kill -9, and none against the rules: the ledger against the inboxes and the
 * journals of providers that fail in every way. Beside it, workers that send first and record later. Ends with an error where a limit is
 * broken. `npm run bench -- exactly-once [MESSAGES] [KILLS]`: so many are asked for, of which the rules hold some three in ten.
 */
const FULL = 145_000;
const MESSAGES = Number(process.argv[2] ?? FULL);
const KILLS = Number(process.argv[3] ?? 24);
if (!(MESSAGES >= 1_000 && KILLS >= 0)) throw new Error('at least 1,000 messages and no or more kills are expected');
const isFull = MESSAGES >= FULL && KILLS >= 20;
const zombies = Math.ceil(KILLS / 8);
const folder = temporaryFolder('exactly-once');

const ledger = await run('ledger', {
  messages: MESSAGES,
  perTask: MESSAGES >= 20_000 ? 500 : 100,
  noonAfterMs: MESSAGES >= 20_000 ? 120_000 : 20_000,
  kills: KILLS,
  zombies,
  unsubscriptions: KILLS * 4,
});
const sendFirst = await run('send first', {
  messages: Math.min(10_000, MESSAGES),
  perTask: 100,
  noonAfterMs: 0,
  kills: KILLS,
  zombies: 0,
  unsubscriptions: 0,
  sendFirst: true,
});
const broken = [
  ...brokenLimits(ledger, {
    messages: isFull ? 100_000 : MESSAGES / 2,
    kills: isFull ? 20 : KILLS,
    zombies,
    seconds: 40 * 60 - sendFirst.seconds,
  }),
  ...(sendFirst.duplicates === 0 ? ['send first, record later sent nothing twice: the measurement would not have seen it'] : []),
];
console.error(`send first, record later: ${sendFirst.duplicates} of ${sendFirst.messages} messages were sent twice or more often`);
for (const limit of broken) console.error(`broken: ${limit}`);
const perKill = (uncertain: number) => uncertain / Math.max(1, ledger.kills);
console.log(
  JSON.stringify({
    bench: 'exactly-once',
    value: ledger.duplicates + ledger.lost,
    unit: 'messages sent twice or lost',
    ...ledger,
    uncertain_per_kill: perKill(ledger.uncertain),
    uncertain_per_kill_by: Object.fromEntries(PROVIDERS.map((provider) => [provider.name, perKill(uncertainOf(ledger, provider))])),
    send_first: {
      messages: sendFirst.messages,
      kills: sendFirst.kills,
      duplicates: sendFirst.duplicates,
      by_way: Object.fromEntries(Object.entries(sendFirst.by_way).map(([way, { duplicates }]) => [way, duplicates])),
    },
    broken,
  }),
);
if (broken.length > 0) process.exitCode = 1;

async function run(name: string, scenario: Omit<Scenario, 'directory' | 'onProgress'>): Promise<Found> {
  const { messages } = scenario;
  const progress = startProgress(name, { total: messages, unit: 'messages' });
  const found = await runScenario({ ...scenario, directory: join(folder, name.replace(' ', '-')), onProgress: progress.update });
  progress.done(`${messages.toLocaleString('en-US')} messages asked for, ${found.messages} sent, ${scenario.kills} kills`);
  return found;
}
