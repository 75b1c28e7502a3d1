import { startProgress } from '../cli/progress.js';
import type { CampaignRequest } from '../core/journey/campaign-request.js';
import {
  addAudience,
  askForEverything,
  giveTelephones,
  measureCampaign,
  spreadOverTheDay,
  type CampaignFigures,
} from './campaign/launching.js';
import { startCampaignStack, type CampaignStack } from './campaign/stack.js';
import { startWorld, type World, type WorldOptions } from './campaign/world.js';

/**
 * How fast campaigns are sent: everything on this machine, Temporal and the ledger on PostgreSQL, each row in a database of its own, the
 * provider's journal compared with the ledger afterwards. All but the last ask for consent on record, keep hours, and have a cap.
 * `npm run bench -- send [RECIPIENTS] [ROW …]`
 *
 * - `plain`: three steps on day 0, the provider answers at once, nobody reacts.
 * - `webhooks`: the same, while the provider tells of every delivery, and of the three in ten who open within seconds.
 * - `spread`: one step, `optimal`, for people in 24 time zones with hours of their own; the day passes in four minutes.
 * - `single`: one SMS each, a call of Twilio for every message, with consent and quiet hours asked.
 * - `million`: 1,000,000 recipients, one step, a provider in the worker's memory.
 */
const DAY_SECONDS = 86_400;
const SPREAD_SECONDS = 240;

const email = (template: string) => ({ day: 0, channel: 'email', template });
const THREE_STEPS = [email('welcome_series_1'), email('feature_highlight'), email('limited_offer')];

type Row = {
  readonly sequence: CampaignRequest['sequence'];
  readonly options: Omit<WorldOptions, 'name'>;
  /** Absent: as many as the command line says. */
  readonly recipients?: number;
  /** Whether consent, hours and caps are set, so that each claim looks them up. */
  readonly isChecked: boolean;
  /** What else is to be known of people. */
  readonly prepare?: (world: World) => Promise<void>;
};

const NOBODY_LEAVES = { dropped: 0, bounced: 0, deferred: 0, complained: 0, unsubscribed: 0 };

const ROWS: Readonly<Record<string, Row>> = {
  plain: { sequence: THREE_STEPS, isChecked: true, options: { provider: 'sandbox' } },
  webhooks: {
    isChecked: true,
    sequence: THREE_STEPS,
    options: {
      provider: 'sandbox',
      reactions: { speed: 1, audience: [{ addressHas: '@', ...NOBODY_LEAVES, opened: 0.3, openMs: 5_000 }] },
    },
  },
  spread: {
    isChecked: true,
    sequence: [{ ...email('welcome_series_1'), send_time: 'optimal' }],
    options: { provider: 'sandbox', clockSpeed: DAY_SECONDS / SPREAD_SECONDS },
    prepare: spreadOverTheDay,
  },
  single: {
    isChecked: true,
    sequence: [{ day: 0, channel: 'sms', template: 'hello', message: 'Hello, how are you?' }],
    options: { provider: 'twilio' },
    recipients: 5_000,
    prepare: giveTelephones,
  },
  million: { isChecked: false, sequence: [email('welcome_series_1')], options: { provider: 'memory' }, recipients: 1_000_000 },
};

/** What the product promises on two cores. */
const LIMITS = {
  per_second: 4_000,
  cpu_ms_per_1000: 300,
  webhooks: 2_500,
  cpu_spread: 600,
  value_single: 300,
  million_seconds: 300,
  million_mib: 1_229,
};

const [first = '', ...others] = process.argv.slice(2);
const isCount = /^\d+$/.test(first);
const recipients = isCount ? Number(first) : 50_000;
const asked = (isCount ? others : [first, ...others]).filter((name) => name !== '');
const unknown = asked.filter((name) => !(name in ROWS));
if (unknown.length > 0) throw new Error(`there is no row ${unknown.join(', ')}; there are: ${Object.keys(ROWS).join(', ')}`);

const stack = await startCampaignStack('send');
const found: Record<string, CampaignFigures> = {};
try {
  for (const [name, row] of Object.entries(ROWS)) {
    if (asked.length === 0 || asked.includes(name)) found[name] = await measure(stack, name, row);
  }
} finally {
  await stack.close();
}
const { plain, webhooks, spread, single, million } = found;
console.log(
  JSON.stringify({
    bench: 'send',
    unit: 'messages/s',
    ...(plain && { value: plain.per_second, ratio: plain.per_second / LIMITS.per_second, cpu: plain.cpu_ms_per_1000 }),
    ...(plain && { first_message_ms: plain.first_message_ms }),
    ...(webhooks && { webhooks: webhooks.per_second }),
    ...(spread && { cpu_spread: spread.cpu_ms_per_1000 }),
    ...(single && { value_single: single.per_second }),
    ...(million && { million_seconds: million.seconds, million_mib: million.worker_mib }),
    duplicates: sumOf(({ duplicates }) => duplicates),
    lost: sumOf(({ lost }) => lost),
    limits: LIMITS,
    rows: found,
  }),
);

function sumOf(figure: (row: CampaignFigures) => number): number {
  return Object.values(found).reduce((sum, row) => sum + figure(row), 0);
}

async function measure(stack: CampaignStack, name: string, row: Row): Promise<CampaignFigures> {
  const { sequence, options, prepare } = row;
  const people = row.recipients ?? recipients;
  const world = await startWorld(stack, { ...options, name });
  try {
    console.error(`${name}: making ${people.toLocaleString('en-US')} recipients …`);
    const segment = await addAudience(world, people);
    await prepare?.(world);
    if (row.isChecked) await askForEverything(world);
    const progress = startProgress(name, { total: people * sequence.length, unit: 'messages' });
    const figures = await measureCampaign(stack, world, { segment, sequence }, { recipients: people, onProgress: progress.update });
    progress.done(`${figures.per_second.toLocaleString('en-US')} messages/s, ${figures.cpu_ms_per_1000} ms of processor time per 1,000`);
    return figures;
  } finally {
    await world.close();
  }
}
