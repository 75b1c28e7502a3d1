import { z } from 'zod';
import { chartOf } from '../../core/experiment/chart.js';
import { DomainError } from '../../core/errors.js';
import type { TenantId } from '../../core/ids.js';
import type { Database } from '../../db/client.js';
import type { TestChange } from '../../db/queries/test-changes.js';
import { createTest } from '../../db/queries/test-creation.js';
import { listDecisions, listLooks, listTests, lookOf, type TestRow } from '../../db/queries/tests.js';
import { cutPage, decodeCursor } from '../cursors.js';
import { RequestProblem } from '../errors.js';
import { page, PageQuery, storableText } from '../fields.js';
import { defineRoute, type Route } from '../route.js';
import { requireTest, TestParams, type TestRouteDependencies } from '../test-access.js';
import {
  answerOf,
  decisionShown,
  fieldName,
  lookShown,
  NewTest,
  Test,
  testModes,
  testOf,
  testUrl,
  TestWithLooks,
  wishOf,
} from '../test-fields.js';
import { reportText } from '../test-report.js';
import { createTestDataRoutes } from './test-data.js';

export function createTestRoutes(dependencies: TestRouteDependencies): readonly Route[] {
  const { database } = dependencies;
  return [
    createRoute(dependencies),
    defineRoute({
      method: 'get',
      path: '/v1/tests',
      tag: 'Tests',
      summary: 'List A/B tests, the latest first',
      scope: 'read',
      query: PageQuery.extend({ status: z.enum(testModes).optional() }),
      responses: { 200: page(Test).describe('A page of tests.') },
    }).handledBy(async ({ tenantId, query: { limit, cursor, status } }) => {
      const before = cursor === undefined ? undefined : decodeCursor('tests', cursor, parsePosition);
      const rows = await database.withTenant(tenantId, (tx) => listTests(tx, tenantId, { status, before, limit: limit + 1 }));
      const { items, next_cursor } = cutPage('tests', rows, limit, ({ id }) => String(id));
      return { status: 200, body: { items: items.map(testOf), next_cursor } };
    }),
    defineRoute({
      method: 'get',
      path: '/v1/tests/{test_id}',
      tag: 'Tests',
      summary: 'Show a test with all its looks and decisions',
      scope: 'read',
      params: TestParams,
      responses: { 200: TestWithLooks.describe('The test.') },
    }).handledBy(async ({ tenantId, params }) => ({ status: 200, body: await testWithLooks(database, tenantId, params.test_id) })),
    defineRoute({
      method: 'get',
      path: '/v1/tests/{test_id}/chart',
      tag: 'Tests',
      summary: 'Draw the intervals of a test over its looks',
      scope: 'read',
      params: TestParams,
      mediaType: 'image/svg+xml',
      responses: { 200: z.string().describe('An SVG picture.') },
    }).handledBy(async ({ tenantId, params }) => {
      const { test, looks } = await database.withTenant(tenantId, async (tx) => {
        const test = await requireTest(tx, tenantId, params.test_id);
        return { test, looks: await listLooks(tx, test) };
      });
      return { status: 200, body: chartOf(test.design, looks.map(lookOf)) };
    }),
    ...changeRoutes(dependencies),
    ...createTestDataRoutes(dependencies),
  ];
}

function parsePosition(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new RangeError('not a place in the list of tests');
  return Number(text);
}

function createRoute({ database, tests, now }: TestRouteDependencies): Route {
  return defineRoute({
    method: 'post',
    path: '/v1/tests',
    tag: 'Tests',
    summary: 'Design an A/B test',
    description:
      'Answers with the plan before anything runs: users needed in each arm, users available, days needed, and what effect could be ' +
      'seen with what there is. With `start` it also starts, unless too few users can take part and `accept_too_small` is not said.',
    scope: 'tests:write',
    startsSomething: true,
    body: NewTest.extend({ start: z.boolean().default(false), accept_too_small: z.boolean().default(false) }),
    responses: { 201: Test.describe('The test: a draft, or running.') },
  }).handledBy(async ({ tenantId, keyId, body: { start, accept_too_small: acceptTooSmall, ...body }, requestId }) => {
    const created = await database.withTenant(tenantId, (tx) => createTest(tx, { tenantId, wish: wishOf(body), by: keyId, at: now() }));
    if (created.kind === 'refused') {
      const faults = created.faults.map(({ field, message }) => ({ in: 'body' as const, path: fieldName(field), message }));
      throw new RequestProblem('invalid', faults.map(({ path, message }) => `${path}: ${message}`).join('; '), { faults });
    }
    const { testKey } = created.test;
    if (start) await tests.changeTest({ tenantId, testId: testKey, change: { kind: 'start', acceptTooSmall }, by: keyId, requestId });
    const test = await database.withTenant(tenantId, (tx) => requireTest(tx, tenantId, testKey));
    return { status: 201, body: testOf(test), headers: { Location: testUrl(testKey) } };
  });
}

async function testWithLooks(database: Database, tenantId: TenantId, testKey: string): Promise<z.input<typeof TestWithLooks>> {
  const { test, looks, decisions } = await database.withTenant(tenantId, async (tx) => {
    const test = await requireTest(tx, tenantId, testKey);
    return { test, looks: await listLooks(tx, test), decisions: await listDecisions(tx, test) };
  });
  const last = looks.at(-1);
  return {
    ...testOf(test),
    design: { ...test.design },
    answer: last ? answerOf(test, last) : null,
    report: reportText(test, looks),
    looks_taken: looks.map((look) => lookShown(look, test)),
    decisions: decisions.map(decisionShown),
    chart_url: `${testUrl(testKey)}/chart`,
  };
}

const StartBody = z.strictObject({ accept_too_small: z.boolean().default(false).describe('Start although too few users can take part.') });
const ExtendBody = z.strictObject({ days: z.int().min(1).max(180) });
const ApplyBody = z.strictObject({
  variation_id: storableText(1, 255).optional().describe('The winner, when absent.'),
  again: z.boolean().default(false).describe('Although it was rolled back.'),
});

function changeRoutes(dependencies: TestRouteDependencies): readonly Route[] {
  const common = { method: 'post', tag: 'Tests', scope: 'tests:write', startsSomething: true, params: TestParams } as const;
  const responses = { 200: Test.describe('The test as it is now; what was so before has not changed.') };
  const answer = async (call: Omit<Asked, 'change'>, change: TestChange) => ({
    status: 200 as const,
    body: testOf(await changed(dependencies, { ...call, change })),
  });
  return [
    defineRoute({ ...common, path: '/v1/tests/{test_id}/start', summary: 'Start a test', body: StartBody, responses }).handledBy((call) =>
      answer(call, { kind: 'start', acceptTooSmall: call.body.accept_too_small }),
    ),
    defineRoute({ ...common, path: '/v1/tests/{test_id}/stop', summary: 'Stop a test: the control stays', responses }).handledBy((call) =>
      answer(call, { kind: 'stop' }),
    ),
    defineRoute({
      ...common,
      path: '/v1/tests/{test_id}/extend',
      summary: 'Extend a test',
      description:
        'From then on it is judged by a confidence sequence: wider, and valid without an end. The price is kept with the decision.',
      body: ExtendBody,
      responses,
    }).handledBy((call) => answer(call, { kind: 'extend', days: call.body.days })),
    defineRoute({
      ...common,
      path: '/v1/tests/{test_id}/apply',
      summary: 'Make the winner the default of its template family',
      body: ApplyBody,
      responses,
    }).handledBy((call) => {
      const { variation_id: variationId, again } = call.body;
      return answer(call, { kind: 'apply', again, ...(variationId !== undefined && { variationId }) });
    }),
    defineRoute({
      ...common,
      path: '/v1/tests/{test_id}/rollback',
      summary: 'Bring back what was the default before',
      responses,
    }).handledBy((call) => answer(call, { kind: 'rollback' })),
  ];
}

type Asked = {
  readonly tenantId: TenantId;
  readonly keyId: string;
  readonly requestId: string;
  readonly params: { readonly test_id: string };
  readonly change: TestChange;
};

async function changed(
  { database, tests }: TestRouteDependencies,
  { tenantId, keyId, requestId, params, change }: Asked,
): Promise<TestRow> {
  const testId = params.test_id;
  await database.withTenant(tenantId, (tx) => requireTest(tx, tenantId, testId));
  const { answer } = await tests.changeTest({ tenantId, testId, change, by: keyId, requestId });
  if (answer.kind === 'refused') throw new DomainError('conflict', answer.because);
  return database.withTenant(tenantId, (tx) => requireTest(tx, tenantId, testId));
}
