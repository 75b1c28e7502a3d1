import { plannableChannels, type OutreachChannel } from '../../core/outreach/channels.js';
import { whileBeating } from '../beating.js';
import { draftPlans, type DraftsWritten } from './drafting.js';
import { launchPlans, type Launched } from './launching.js';
import { planChannel, type ChannelPlanned } from './planning.js';
import type { OutreachDependencies, OutreachInput } from './walk.js';

/** What a walk does about outreach: plans, drafts, and launches where the tenant lets it. */
export const createOutreachActivities = (dependencies: OutreachDependencies) => ({
  /** Safe to retry: it says what this installation can send. */
  listOutreachChannels: (): Promise<OutreachChannel[]> => Promise.resolve(plannableChannels(dependencies.sending)),

  /** Safe to retry: what the tenant has gives the same plans, in place of the last ones. */
  planOutreach: (input: OutreachInput & { readonly channel: OutreachChannel }): Promise<ChannelPlanned> =>
    whileBeating(() => planChannel(dependencies, input)),

  /** Safe to retry: a draft that is there is not written again. */
  draftOutreach: (input: OutreachInput & { readonly channels: readonly OutreachChannel[] }): Promise<DraftsWritten> =>
    whileBeating(() => draftPlans(dependencies, input)),

  /** Safe to retry: what was launched has its reservation, and its workflow is started once. */
  launchOutreach: (input: OutreachInput): Promise<Launched> => whileBeating(() => launchPlans(dependencies, input)),
});

export type OutreachActivities = ReturnType<typeof createOutreachActivities>;
