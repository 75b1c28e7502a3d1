import type { Client } from '@temporalio/client';
import type { Database } from '../db/client.js';
import { findTenant, listTenantIds } from '../db/queries/tenants.js';
import { applySchedule, schedulesOf } from '../workflows/schedules.js';

/**
 * Makes the Schedules of all tenants what they should be, where they are not: those that a tenant's creation or change could not
 * apply because Temporal was away. Gives how many it made or changed.
 */
export async function reconcileSchedules(database: Database, client: Client, taskQueue?: string): Promise<number> {
  const notes = new Map<string, string | undefined>();
  for await (const { scheduleId, state } of client.schedule.list()) notes.set(scheduleId, state.note);
  let changed = 0;
  for (const tenantId of await listTenantIds(database)) {
    const tenant = await findTenant(database, tenantId);
    if (!tenant) continue;
    for (const wanted of schedulesOf(tenant, taskQueue)) {
      if (notes.get(wanted.scheduleId) === wanted.state?.note) continue;
      await applySchedule(client.schedule, wanted);
      changed += 1;
    }
  }
  return changed;
}
