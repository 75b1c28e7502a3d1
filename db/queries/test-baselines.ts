import { eq } from 'drizzle-orm';
import type { MeasuredBaseline } from '../../core/ab-test/baseline.js';
import type { TenantId } from '../../core/ids.js';
import type { TenantTransaction } from '../client.js';
import { metricBaselines } from '../tables/tests.js';

/** Keeps what a walk measured in place of what the walk before did. */
export async function replaceBaselines(tx: TenantTransaction, tenantId: TenantId, measured: readonly MeasuredBaseline[]): Promise<void> {
  await tx.delete(metricBaselines).where(eq(metricBaselines.tenantId, tenantId));
  if (measured.length === 0) return;
  await tx.insert(metricBaselines).values(measured.map((baseline) => ({ ...baseline, tenantId })));
}
