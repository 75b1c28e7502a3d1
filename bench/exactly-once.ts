import { join } from 'node:path';
import { startProgress } from '../cli/progress.js';
import { temporaryFolder } from '../test/harness/folder.js';
import { runScenario, type Found, type Scenario } from './exactly-once/scenario.js';

/**
 * No message twice and none lost on any channel, through kill -9, and none against the rules: the ledger against the inboxes and the
 * journals of providers that fail in every way. Beside it, mails from workers that send first and record later. `npm run bench -- exactly-once [MESSAGES] [KILLS]`
 */
const MESSAGES = Number(process.argv[2] ?? 120_000);
const KILLS = Number(process.argv[3] ?? 24);
if (!(MESSAGES >= 1_000 && KILLS >= 0)) throw new Error('at least 1,000 messages and no or more kills are expected');
const folder = temporaryFolder('exactly-once');

const ledger = await run('ledger', {
  messages: MESSAGES,
  perTask: MESSAGES >= 20_000 ? 500 : 100,
  noonAfterMs: MESSAGES >= 20_000 ? 120_000 : 20_000,
  kills: KILLS,
  zombies: Math.ceil(KILLS / 8),
  unsubscriptions: KILLS * 4,
});
const sendFirst = await run('send first', {
  messages: Math.min(10_000, MESSAGES),
  perTask: 100,
  noonAfterMs: 0,
  kills: Math.min(6, KILLS),
  zombies: 0,
  unsubscriptions: 0,
  sendFirst: true,
});
console.error(`send first, record later: ${sendFirst.duplicates} of ${sendFirst.messages} messages were sent twice or more often`);
const { email, sms, whatsapp } = ledger.by_channel;
const perKill = (uncertain: number) => uncertain / Math.max(1, ledger.kills);
console.log(
  JSON.stringify({
    bench: 'exactly-once',
    value: ledger.duplicates + ledger.lost,
    unit: 'messages sent twice or lost',
    ...ledger,
    uncertain_per_kill: perKill(ledger.uncertain),
    uncertain_per_kill_sendgrid: perKill(email.uncertain),
    uncertain_per_kill_twilio: perKill(sms.uncertain + whatsapp.uncertain),
    send_first: { messages: sendFirst.messages, kills: sendFirst.kills, duplicates: sendFirst.duplicates },
  }),
);

async function run(name: string, scenario: Omit<Scenario, 'directory' | 'onProgress'>): Promise<Found> {
  const { messages } = scenario;
  const progress = startProgress(name, { total: messages, unit: 'messages' });
  const found = await runScenario({ ...scenario, directory: join(folder, name.replace(' ', '-')), onProgress: progress.update });
  progress.done(`${messages.toLocaleString('en-US')} messages, ${scenario.kills} kills`);
  return found;
}
