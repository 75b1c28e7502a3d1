import { Client, Connection } from '@temporalio/client';
import type { Config } from '../config.js';
import { applySchedules, type ScheduledTenant } from '../workflows/schedules.js';

/** Of gRPC. */
const DEADLINE_EXCEEDED = 4;
const WITHIN_MS = 3_000;

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
    return `its walk is not scheduled yet, as Temporal at ${temporal.address} did not answer (${reasonOf(error)}): the worker schedules it when it runs`;
  } finally {
    await connection.close().catch(() => undefined);
  }
}

/** The client wraps what gRPC said, which is what happened. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  if ('code' in error && error.code === DEADLINE_EXCEEDED) return `within ${WITHIN_MS / 1000} s`;
  return 'details' in error && typeof error.details === 'string' && error.details !== '' ? error.details : error.message;
}
