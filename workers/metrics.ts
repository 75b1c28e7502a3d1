import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Database } from '../db/client.js';
import { countHeldMessages } from '../db/queries/campaign-counts.js';
import { listWalkAges } from '../db/queries/walks.js';

export type WorkerMetrics = {
  readonly registry: Registry;
  observeActivity(activity: { readonly type: string; readonly outcome: string; readonly seconds: number }): void;
};

/** Metrics of one worker. Labels are ids of tenants and words of closed lists. */
export function createWorkerMetrics(database: Database): WorkerMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const activities = new Counter({
    name: 'madansara_activities_total',
    help: 'Activities ended, by type and outcome (done, or the code of the failure)',
    labelNames: ['type', 'outcome'],
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'madansara_activity_duration_seconds',
    help: 'From the start of an activity in this worker to its end',
    labelNames: ['type'],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800],
    registers: [registry],
  });
  registry.registerMetric(
    new Gauge({
      name: 'walk_last_success_age_seconds',
      help: "Since the end of a tenant's last successful walk; since its creation, where there was none. Above 26 hours somebody should look.",
      labelNames: ['tenant'],
      registers: [],
      // Asked anew for each scrape: an age that a dead loop computed would stand still.
      async collect() {
        this.reset();
        for (const { tenantId, seconds } of await listWalkAges(database)) this.set({ tenant: tenantId }, seconds);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'madansara_messages_held',
      help: 'Messages of which nobody can know whether they went out (uncertain), or that wait (deferred)',
      labelNames: ['tenant', 'status'],
      registers: [],
      async collect() {
        this.reset();
        for (const { tenantId, status, messages } of await countHeldMessages(database)) this.set({ tenant: tenantId, status }, messages);
      },
    }),
  );
  return {
    registry,
    observeActivity({ type, outcome, seconds }) {
      activities.inc({ type, outcome });
      durations.observe({ type }, seconds);
    },
  };
}
