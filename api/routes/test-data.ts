import { z } from 'zod';
import { DomainError } from '../../core/errors.js';
import type { OutcomeKind } from '../../core/experiment/outcomes.js';
import type { TenantTransaction } from '../../db/client.js';
import {
  armOf,
  exposedTo,
  recordExposures,
  recordOutcomes,
  type ExposureOutcome,
  type NewExposure,
} from '../../db/queries/test-exposures.js';
import type { TestRow } from '../../db/queries/tests.js';
import { RequestProblem, type RequestFault } from '../errors.js';
import { defineRoute, type Route } from '../route.js';
import { requireTest, TestParams, type TestRouteDependencies } from '../test-access.js';
import { Exposures, Outcomes } from '../test-fields.js';

const Exposed = z.object({
  items: z
    .array(
      z.object({
        user_id: z.string(),
        status: z
          .enum(['recorded', 'repeated', 'second_variation', 'unknown_user', 'not_in_test'])
          .describe('second_variation: they had another arm before, which stays theirs; they count in no metric from now on.'),
        variation_id: z.string().nullable().describe('The arm that they are in.'),
      }),
    )
    .describe('One for each exposure, in their order.'),
});

const Told = z.object({
  items: z
    .array(
      z.object({
        outcome_id: z.string(),
        status: z
          .enum(['recorded', 'repeated', 'not_exposed', 'before_exposure', 'after_window', 'by_machine', 'unknown_user'])
          .describe(
            'All but repeated and unknown_user are kept; only recorded counts. not_exposed counts as soon as its exposure is told.',
          ),
      }),
    )
    .describe('One for each outcome, in their order.'),
});

/** For tests that run elsewhere: who saw what, and what they did. */
export function createTestDataRoutes({ database, now }: TestRouteDependencies): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/tests/{test_id}/exposures',
      tag: 'Tests',
      summary: 'Tell who fell due in a test',
      description:
        'Once a user: the first arm is theirs for ever. Without a variation_id the test assigns one. Repeating a batch changes nothing.',
      scope: 'tests:write',
      params: TestParams,
      body: Exposures,
      responses: { 200: Exposed.describe('What became of each.') },
    }).handledBy(async ({ tenantId, params, body }) => {
      const items = await database.withTenant(tenantId, async (tx) => {
        const test = await requireTest(tx, tenantId, params.test_id);
        return takeExposures(tx, test, body.exposures, now());
      });
      return { status: 200, body: { items } };
    }),
    defineRoute({
      method: 'post',
      path: '/v1/tests/{test_id}/outcomes',
      tag: 'Tests',
      summary: 'Tell what users of a test did',
      description: 'Each outcome_id once. What happens after a test was decided is kept, and moves nothing.',
      scope: 'tests:write',
      params: TestParams,
      body: Outcomes,
      responses: { 200: Told.describe('What became of each.') },
    }).handledBy(async ({ tenantId, params, body }) => {
      const statuses = await database.withTenant(tenantId, async (tx) => {
        const test = await requireTest(tx, tenantId, params.test_id);
        if (test.state.mode === 'draft') throw new DomainError('conflict', 'the test has not started');
        const outcomes = body.outcomes.map(({ outcome_id, user_id, kind, at, by_machine, value }, i) => ({
          outcomeId: outcome_id,
          userId: user_id,
          kind,
          at: momentOf(at, now(), `outcomes.${i}.at`),
          byMachine: by_machine,
          value: valueOf(kind, value, `outcomes.${i}.value`),
        }));
        return recordOutcomes(tx, test, outcomes);
      });
      return { status: 200, body: { items: statuses.map((status, i) => ({ outcome_id: body.outcomes[i]?.outcome_id ?? '', status })) } };
    }),
  ];
}

type Shown = z.input<typeof Exposed>['items'][number];

async function takeExposures(
  tx: TenantTransaction,
  test: TestRow,
  told: z.output<typeof Exposures>['exposures'],
  now: Date,
): Promise<Shown[]> {
  if (test.state.mode !== 'running' || !test.startDate)
    throw new DomainError('conflict', `the test is ${test.state.mode}, and takes no exposures`);
  const { startDate } = test;
  const before = await exposedTo(tx, test, [...new Set(told.map(({ user_id }) => user_id))]);
  const exposures = told.map(({ user_id, variation_id, exposed_at }, i): NewExposure | undefined => {
    const at = momentOf(exposed_at, now, `exposures.${i}.exposed_at`);
    if (at < startDate) throw invalid(`exposures.${i}.exposed_at`, 'it is from before the test started');
    const known = before.get(user_id);
    const variationId = variation_id ?? armOf(test, { userId: known?.userId ?? user_id, at, exposedTo: known?.variationId ?? null });
    if (variationId === undefined) return undefined;
    if (!test.variations.some(({ id }) => id === variationId)) {
      throw invalid(`exposures.${i}.variation_id`, `one of ${test.variations.map(({ id }) => id).join(', ')} is expected`);
    }
    return { userId: user_id, variationId, at };
  });
  const outcomes = await recordExposures(
    tx,
    test,
    exposures.filter((exposure) => exposure !== undefined),
  );
  let next = 0;
  return exposures.map((exposure, i) => shownOf(told[i]?.user_id ?? '', exposure && outcomes[next++]));
}

const shownOf = (userId: string, outcome: ExposureOutcome | undefined): Shown =>
  outcome
    ? { user_id: userId, status: outcome.outcome, variation_id: outcome.variationId }
    : { user_id: userId, status: 'not_in_test', variation_id: null };

/** Clocks differ a little; what lies further ahead was not seen yet. */
const AHEAD_MS = 5 * 60_000;

function momentOf(text: string | undefined, now: Date, path: string): Date {
  if (text === undefined) return now;
  const moment = new Date(text);
  if (moment.getTime() > now.getTime() + AHEAD_MS) throw invalid(path, 'it lies in the future');
  return moment;
}

function valueOf(kind: OutcomeKind, value: number | null, path: string): number | null {
  if (value !== null && value < 0 && kind !== 'refunded') throw invalid(path, `it cannot be below 0 with ${kind}`);
  if (value !== null && value > 0 && kind === 'refunded') throw invalid(path, 'what was refunded is told as a value below 0');
  return value;
}

function invalid(path: string, message: string): RequestProblem {
  const fault: RequestFault = { in: 'body', path, message };
  return new RequestProblem('invalid', `body ${path}: ${message}`, { faults: [fault] });
}
