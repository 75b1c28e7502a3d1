import { Context } from '@temporalio/activity';
import { shownMs } from '../../core/campaign/clock.js';
import type { CampaignAnswer, CampaignChange } from '../../core/campaign/lifecycle.js';
import { parseTenantId } from '../../core/ids.js';
import type { Left } from '../../core/journey/batch.js';
import type { Database, TenantTransaction } from '../../db/client.js';
import { closeBatch, listOpenBatches } from '../../db/queries/campaign-audience.js';
import { changeStatus, requireCampaign, settleCampaign, type CampaignRow } from '../../db/queries/campaigns.js';
import type { BatchOrder, CampaignSummary } from '../../workflows/campaign/contract.js';
import { whileBeating } from '../beating.js';
import { freezeCampaign, openBatch, type OpenedBatch } from './audience.js';
import type { BatchControl } from './batch-control.js';

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
  const within = <T>(ref: CampaignRef, work: (tx: TenantTransaction, row: CampaignRow) => Promise<T>): Promise<T> => {
    const tenantId = parseTenantId(ref.tenantId);
    return database.withTenant(tenantId, async (tx) => work(tx, await requireCampaign(tx, tenantId, ref.campaignId)));
  };
  /** What the campaign's clock shows. */
  const shown = ({ launchedAt }: CampaignRow): Date =>
    new Date(shownMs({ startMs: launchedAt?.getTime() ?? 0, speed: launchedAt ? speed : 1 }, now().getTime()));
  return {
    /** Safe to retry: the row decides, and who asks for the same again is told that nothing changed. */
    changeCampaign: ({ change, at, ...ref }: CampaignRef & { change: CampaignChange; by: string; at: string }): Promise<CampaignChanged> =>
      within(ref, async (tx, row) => {
        const { answer, campaign } = await changeStatus(tx, row, change, new Date(at));
        return { answer, summary: summaryOf(campaign) };
      }),

    /** Safe to retry: what is frozen stays as it is. */
    freezeAudience: (ref: CampaignRef): Promise<CampaignSummary> =>
      whileBeating(() => within(ref, async (tx, row) => summaryOf(await freezeCampaign(tx, row)))),

    /** Safe to retry: a batch that runs is not started again, and goes on where the last try has got to. */
    async startBatches({ batches: count, ...ref }: CampaignRef & { batches: number }): Promise<number> {
      const tenantId = parseTenantId(ref.tenantId);
      const from = Number(Context.current().info.heartbeatDetails ?? 0);
      await batches.start({ ...ref, tenantId }, { from, to: count, onStarted: (next) => Context.current().heartbeat(next) });
      return count;
    },

    /** Safe to retry: to be ordered the same twice changes nothing. */
    async orderBatches({ order, ...ref }: CampaignRef & { order: BatchOrder }): Promise<void> {
      const tenantId = parseTenantId(ref.tenantId);
      await whileBeating(() => batches.order(database, { ...ref, tenantId }, order));
    },

    /** Safe to retry: it reads, and finishes a campaign whose journeys are all over once. */
    settleCampaign: (ref: CampaignRef): Promise<CampaignSummary> =>
      within(ref, async (tx, row) => summaryOf(await settleCampaign(tx, row, shown(row)))),

    /** Safe to retry: it reads. Nothing where the batch is over. */
    openBatch: ({ batch, ...ref }: BatchRef): Promise<OpenedBatch | null> => within(ref, (tx, row) => openBatch(tx, row, { batch, speed })),

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
type CampaignChanged = { readonly answer: CampaignAnswer; readonly summary: CampaignSummary };

const summaryOf = ({ status, launchedAt, recipients, batches }: CampaignRow): CampaignSummary => ({
  status,
  launchedAt: launchedAt?.toISOString() ?? null,
  recipients,
  batches,
});
