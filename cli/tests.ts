import { randomUUID } from 'node:crypto';
import { connectWalker } from '../api/temporal.js';
import { fieldName, NewTest, wishOf } from '../api/test-fields.js';
import { reportText } from '../api/test-report.js';
import { DomainError } from '../core/errors.js';
import type { TenantId } from '../core/ids.js';
import { formatNumber, formatPercent } from '../core/numbers.js';
import type { TenantTransaction } from '../db/client.js';
import type { TestChange } from '../db/queries/test-changes.js';
import { createTest } from '../db/queries/test-creation.js';
import { findTest, listDecisions, listLooks, listTests, type TestRow } from '../db/queries/tests.js';
import { requireTenant, withDatabase } from './database.js';
import { tableLines } from './table.js';

const BY = 'command line';

export function list(tenant: TenantId): Promise<void> {
  return withDatabase('test', async (database) => {
    await requireTenant(database, tenant);
    const tests = await database.withTenant(tenant, (tx) => listTests(tx, tenant, { before: undefined, limit: 200 }));
    if (tests.length === 0) return console.log('the tenant has no tests yet (`madansara test create --tenant ID --file FILE` makes one)');
    const rows = tests.map(({ testKey, status, testName, startDate, winningVariation }) => [
      testKey,
      status,
      startDate?.toISOString().slice(0, 10) ?? '-',
      winningVariation ?? '-',
      testName,
    ]);
    for (const line of tableLines([['test id', 'status', 'started', 'winner', 'name'], ...rows])) console.log(line);
  });
}

export function create(tenant: TenantId, text: string): Promise<void> {
  const body = parseDesign(text);
  return withDatabase('test', async (database) => {
    await requireTenant(database, tenant);
    const created = await database.withTenant(tenant, (tx) =>
      createTest(tx, { tenantId: tenant, wish: wishOf(body), by: BY, at: new Date() }),
    );
    if (created.kind === 'refused') {
      throw new DomainError('invalid', created.faults.map(({ field, message }) => `${fieldName(field)}: ${message}`).join('; '));
    }
    for (const line of planLines(created.test)) console.log(line);
  });
}

function parseDesign(text: string): NewTest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Error('the file is not JSON', { cause });
  }
  const parsed = NewTest.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new DomainError('invalid', parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
}

function planLines({ testKey, plan, design }: TestRow): string[] {
  const { baseline } = design;
  return [
    `${testKey} is a draft.`,
    `Users needed: ${formatNumber(plan.maximumUsers)} (${plan.usersPerArm.map(({ variationId, users }) => `${variationId} ${formatNumber(users)}`).join(', ')})`,
    `Users available: ${formatNumber(plan.availableUsers)} in ${design.durationDays} days`,
    `Days needed: ${plan.daysNeeded ?? 'never enough users'}`,
    `Effect that can be seen: ${plan.detectableEffect === null ? 'none' : formatPercent(plan.detectableEffect)}`,
    `Baseline: ${baseline.kind === 'rate' ? formatPercent(baseline.rate) : baseline.mean} (${baseline.source}, ${baseline.ageDays} days old)`,
    ...plan.notes,
  ];
}

export function show(tenant: TenantId, testId: string): Promise<void> {
  return withDatabase('test', async (database) => {
    await database.withTenant(tenant, async (tx) => {
      const test = await requireTest(tx, tenant, testId);
      const looks = await listLooks(tx, test);
      console.log(reportText(test, looks) ?? planLines(test).join('\n'));
      console.log(`\n${test.status}, ${looks.length} looks`);
      for (const { kind, actor, decidedAt } of await listDecisions(tx, test)) console.log(`${decidedAt.toISOString()} ${kind} by ${actor}`);
    });
  });
}

export function change(tenant: TenantId, testId: string, what: TestChange): Promise<void> {
  return withDatabase('test', async (database, config) => {
    await database.withTenant(tenant, (tx) => requireTest(tx, tenant, testId));
    const walker = connectWalker(config.temporal);
    try {
      const { answer, mode } = await walker.changeTest({ tenantId: tenant, testId, change: what, by: BY, requestId: randomUUID() });
      if (answer.kind === 'refused') throw new DomainError('conflict', answer.because);
      console.log(answer.kind === 'unchanged' ? `${testId} was ${mode} before; nothing changed` : `${testId} is ${mode}`);
    } finally {
      await walker.close();
    }
  });
}

async function requireTest(tx: TenantTransaction, tenant: TenantId, testId: string): Promise<TestRow> {
  const test = await findTest(tx, tenant, testId);
  if (!test)
    throw new DomainError('not_found', `the tenant has no test ${testId} (\`madansara test list --tenant ${tenant}\` shows those it has)`);
  return test;
}
