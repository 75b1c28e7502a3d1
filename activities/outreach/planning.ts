import { DEFAULT_TOPIC } from '../../core/consent/consent.js';
import { parseTenantId } from '../../core/ids.js';
import { makePlan } from '../../core/journey/make-plan.js';
import type { Plan } from '../../core/journey/plan.js';
import { artifactOf } from '../../core/outreach/artifact.js';
import type { OutreachChannel } from '../../core/outreach/channels.js';
import { beginnings, intentions } from '../../core/outreach/event-ideas.js';
import { ideasFor, type OutreachIdea, type Unplanned } from '../../core/outreach/idea.js';
import { inOrderOfWorth } from '../../core/outreach/order.js';
import { planOf, type Found, type OutreachPlan } from '../../core/outreach/plan.js';
import { USUAL_GOAL } from '../../core/suggestion/test-from-action.js';
import type { TenantTransaction } from '../../db/client.js';
import { findSegment } from '../../db/queries/audience.js';
import { contentFaults } from '../../db/queries/campaign-content.js';
import { readReach } from '../../db/queries/campaign-reach.js';
import { countEventsSeen } from '../../db/queries/events-seen.js';
import { readQuietRules } from '../../db/queries/quiet-rules.js';
import { usualSlots } from '../../db/queries/send-slots.js';
import { segmentsOfWalk } from '../../db/queries/suggestions.js';
import { outreachKey } from './keys.js';
import { openOutreach, type OutreachDependencies, type OutreachInput, type OutreachWalk } from './walk.js';

export type ChannelPlanned = { readonly key: string; readonly plans: number };

/** Plans the campaigns of a channel for each segment of the walk, and writes them, with what is not planned and why. */
export async function planChannel(
  { database, objects, sending }: OutreachDependencies,
  { channel, ...input }: OutreachInput & { readonly channel: OutreachChannel },
): Promise<ChannelPlanned> {
  const made = await database.withTenant(parseTenantId(input.tenantId), async (tx) => {
    const walk = await openOutreach(tx, input);
    const segments = inOrderOfWorth(await segmentsOfWalk(tx, walk.tenantId, walk.walkDate));
    const goal = Object.hasOwn(walk.tenant.goals, USUAL_GOAL) ? USUAL_GOAL : null;
    const seen = await countEventsSeen(tx, walk.tenantId, { events: [...beginnings, ...intentions], asOf: walk.asOf });
    const { ideas, unplanned } = ideasFor(channel, segments, { goal, seen });
    const slots = await usualSlots(tx, walk.tenantId, { channels: [channel], homeZone: walk.tenant.timeZone });
    const judged: (OutreachPlan | Unplanned)[] = [];
    for (const idea of ideas) judged.push(await judge(tx, walk, idea, { ledgerKey: sending.ledgerKey, usualSlot: slots[channel], seen }));
    const plans = judged.filter((one) => 'planId' in one);
    return { walk, plans, unplanned: [...unplanned, ...judged.filter((one) => 'because' in one)] };
  });
  const { tenantId, walkDate, asOf } = made.walk;
  const key = outreachKey(tenantId, walkDate, channel);
  const artifact = artifactOf({ channel, walkDate, asOf: asOf.toISOString(), plans: made.plans, unplanned: made.unplanned });
  await objects.put(key, `${JSON.stringify(artifact, null, 2)}\n`);
  return { key, plans: made.plans.length };
}

type Known = {
  readonly ledgerKey: Buffer | null;
  readonly usualSlot: Parameters<typeof planOf>[1]['usualSlot'];
  readonly seen: Awaited<ReturnType<typeof countEventsSeen>>;
};

/** What stands in the way of a launch is found before anybody is counted. */
async function judge(tx: TenantTransaction, walk: OutreachWalk, idea: OutreachIdea, known: Known): Promise<OutreachPlan | Unplanned> {
  const made = makePlan(idea.request);
  const faults =
    made.status === 'refused' ? made.faults.map(({ field, message }) => `${field}: ${message}`) : await contentFaults(tx, walk, made);
  if (made.status === 'refused' || faults.length > 0) return { segment: idea.segment, name: idea.name, because: faults.join('; ') };
  const { plan } = made;
  const found = await findPeople(tx, walk, idea, { ...known, plan });
  return planOf(idea, { asOf: walk.asOf.toISOString(), plan, found, usualSlot: known.usualSlot });
}

async function findPeople(
  tx: TenantTransaction,
  { tenantId, tenant, asOf }: OutreachWalk,
  { segment, channel, request }: OutreachIdea,
  { ledgerKey, seen, plan }: Known & { readonly plan: Plan },
): Promise<Found> {
  const by = segment === null ? seen.ofAll : (seen.bySegment[segment.segmentId] ?? {});
  if (plan.entry.kind === 'event') return { kind: 'entrants', users: by[plan.entry.event] ?? 0 };
  const row = await findSegment(tx, tenantId, segment?.segmentId ?? '');
  const { ownHours } = await readQuietRules(tx, tenantId);
  const whom = { tenantId, segmentId: row?.id ?? null, topic: request.topic ?? DEFAULT_TOPIC, priority: request.priority ?? 0 };
  const scope = { channel, homeZone: tenant.timeZone, optimal: true, ledgerKey, ownHours, at: asOf };
  const { recipients, reach, overCap, clocks } = await readReach(tx, whom, scope);
  const ownTimes = clocks.reduce((sum, { slots, users }) => (slots[channel] ? sum + users : sum), 0);
  return { kind: 'reach', users: recipients, reach, overCap, ownTimes };
}
