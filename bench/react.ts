import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { seededRandom } from '../core/random.js';
import { readToken } from '../core/message/token.js';
import { waitUntil } from '../sandbox/processes.js';
import type { AcceptedMessage } from '../sandbox/sendgrid/journal.js';
import { signerOf, type Signer } from '../sandbox/sendgrid/signing.js';
import { ADDRESS_KEY, askCampaign, draftCampaign } from '../test/harness/campaigns.js';
import { addAudience } from './campaign/launching.js';
import { tellOpened, type Opened, type Rate } from './campaign/engaging.js';
import { startCampaignStack } from './campaign/stack.js';
import { startWorld, type World } from './campaign/world.js';
import { secondsBetween, totalSeconds, type RoleSeconds } from './measuring/usage-by-role.js';

/**
 * How soon a reaction is reacted to: everybody has got the first message of a campaign and waits for nothing but to open it. That
 * they do is told by signed webhooks to the real route, at three rates; measured is the time from the post to the moment in which the
 * provider has taken the next message. Everything on this machine. `npm run bench -- react [SECONDS]`
 */
const SECONDS = Number(process.argv[2] ?? 20);
const RECIPIENTS = 15_000;
const RATES: readonly Rate[] = [
  { perSecond: 5, together: 1, seconds: SECONDS },
  { perSecond: 20, together: 1, seconds: SECONDS },
  { perSecond: 500, together: 10, seconds: Math.ceil(SECONDS / 2) },
];
/** What the product promises on two cores, in milliseconds at p95. */
const LIMITS = { p95_5: 150, value: 400, p95_500: 5_000 };
/** So long is waited for what has not come. */
const PATIENCE_MS = 60_000;

const webhookKey = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey.export({ format: 'der', type: 'pkcs8' });
const stack = await startCampaignStack('react');
try {
  const signer = signerOf(webhookKey.toString('base64'));
  const world = await startWorld(stack, { name: 'react', provider: 'sandbox', webhookKey: webhookKey.toString('base64') });
  try {
    const waiting = shuffled(await sendFirst(world));
    const found = [];
    for (const rate of RATES) found.push(await measure(world, signer, waiting.splice(0, rate.perSecond * rate.seconds), rate));
    report(found);
  } finally {
    await world.close();
  }
} finally {
  await stack.close();
}

/** Sends everybody the first message. */
async function sendFirst(world: World): Promise<Opened[]> {
  const { database, tenantId } = world;
  const segment = await addAudience(world, RECIPIENTS);
  const campaignId = await draftCampaign(database, tenantId, {
    segment,
    sequence: [
      { day: 0, channel: 'email', template: 'welcome_series_1' },
      { day: 0, channel: 'email', template: 'feature_highlight', trigger: 'email_opened' },
    ],
  });
  await askCampaign(stack.client, tenantId, campaignId, 'launch');
  console.error(`sending ${RECIPIENTS.toLocaleString('en-US')} people the first message …`);
  const isSent = async () => (await messagesOf(world, 1)).length === RECIPIENTS;
  if (!(await waitUntil(isSent, 300_000, 1_000))) throw new Error('the first message was not sent to everybody within five minutes');
  return messagesOf(world, 1);
}

async function messagesOf({ database, tenantId }: World, stepKey: number): Promise<Opened[]> {
  const { rows } = await database.admin.query<Opened>(
    `select user_id as "userId", message_id::float8 as "messageId" from messages
     where tenant_id = $1 and step_key = $2 and sent_at is not null`,
    [tenantId, stepKey],
  );
  return rows;
}

type Found = {
  readonly rate: Rate;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly answered_p95: number;
  readonly lost: number;
  readonly calls: number;
  readonly cpu_ms_each: number;
  /** By what it was spent for. */
  readonly cpu_ms: RoleSeconds;
};

async function measure(world: World, signer: Signer, opened: readonly Opened[], rate: Rate): Promise<Found> {
  console.error(`${opened.length} openings at ${rate.perSecond} a second …`);
  const before = world.usage();
  const { toldMs, answeredMs } = await tellOpened(world, signer, opened, rate);
  const reacted = async () => (await messagesOf(world, 2)).filter(({ userId }) => toldMs.has(userId));
  await waitUntil(async () => (await reacted()).length === opened.length, PATIENCE_MS, 500);
  const used = secondsBetween(before, world.usage());
  const users = new Map((await reacted()).map(({ userId, messageId }) => [messageId, userId]));
  const accepted = acceptedOf(world.journalPath, new Set(users.keys()));
  const latencies = accepted.map(({ messageId, atMs }) => atMs - (toldMs.get(users.get(messageId) ?? '') ?? 0));
  const quantile = quantilesOf(latencies);
  const each = (seconds: number) => Math.round((seconds * 1e4) / opened.length) / 10;
  return {
    rate,
    p50: quantile(0.5),
    p95: quantile(0.95),
    p99: quantile(0.99),
    answered_p95: Math.round(quantilesOf(answeredMs)(0.95)),
    lost: opened.length - new Set(accepted.map(({ messageId }) => messageId)).size,
    calls: new Set(accepted.map(({ callId }) => callId)).size,
    cpu_ms_each: each(totalSeconds(used)),
    cpu_ms: Object.fromEntries(Object.entries(used).map(([role, seconds]) => [role, each(seconds)])),
  };
}

/** When the provider accepted some messages; one that it accepted twice is in it twice. */
function acceptedOf(journalPath: string, messageIds: ReadonlySet<number>) {
  const lines = readFileSync(journalPath, 'utf8').split('\n').slice(0, -1);
  return lines.flatMap((line) => {
    const { at, custom_args, message_id: callId } = JSON.parse(line) as AcceptedMessage;
    const messageId = readToken(ADDRESS_KEY, Object.values(custom_args)[0])?.messageId;
    return messageId !== undefined && messageIds.has(messageId) ? [{ messageId, callId, atMs: Date.parse(at) }] : [];
  });
}

function quantilesOf(values: readonly number[]): (q: number) => number {
  const sorted = [...values].sort((a, b) => a - b);
  return (q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

function shuffled<T>(items: readonly T[]): T[] {
  const random = seededRandom(20_261_125);
  return items
    .map((item) => [random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}

function report(found: readonly Found[]): void {
  for (const { rate, p50, p95, p99, answered_p95, lost, calls, cpu_ms_each } of found) {
    console.log(
      `${rate.perSecond}/s: ${p50} / ${p95} / ${p99} ms (p50 / p95 / p99), webhook answered ${answered_p95} ms (p95), ` +
        `${calls} calls, ${cpu_ms_each} ms of processor time each, ${lost} lost`,
    );
  }
  const at = (perSecond: number) => found.find(({ rate }) => rate.perSecond === perSecond)?.p95 ?? Number.NaN;
  console.log(
    JSON.stringify({
      bench: 'react',
      value: at(20),
      unit: 'ms from a webhook to the next message (p95 at 20/s)',
      ratio: at(20) / LIMITS.value,
      p95_5: at(5),
      p95_500: at(500),
      limits: LIMITS,
      lost: found.reduce((sum, { lost }) => sum + lost, 0),
      rates: Object.fromEntries(found.map(({ rate, ...rest }) => [rate.perSecond, rest])),
    }),
  );
}
