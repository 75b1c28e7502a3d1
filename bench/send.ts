import { startProgress } from '../cli/progress.js';
import { addAudience, measureCampaign, type CampaignFigures } from './campaign/launching.js';
import { startCampaignStack, type CampaignStack } from './campaign/stack.js';
import { startWorld, type WorldOptions } from './campaign/world.js';

/**
 * How fast a campaign is sent: everything on this machine, Temporal and the ledger on PostgreSQL, the provider answering at once, and
 * its journal compared with the ledger afterwards. `npm run bench -- send [RECIPIENTS] [ROW …]`
 *
 * - The first row: three steps on day 0, nobody reacts.
 * - `webhooks`: the same, while everybody's provider tells of delivery and three in ten open.
 * - `spread`: one step, `optimal`, to people in 24 time zones with hours of their own, one day passing in four minutes.
 * - `million`: 1,000,000 recipients, one step, a provider in the worker's memory.
 */
const [first = '', ...others] = process.argv.slice(2);
const recipients = Number(/^\d+$/.test(first) ? first : 50_000);
const rows = new Set(/^\d+$/.test(first) || first === '' ? others : [first, ...others]);
const ROWS = ['webhooks', 'spread', 'million'] as const;
const unknown = [...rows].filter((row) => !ROWS.some((one) => one === row));
if (unknown.length > 0) throw new Error(`there is no row ${unknown.join(', ')}; there are: ${ROWS.join(', ')}`);

const email = (template: string) => ({ day: 0, channel: 'email', template });
const THREE_STEPS = [email('welcome_series_1'), email('feature_highlight'), email('limited_offer')];

const stack = await startCampaignStack('send');
try {
  const main = await row(stack, { name: 'send', provider: 'sandbox' }, { recipients, sequence: THREE_STEPS });
  console.log(JSON.stringify({ bench: 'send', value: main.per_second, unit: 'messages/s', ...main, recipients }));
} finally {
  await stack.close();
}

type Row = { readonly recipients: number; readonly sequence: typeof THREE_STEPS };

async function row(stack: CampaignStack, options: WorldOptions, { recipients, sequence }: Row): Promise<CampaignFigures> {
  const world = await startWorld(stack, options);
  try {
    console.error(`${options.name}: making ${recipients.toLocaleString('en-US')} recipients …`);
    const segment = await addAudience(world, recipients);
    const progress = startProgress(options.name, { total: recipients * sequence.length, unit: 'messages' });
    const figures = await measureCampaign(stack, world, { segment, sequence }, { recipients, onProgress: progress.update });
    progress.done(`${figures.per_second.toLocaleString('en-US')} messages/s, ${figures.cpu_ms_per_1000} ms of processor time per 1,000`);
    return figures;
  } finally {
    await world.close();
  }
}
