import { baselineWindowHours, type MeasuredBaseline } from '../../core/ab-test/baseline.js';
import { replaceBaselines } from '../../db/queries/test-baselines.js';
import { CHANNEL_DAYS, PRESENT_DAYS, sumChannels, sumWindows, type ChannelSums, type WindowSums } from '../../store/baselines.js';
import { bucketsOf, openSegmentation, type SegmentationDependencies, type SegmentationInput } from '../segmentation/walk.js';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** Measures from the events that the walk reads what users do without a test: from there new tests start. Gives how many it found. */
export async function measureBaselines(dependencies: SegmentationDependencies, input: SegmentationInput): Promise<number> {
  const walk = await openSegmentation(dependencies, input);
  const { tenantId, asOfMs, tenant, pin } = walk;
  const goals = Object.entries(tenant.goals).map(([name, { event, filters }]) => ({ name, event, filters }));
  const query = { asOfMs, currency: tenant.currency, windowHours: baselineWindowHours, goals };
  const sums = await Promise.all(
    bucketsOf(walk).map(async (bucket) => {
      const relation = await dependencies.lake.relation(tenantId, pin, bucket);
      return dependencies.scans.session(async (session) => ({
        windows: await sumWindows(session, relation, query),
        channels: await sumChannels(session, relation, asOfMs),
      }));
    }),
  );
  const measured = [
    ...windowBaselines(
      sums.flatMap(({ windows }) => windows),
      { asOfMs, currency: tenant.currency, goals: goals.map(({ name }) => name) },
    ),
    ...channelBaselines(
      sums.flatMap(({ channels }) => channels),
      asOfMs,
    ),
  ];
  await dependencies.database.withTenant(tenantId, (tx) => replaceBaselines(tx, tenantId, measured));
  return measured.length;
}

function windowBaselines(
  sums: readonly WindowSums[],
  { asOfMs, currency, goals }: { readonly asOfMs: number; readonly currency: string; readonly goals: readonly string[] },
): MeasuredBaseline[] {
  return baselineWindowHours.flatMap((windowHours) => {
    const of = sums.filter((each) => each.windowHours === windowHours);
    const total = (what: (each: WindowSums) => number) => of.reduce((sum, each) => sum + what(each), 0);
    const users = total((each) => each.users);
    if (users === 0) return [];
    const measuredFrom = new Date(asOfMs - windowHours * HOUR_MS - PRESENT_DAYS * DAY_MS);
    const common = { windowHours, users, measuredFrom, measuredTo: new Date(asOfMs) };
    const rates = goals.map((subject, i) => {
      const sum = total(({ converted }) => converted[i] ?? 0);
      return { ...common, metric: 'conversion_rate' as const, subject, sum, sumOfSquares: sum };
    });
    const [sum, sumOfSquares] = [total(({ spent }) => spent), total(({ spentSquares }) => spentSquares)];
    return [...rates, { ...common, metric: 'revenue_per_user' as const, subject: currency, sum, sumOfSquares }];
  });
}

const CHANNEL_METRICS = { open_rate: 'opened', ctr: 'clicked', reply_rate: 'replied' } as const;

function channelBaselines(sums: readonly ChannelSums[], asOfMs: number): MeasuredBaseline[] {
  const messages = (channel: string, kind: string) =>
    sums.filter((each) => each.channel === channel && each.kind === kind).reduce((sum, each) => sum + each.messages, 0);
  const period = { measuredFrom: new Date(asOfMs - CHANNEL_DAYS * DAY_MS), measuredTo: new Date(asOfMs) };
  return [...new Set(sums.map(({ channel }) => channel))].flatMap((subject) => {
    const users = messages(subject, 'delivered');
    if (users === 0) return [];
    return (Object.keys(CHANNEL_METRICS) as (keyof typeof CHANNEL_METRICS)[]).map((metric) => {
      const sum = Math.min(users, messages(subject, CHANNEL_METRICS[metric]));
      return { ...period, metric, subject, windowHours: 0, users, sum, sumOfSquares: sum };
    });
  });
}
