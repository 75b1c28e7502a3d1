import { shownMs, type CampaignClock } from '../../core/campaign/clock.js';
import type { EngagementChannel } from '../../core/event/engagement.js';
import { parseTenantId } from '../../core/ids.js';
import { fromRanges, toRanges, type Ranges } from '../../core/journey/ranges.js';
import { whileBeating } from '../beating.js';
import { sendStep, type SendingDependencies, type StepOutcome, type StepSent } from './send-step.js';

/** A step as a batch asks for it. */
export type SendStepInput = {
  readonly tenantId: string;
  /** The campaign's row. */
  readonly campaign: number;
  readonly clock: CampaignClock;
  readonly batch: number;
  readonly stepKey: number;
  readonly channel: EngagementChannel;
  readonly members: Ranges;
  /** The test whose arms the step shows. */
  readonly test?: string;
};

/** What became of whom. */
export type StepAnswer = readonly [outcome: StepOutcome, members: Ranges, dueAtMs?: number];

export const createSendingActivities = ({ now, ...dependencies }: SendingDependencies) => ({
  /** Safe to retry: the ledger knows what an earlier try has sent, and nobody is sent the same twice. */
  sendStep: ({ tenantId, campaign, clock, members, ...step }: SendStepInput): Promise<readonly StepAnswer[]> =>
    whileBeating(async () => {
      const shown = () => new Date(shownMs(clock, now().getTime()));
      const wanted = { ...step, tenantId: parseTenantId(tenantId), campaignId: campaign, members: fromRanges(members) };
      return together(await sendStep({ ...dependencies, now: shown }, wanted));
    }),
});

export type SendingActivities = ReturnType<typeof createSendingActivities>;

function together(sent: StepSent): readonly StepAnswer[] {
  const groups = new Map<string, { readonly outcome: StepOutcome; readonly dueAtMs: number | undefined; readonly members: number[] }>();
  for (const [idx, outcome, dueAtMs] of sent) {
    const key = `${outcome} ${dueAtMs}`;
    const group = groups.get(key) ?? { outcome, dueAtMs, members: [] };
    groups.set(key, group);
    group.members.push(idx);
  }
  return [...groups.values()].map(({ outcome, dueAtMs, members }) =>
    dueAtMs === undefined ? [outcome, toRanges(members)] : [outcome, toRanges(members), dueAtMs],
  );
}
