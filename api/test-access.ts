import { z } from 'zod';
import { DomainError } from '../core/errors.js';
import type { TenantId } from '../core/ids.js';
import type { Database, TenantTransaction } from '../db/client.js';
import { findTest, type TestRow } from '../db/queries/tests.js';
import { storableText } from './fields.js';
import type { TestControl } from './temporal.js';

export type TestRouteDependencies = { readonly database: Database; readonly tests: TestControl; readonly now: () => Date };

export const TestParams = z.strictObject({ test_id: storableText(1, 255).describe('`test_…`') });

export async function requireTest(tx: TenantTransaction, tenantId: TenantId, testKey: string): Promise<TestRow> {
  const test = await findTest(tx, tenantId, testKey);
  if (!test) throw new DomainError('not_found', 'there is no such test');
  return test;
}
