import { DomainError } from '../../core/errors.js';
import { parseLocalDate, parseTenantId, type LocalDate, type TenantId } from '../../core/ids.js';
import type { SendingReadiness } from '../../core/campaign/preflight.js';
import type { Database, TenantTransaction } from '../../db/client.js';
import { readTenant, type Tenant } from '../../db/queries/tenants.js';
import { findWalk } from '../../db/queries/walks.js';
import type { ObjectStore } from '../../store/objects.js';

export type OutreachDependencies = {
  readonly database: Database;
  readonly objects: ObjectStore;
  /** What this installation can send. */
  readonly sending: SendingReadiness;
  /** Starts the workflow of a campaign whose row says that it runs, unless it is there. */
  readonly startCampaign: (campaign: { readonly tenantId: TenantId; readonly campaignId: string }) => Promise<void>;
  readonly now: () => Date;
};

/** Of a step of the phase; only for as long as the walk's row belongs to the execution. */
export type OutreachInput = { readonly tenantId: string; readonly walkDate: string; readonly execution: string };

export type OutreachWalk = {
  readonly tenantId: TenantId;
  readonly walkDate: LocalDate;
  readonly asOf: Date;
  readonly tenant: Tenant;
};

/** The walk that a step belongs to. Throws `conflict` where a later run has taken it over. */
export async function openOutreach(tx: TenantTransaction, input: OutreachInput): Promise<OutreachWalk> {
  const tenantId = parseTenantId(input.tenantId);
  const walkDate = parseLocalDate(input.walkDate);
  const tenant = await readTenant(tx, tenantId);
  const row = await findWalk(tx, tenantId, walkDate);
  if (!tenant || !row) throw new DomainError('not_found', `there is no walk of ${walkDate} for tenant ${tenantId}`);
  if (row.record.execution !== input.execution) {
    throw new DomainError('conflict', `the walk of ${walkDate} was taken over by a later run; this one ends here`);
  }
  return { tenantId, walkDate, asOf: row.asOf, tenant };
}
