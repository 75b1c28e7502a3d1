import { shownMs, type CampaignClock } from '../../core/campaign/clock.js';
import type { EngagementChannel } from '../../core/event/engagement.js';
import { parseTenantId } from '../../core/ids.js';
import { fromRanges, toRanges, type Ranges } from '../../core/journey/ranges.js';
import type { SocialProvider } from '../../core/message/social-message.js';
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
  /** Of a social step that names one: the network that it goes over. */
  readonly provider?: SocialProvider;
  readonly members: Ranges;
  /** The test whose arms the step shows. */
  readonly test?: string;
};

/** What became of whom. `isPaced`: they are to come again just then, since only so many may at a time. */
export type StepAnswer = readonly [outcome: StepOutcome, members: Ranges, dueAtMs?: number, isPaced?: true];

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
  type Group = {
    readonly outcome: StepOutcome;
    readonly when: readonly [] | readonly [number] | readonly [number, true];
    readonly members: number[];
  };
  const groups = new Map<string, Group>();
  for (const [idx, outcome, dueAtMs, isPaced] of sent) {
    const key = `${outcome} ${dueAtMs} ${isPaced}`;
    const when = dueAtMs === undefined ? ([] as const) : isPaced ? ([dueAtMs, true] as const) : ([dueAtMs] as const);
    const group = groups.get(key) ?? { outcome, when, members: [] };
    groups.set(key, group);
    group.members.push(idx);
  }
  return [...groups.values()].map(({ outcome, when, members }) => [outcome, toRanges(members), ...when]);
}
