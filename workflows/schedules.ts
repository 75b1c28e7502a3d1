import type { ScheduleClient, ScheduleOptions, ScheduleUpdateOptions } from '@temporalio/client';
import type { TenantId } from '../core/ids.js';
import { exchangeScheduleId, exchangeWorkflowId, exchangeWorkflowType, type ExchangeInput } from './exchange/contract.js';
import { lakeScheduleId, lakeUpkeepWorkflowId, lakeUpkeepWorkflowType, type LakeUpkeepInput } from './lake-upkeep/contract.js';
import { walkTaskQueue } from './task-queues.js';
import { walkerTickWorkflowId, walkerTickWorkflowType, walkScheduleId, type WalkerTickInput } from './walker-tick/contract.js';

export type ScheduledTenant = { readonly tenantId: TenantId; readonly timeZone: string };

/** No clock is put forward or back at this hour, anywhere: a walk is neither left out nor made twice. */
const WALK_HOUR = 8;

/**
 * The Schedules that every tenant has. The note says all that can change, so that a list of Schedules shows what must be changed;
 * `taskQueue` is that of the workers that shall do the work.
 */
export function schedulesOf({ tenantId, timeZone }: ScheduledTenant, taskQueue: string = walkTaskQueue): ScheduleOptions[] {
  const tick: WalkerTickInput = { tenantId };
  const upkeep: LakeUpkeepInput = { tenantId };
  const exchange: ExchangeInput = { tenantId };
  return [
    {
      scheduleId: walkScheduleId(tenantId),
      spec: { calendars: [{ hour: WALK_HOUR, comment: 'the daily walk' }], timezone: timeZone },
      policies: { overlap: 'SKIP', catchupWindow: '6 hours' },
      state: { note: `a walk at ${WALK_HOUR}:00 in ${timeZone}, on ${taskQueue}` },
      action: {
        type: 'startWorkflow',
        workflowType: walkerTickWorkflowType,
        workflowId: walkerTickWorkflowId(tenantId),
        taskQueue,
        args: [tick],
        staticSummary: 'The daily walk is due',
      },
    },
    {
      scheduleId: lakeScheduleId(tenantId),
      // Jitter spreads the tenants over the hour. What an hour missed, the next one does.
      spec: { intervals: [{ every: '1 hour' }], jitter: '50 minutes' },
      policies: { overlap: 'SKIP', catchupWindow: '10 minutes' },
      state: { note: `the lake's upkeep every hour, on ${taskQueue}` },
      action: {
        type: 'startWorkflow',
        workflowType: lakeUpkeepWorkflowType,
        workflowId: lakeUpkeepWorkflowId(tenantId),
        taskQueue,
        args: [upkeep],
        staticSummary: 'The lake takes in what was committed since',
      },
    },
    {
      scheduleId: exchangeScheduleId(tenantId),
      spec: { intervals: [{ every: '5 minutes' }], jitter: '4 minutes' },
      policies: { overlap: 'SKIP', catchupWindow: '1 minute' },
      state: { note: `the exchange with En Garde every 5 minutes, on ${taskQueue}` },
      action: {
        type: 'startWorkflow',
        workflowType: exchangeWorkflowType,
        workflowId: exchangeWorkflowId(tenantId),
        taskQueue,
        args: [exchange],
        staticSummary: 'Deliver what is due to En Garde, and fetch its answers',
      },
    },
  ];
}

/** Makes a tenant's Schedules what they should be. Doing it again changes nothing; a Schedule that a person has paused stays paused. */
export async function applySchedules(client: ScheduleClient, tenant: ScheduledTenant, taskQueue?: string): Promise<void> {
  for (const wanted of schedulesOf(tenant, taskQueue)) await applySchedule(client, wanted);
}

export async function applySchedule(client: ScheduleClient, wanted: ScheduleOptions): Promise<void> {
  try {
    await client.create(wanted);
  } catch (error) {
    // By its name: a value of the client must not be imported among workflows.
    if (!(error instanceof Error) || error.name !== 'ScheduleAlreadyRunning') throw error;
    await client.getHandle(wanted.scheduleId).update(({ state }): ScheduleUpdateOptions => {
      const { scheduleId: _id, memo: _memo, ...options } = wanted;
      return { ...options, state: state.paused ? state : { ...wanted.state } };
    });
  }
}
