import { Client, Connection } from '@temporalio/client';
import type { Config } from '../config.js';
import { applySchedules, type ScheduledTenant } from '../workflows/schedules.js';

const WITHIN_MS = 4_000;

/**
 * Makes the Schedules of a tenant what they should be, and says so in a sentence. The row is the truth: where Temporal cannot be
 * reached the worker makes them right when it runs.
 */
export async function scheduleTenant({ temporal }: Config, tenant: ScheduledTenant): Promise<string> {
  const connection = Connection.lazy({ address: temporal.address, connectTimeout: WITHIN_MS });
  try {
    const client = new Client({ connection, namespace: temporal.namespace });
    await connection.withDeadline(Date.now() + WITHIN_MS, () => applySchedules(client.schedule, tenant));
    return `its walk is scheduled at 08:00 in ${tenant.timeZone}, every day`;
  } catch (error) {
    const reason = error instanceof Error && error.message ? ` (${error.message})` : '';
    return `its walk is not scheduled yet, as Temporal at ${temporal.address} did not answer as it should${reason}: the worker schedules it when it runs`;
  } finally {
    await connection.close().catch(() => undefined);
  }
}
