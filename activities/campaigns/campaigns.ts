import { Context } from '@temporalio/activity';
import { shownMs } from '../../core/campaign/clock.js';
import type { CampaignAnswer, CampaignChange } from '../../core/campaign/lifecycle.js';
import { parseTenantId } from '../../core/ids.js';
import type { Left } from '../../core/journey/batch.js';
import type { Database, TenantTransaction } from '../../db/client.js';
import { closeBatch, listOpenBatches, noteLeavings } from '../../db/queries/campaign-audience.js';
import { awaitIntakes } from '../../db/queries/campaign-entries.js';
import { occurrenceAfter } from '../../db/queries/campaign-occurrences.js';
import { changeStatus, requireCampaign, settleCampaign, type CampaignRow } from '../../db/queries/campaigns.js';
import type { BatchOrder, CampaignSummary } from '../../workflows/campaign/contract.js';
import { whileBeating } from '../beating.js';
import { enterSegmentAgain, freezeCampaign, openBatch, type OpenedBatch } from './audience.js';
import type { BatchControl } from './batch-control.js';
import { createSlotsMemory, enterThoseWaiting } from './entering.js';

type CampaignRef = { readonly tenantId: string; readonly campaignId: string };
type BatchRef = CampaignRef & { readonly batch: number };

export type CampaignDependencies = {
  readonly database: Database;
  readonly batches: BatchControl;
  readonly now: () => Date;
  /** Of campaigns' clocks: 1, but in a rehearsal. */
  readonly speed: number;
};

/** What campaigns and their batches ask for. No activity holds a rule: the rows and `core/` decide. */
export const createCampaignActivities = ({ database, batches, now, speed }: CampaignDependencies) => {
  const usual = createSlotsMemory(() => now().getTime());
  const within = <T>(ref: CampaignRef, work: (tx: TenantTransaction, row: CampaignRow) => Promise<T>): Promise<T> => {
    const tenantId = parseTenantId(ref.tenantId);
    return database.withTenant(tenantId, async (tx) => work(tx, await requireCampaign(tx, tenantId, ref.campaignId)));
  };
  /** What the campaign's clock shows when ours shows this. */
  const shown = ({ launchedAt }: CampaignRow, oursMs: number): Date =>
    new Date(shownMs({ startMs: launchedAt?.getTime() ?? 0, speed: launchedAt ? speed : 1 }, oursMs));
  const summaryAt = async (tx: TenantTransaction, row: CampaignRow, oursMs: number): Promise<CampaignSummary> => {
    const next = await occurrenceAfter(tx, row, shown(row, oursMs));
    return { ...summaryOf(row), ...(next && { next: { number: next.number, dueMs: next.dueMs, speed } }) };
  };
  return {
    /** Safe to retry: the row decides, and who asks for the same again is told that nothing changed. */
    changeCampaign: ({ change, at, ...ref }: CampaignRef & { change: CampaignChange; by: string; at: string }): Promise<CampaignChanged> =>
      within(ref, async (tx, row) => {
        const { answer, campaign } = await changeStatus(tx, row, change, new Date(at), shown(row, Date.parse(at)));
        return { answer, summary: summaryOf(campaign) };
      }),

    /** Safe to retry: what is frozen stays as it is. */
    freezeAudience: (ref: CampaignRef): Promise<CampaignSummary> =>
      whileBeating(async () => {
        // Whoever stores members has either ended by now or sees that the campaign runs: nobody comes in between unseen.
        await within(ref, awaitIntakes);
        return within(ref, async (tx, row) => summaryOf(await freezeCampaign(tx, row)));
      }),

    /** Safe to retry: an occurrence that was entered is not entered again. `at` is when ours shows that. */
    enterOccurrence: ({ occurrence, dueMs, atMs, ...ref }: CampaignRef & EnterOccurrence): Promise<CampaignSummary> =>
      whileBeating(() =>
        within(ref, async (tx, row) => {
          const entering = { occurrence, dueAt: new Date(dueMs), at: shown(row, atMs) };
          return summaryAt(tx, await enterSegmentAgain(tx, row, entering), atMs);
        }),
      ),

    /**
     * Lets those enter who wait to, batch by batch, and starts the batches from `from` on. Safe to retry: who was decided upon waits no
     * more, and a batch that runs is not started again.
     */
    enterWaiting: ({ from, atMs, ...ref }: CampaignRef & { from: number; atMs: number }): Promise<CampaignSummary> =>
      whileBeating(async () => {
        const tenantId = parseTenantId(ref.tenantId);
        for (let next = from; ;) {
          const entered = await within(ref, (tx, row) => enterThoseWaiting(tx, row, { at: shown(row, atMs), slots: usual }));
          const to = entered.campaign.batches ?? 0;
          await batches.start(database, { ...ref, tenantId }, { from: next, to, onStarted: (started) => void (next = started) });
          if (!entered.areMore) return summaryOf(entered.campaign);
        }
      }),

    /** Safe to retry: a batch that runs is not started again, and goes on where the last try has got to. */
    async startBatches({ from = 0, batches: count, ...ref }: CampaignRef & { from?: number; batches: number }): Promise<number> {
      const tenantId = parseTenantId(ref.tenantId);
      const after = Number(Context.current().info.heartbeatDetails ?? from);
      await batches.start(
        database,
        { ...ref, tenantId },
        { from: after, to: count, onStarted: (next) => Context.current().heartbeat(next) },
      );
      return count;
    },

    /** Safe to retry: to be ordered the same twice changes nothing. */
    async orderBatches({ order, ...ref }: CampaignRef & { order: BatchOrder }): Promise<void> {
      const tenantId = parseTenantId(ref.tenantId);
      await whileBeating(() => batches.order(database, { ...ref, tenantId }, order));
    },

    /** Safe to retry: it reads, and finishes a campaign whose journeys are all over once. */
    settleCampaign: ({ atMs = now().getTime(), ...ref }: CampaignRef & { atMs?: number }): Promise<CampaignSummary> =>
      within(ref, async (tx, row) => summaryAt(tx, await settleCampaign(tx, row, shown(row, atMs)), atMs)),

    /** Safe to retry: it reads. Nothing where the batch is over. */
    openBatch: ({ batch, ...ref }: BatchRef): Promise<OpenedBatch | null> => within(ref, (tx, row) => openBatch(tx, row, { batch, speed })),

    /** Safe to retry: what was written stays. */
    noteLeavings: ({ batch, left, ...ref }: BatchRef & { left: readonly Left[] }): Promise<void> =>
      within(ref, (tx, row) => noteLeavings(tx, row, { batch, left })),

    /** Safe to retry: what was written stays, and the campaign is told again. */
    async closeBatch({ batch, left, ...ref }: BatchRef & { left: readonly Left[] }): Promise<void> {
      await within(ref, (tx, row) => closeBatch(tx, row, { batch, left, at: now() }));
      // Asked after the commit: of two that close at the same time, at least one then sees both closed.
      const open = await within(ref, (tx, row) => listOpenBatches(tx, row, { after: -1, limit: 1 }));
      if (open.length === 0) await batches.reportDone({ ...ref, tenantId: parseTenantId(ref.tenantId) });
    },
  };
};

export type CampaignActivities = ReturnType<typeof createCampaignActivities>;
type EnterOccurrence = { readonly occurrence: number; readonly dueMs: number; readonly atMs: number };
type CampaignChanged = { readonly answer: CampaignAnswer; readonly summary: CampaignSummary };

const summaryOf = ({ status, launchedAt, recipients, batches }: CampaignRow): CampaignSummary => ({
  status,
  launchedAt: launchedAt?.toISOString() ?? null,
  recipients,
  batches,
});
