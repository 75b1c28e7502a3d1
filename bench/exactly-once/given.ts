import { BATCH } from '../../test/harness/campaigns.js';
import type { Given } from './crew.js';
import { channelOf, CLUB_SHARE, STEPS_EACH, type TenantName } from './people.js';
import { tenantCalled, type World } from './world.js';

export type Sizes = { readonly messages: Readonly<Record<TenantName, number>>; readonly users: Readonly<Record<TenantName, number>> };

/** Shares so many messages out among the tenants, and each one's among people who get every step. */
export function sizesOf(messages: number): Sizes {
  const club = Math.round(messages * CLUB_SHARE);
  const shop = messages - club;
  return { messages: { shop, club }, users: { shop: Math.floor(shop / STEPS_EACH), club: Math.floor(club / STEPS_EACH) } };
}

/** A mail server's mails come again after five seconds at the soonest: they are not the last, which all would wait for. */
const CLUB_ENDS_AT = 0.85;

/** Every member of every batch gets each step, so many of them at a time; the tenants' steps mixed. */
export function giveSteps(world: World, { messages, users }: Sizes, perTask: number): readonly Given[] {
  const placed = (['shop', 'club'] as const).flatMap((name) => {
    const steps = [...stepsOf(world, name, { messages: messages[name], users: users[name], perTask })];
    return steps.map((one, i) => ({ one, at: (i / steps.length) * (name === 'club' ? CLUB_ENDS_AT : 1) }));
  });
  return placed.toSorted((a, b) => a.at - b.at).map(({ one }) => one);
}

type Size = { readonly messages: number; readonly users: number; readonly perTask: number };

function* stepsOf(world: World, tenant: TenantName, { messages, users, perTask }: Size): Generator<Given> {
  const { tenantId, campaignId } = tenantCalled(world.tenants, tenant);
  let [round, place] = [0, 0];
  for (let left = messages; left > 0;) {
    const first = place % BATCH;
    const count = Math.min(perTask, users - place, BATCH - first, left);
    const members = Array.from({ length: count }, (_, n) => first + n);
    const channel = channelOf(tenant, round, Math.floor(place / perTask));
    yield { tenant, step: { tenantId, campaignId, stepKey: round + 1, channel, batch: Math.floor(place / BATCH), members } };
    left -= count;
    place += count;
    if (place === users) [round, place] = [round + 1, 0];
  }
}
