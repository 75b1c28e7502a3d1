import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Client } from '@temporalio/client';
import { msToTs, tsToMs } from '@temporalio/common/lib/time.js';
import type { temporal } from '@temporalio/proto';
import { connectWalker } from '../../api/temporal.js';
import type { TenantId } from '../../core/ids.js';
import { localDateAt } from '../../core/local-date.js';
import { waitUntil } from '../../sandbox/processes.js';
import { applySchedules, schedulesOf } from '../../workflows/schedules.js';
import { walkScheduleId, type WalkerTickResult } from '../../workflows/walker-tick/contract.js';
import { walkerWorkflowId } from '../../workflows/walker/contract.js';
import { reconcileSchedules } from '../../workers/schedules.js';
import { openTestWalker, type TestWalker } from '../harness/walker.js';

let walker: TestWalker;
let client: Client;
before(async () => {
  walker = await openTestWalker('schedules');
  ({ client } = walker.temporal);
});
after(() => walker.close());

/** When a Schedule would start something between two moments, as Temporal itself computes it. */
async function matchingTimes(scheduleId: string, from: string, to: string): Promise<string[]> {
  const asked: Promise<temporal.api.workflowservice.v1.IListScheduleMatchingTimesResponse> =
    client.workflowService.listScheduleMatchingTimes({
      namespace: client.options.namespace,
      scheduleId,
      startTime: msToTs(Date.parse(from)),
      endTime: msToTs(Date.parse(to)),
    });
  return ((await asked).startTime ?? []).map((time) => new Date(tsToMs(time)).toISOString());
}

const newTenant = (timeZone: string): Promise<TenantId> => walker.database.newTenant({ timeZone });

describe("a tenant's Schedules", () => {
  it('walk at 08:00 by its own clocks, once a day, also when they are put forward and back', async () => {
    const tenantId = await newTenant('Europe/Berlin');
    await applySchedules(client.schedule, { tenantId, timeZone: 'Europe/Berlin' });
    assert.deepEqual(await matchingTimes(walkScheduleId(tenantId), '2027-03-27T00:00:00Z', '2027-03-29T23:00:00Z'), [
      '2027-03-27T07:00:00.000Z',
      '2027-03-28T06:00:00.000Z', // summer time since 02:00
      '2027-03-29T06:00:00.000Z',
    ]);
    assert.deepEqual(await matchingTimes(walkScheduleId(tenantId), '2027-10-30T00:00:00Z', '2027-11-01T23:00:00Z'), [
      '2027-10-30T06:00:00.000Z',
      '2027-10-31T07:00:00.000Z',
      '2027-11-01T07:00:00.000Z',
    ]);
  });

  it('follow the tenant to another time zone', async () => {
    const tenantId = await newTenant('UTC');
    const control = connectWalker(walker.config.temporal);
    await control.applySchedule({ tenantId, timeZone: 'UTC' });
    await control.applySchedule({ tenantId, timeZone: 'Asia/Kathmandu' });
    await control.close();
    assert.deepEqual(await matchingTimes(walkScheduleId(tenantId), '2027-01-01T00:00:00Z', '2027-01-02T00:00:00Z'), [
      '2027-01-01T02:15:00.000Z',
    ]);
  });

  it('start nothing beside a walk that still runs, and make up for what was missed within six hours', async () => {
    const tenantId = await newTenant('UTC');
    await applySchedules(client.schedule, { tenantId, timeZone: 'UTC' });
    const { policies } = await client.schedule.getHandle(walkScheduleId(tenantId)).describe();
    assert.equal(policies.overlap, 'SKIP');
    assert.equal(policies.catchupWindow, 6 * 3_600_000);
  });

  it('are made and mended by the worker, which leaves alone what is right and what a person has paused', async () => {
    const tenantId = await newTenant('America/New_York');
    const expected = schedulesOf({ tenantId, timeZone: 'America/New_York' }).map(({ scheduleId }) => scheduleId);
    await reconcileSchedules(walker.database, client);
    const isListed = async () => {
      const ids: string[] = [];
      for await (const { scheduleId } of client.schedule.list()) ids.push(scheduleId);
      return expected.every((id) => ids.includes(id));
    };
    assert.ok(await waitUntil(isListed, 30_000, 200));
    assert.ok(await waitUntil(async () => (await reconcileSchedules(walker.database, client)) === 0, 30_000, 200));

    await client.schedule.getHandle(walkScheduleId(tenantId)).pause('the tenant is on holiday');
    await applySchedules(client.schedule, { tenantId, timeZone: 'America/New_York' });
    const { state } = await client.schedule.getHandle(walkScheduleId(tenantId)).describe();
    assert.deepEqual([state.paused, state.note], [true, 'the tenant is on holiday']);
  });
});

describe('the tick of a Schedule', () => {
  it("starts the walk of the day that it is in the tenant's zone, and a second one finds it walked", async () => {
    const timeZone = 'Pacific/Kiritimati'; // the first to have a new day
    const tenantId = await newTenant(timeZone);
    await applySchedules(client.schedule, { tenantId, timeZone });
    const worker = await walker.startWorker();
    try {
      const schedule = client.schedule.getHandle(walkScheduleId(tenantId));
      const outcomes: string[] = [];
      for (let tick = 1; tick <= 2; tick++) {
        const before_ = localDateAt(new Date(), timeZone);
        await schedule.trigger();
        const finished = async () => (await schedule.describe()).info.recentActions.length >= tick;
        assert.ok(await waitUntil(finished, 60_000, 200));
        const { action } = (await schedule.describe()).info.recentActions[tick - 1] ?? assert.fail('no action');
        const result = (await client.workflow.getHandle(action.workflow.workflowId).result()) as WalkerTickResult;
        assert.ok([before_, localDateAt(new Date(), timeZone)].includes(result.walkDate));
        outcomes.push(result.outcome);
        const walk = await client.workflow.getHandle(walkerWorkflowId(tenantId, result.walkDate)).describe();
        assert.equal(walk.status.name, 'COMPLETED');
      }
      assert.deepEqual(outcomes, ['walked', 'walked before']);
      const metrics = await (await fetch(`http://127.0.0.1:${worker.port}/metrics`)).text();
      const age = new RegExp(`walk_last_success_age_seconds\\{tenant="${tenantId}"\\} (\\S+)`).exec(metrics)?.[1];
      assert.ok(Number(age) >= 0 && Number(age) < 300, metrics);
      assert.match(metrics, /madansara_activities_total\{type="publishSegments",outcome="done"\} 1/);
    } finally {
      await worker.close();
    }
  });
});
