import { and, asc, desc, eq, inArray, lt, sql, type SQL } from 'drizzle-orm';
import type { TenantId } from '../../core/ids.js';
import type { TenantTransaction } from '../client.js';
import { journeys, outreachCampaigns } from '../tables/campaigns.js';
import { messages } from '../tables/sending.js';
import { userAliases } from '../tables/users.js';
import type { CampaignRow } from './campaigns.js';

export type JourneyRow = typeof journeys.$inferSelect;
export type MessageRow = typeof messages.$inferSelect;
/** One user's way through a campaign: the journey, and every message that it asked for, the first one first. */
export type JourneyStory = { readonly journey: JourneyRow; readonly messages: readonly MessageRow[] };
/** A journey's place: an order in which nobody moves. */
export type JourneyPosition = { readonly batch: number; readonly idx: number };

/** The journeys of a campaign after a place, or those of one user. */
export async function listJourneys(
  tx: TenantTransaction,
  { tenantId, id }: CampaignRow,
  filter: { readonly userId?: string | undefined; readonly after: JourneyPosition | undefined; readonly limit: number },
): Promise<JourneyStory[]> {
  const { userId, after, limit } = filter;
  const conditions: SQL[] = [eq(journeys.tenantId, tenantId), eq(journeys.campaignId, id)];
  if (userId !== undefined) conditions.push(eq(journeys.userId, userId));
  if (after) conditions.push(sql`(${journeys.batch}, ${journeys.idx}) > (${after.batch}, ${after.idx})`);
  const found = await tx
    .select()
    .from(journeys)
    .where(and(...conditions))
    .orderBy(asc(journeys.batch), asc(journeys.idx))
    .limit(limit);
  const users = [...new Set(found.map((journey) => journey.userId))];
  const sent = await messagesOf(tx, [eq(messages.tenantId, tenantId), eq(messages.campaignId, id), inArray(messages.userId, users)]);
  return withMessages(found, sent);
}

function withMessages(found: readonly JourneyRow[], sent: readonly MessageRow[]): JourneyStory[] {
  const placeOf = ({ batch, idx }: JourneyPosition) => `${batch}.${idx}`;
  const byPlace = new Map<string, MessageRow[]>();
  const at = (place: string) => byPlace.get(place) ?? byPlace.set(place, []).get(place) ?? [];
  for (const message of sent) at(placeOf(message)).push(message);
  return found.map((journey) => ({ journey, messages: byPlace.get(placeOf(journey)) ?? [] }));
}

const messagesOf = (tx: TenantTransaction, conditions: readonly SQL[]): Promise<MessageRow[]> =>
  tx
    .select()
    .from(messages)
    .where(and(...conditions))
    .orderBy(asc(messages.messageId));

/** The journeys of a user in all campaigns, the latest campaign first. */
export async function listStoriesOf(
  tx: TenantTransaction,
  tenantId: TenantId,
  userId: string,
): Promise<(JourneyStory & { readonly campaign: CampaignRow })[]> {
  const entered = await tx
    .select({ journey: journeys, campaign: outreachCampaigns })
    .from(journeys)
    .innerJoin(outreachCampaigns, and(eq(outreachCampaigns.tenantId, journeys.tenantId), eq(outreachCampaigns.id, journeys.campaignId)))
    .where(and(eq(journeys.tenantId, tenantId), eq(journeys.userId, userId)))
    .orderBy(desc(journeys.campaignId), asc(journeys.entry));
  const sent = await messagesOf(tx, [eq(messages.tenantId, tenantId), eq(messages.userId, userId)]);
  return entered.map(({ journey, campaign }) => ({
    journey,
    campaign,
    messages: sent.filter(({ campaignId, entry }) => campaignId === journey.campaignId && entry === journey.entry),
  }));
}

export type MessageOfCampaign = { readonly message: MessageRow; readonly campaignKey: string; readonly campaignName: string | null };

/** A user's messages of all campaigns, the latest first, before the message `before`. */
export function listMessagesOf(
  tx: TenantTransaction,
  tenantId: TenantId,
  { userId, before, limit }: { readonly userId: string; readonly before: number | undefined; readonly limit: number },
): Promise<MessageOfCampaign[]> {
  const conditions: SQL[] = [eq(messages.tenantId, tenantId), eq(messages.userId, userId)];
  if (before !== undefined) conditions.push(lt(messages.messageId, before));
  return tx
    .select({ message: messages, campaignKey: outreachCampaigns.campaignKey, campaignName: outreachCampaigns.campaignName })
    .from(messages)
    .innerJoin(outreachCampaigns, and(eq(outreachCampaigns.tenantId, messages.tenantId), eq(outreachCampaigns.id, messages.campaignId)))
    .where(and(...conditions))
    .orderBy(desc(messages.messageId))
    .limit(limit);
}

/** Who a user is now: an id that was merged into another one leads to that one. */
export async function resolveUser(tx: TenantTransaction, tenantId: TenantId, userId: string): Promise<string> {
  const rows = await tx
    .select({ userId: userAliases.userId })
    .from(userAliases)
    .where(and(eq(userAliases.tenantId, tenantId), eq(userAliases.aliasId, userId)));
  return rows[0]?.userId ?? userId;
}
