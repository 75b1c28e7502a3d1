import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { sql } from 'drizzle-orm';
import type { TenantId } from '../../core/ids.js';
import { suggest } from '../../core/suggestion/suggest.js';
import { respondToSuggestion, type Executors, type ResponseGiven } from '../../db/queries/suggestion-responses.js';
import { replaceSuggestions } from '../../db/queries/suggestions.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { seedWalk, WALK_DATE } from '../harness/notifying.js';
import { CONTEXT, threeSegments } from '../harness/segments.js';

let database: TestDatabase;
let tenantId: TenantId;
let suggestionId: string;
before(async () => {
  database = await createTestDatabase();
});
after(() => database.drop());

beforeEach(async () => {
  tenantId = await database.newTenant();
  await seedWalk(database, tenantId, { mostMembers: 1 });
  const { suggestions } = suggest(threeSegments, { ...CONTEXT, tenantId });
  await database.withTenant(tenantId, (tx) => replaceSuggestions(tx, tenantId, WALK_DATE, suggestions));
  suggestionId = suggestions[0]?.id ?? '';
});

type Said = Pick<ResponseGiven, 'action'> & Partial<ResponseGiven>;
const respond = (said: Said, executors: Executors = {}) =>
  respondToSuggestion(database, executors, { tenantId, suggestionId, channel: 'in_app', ...said });
const stored = async () => (await database.admin.query('select * from suggestion_responses where tenant_id = $1', [tenantId])).rows;
const status = async () =>
  (await database.admin.query('select status from suggestions where tenant_id = $1 and suggestion_id = $2', [tenantId, suggestionId]))
    .rows[0].status;

/** Starts a campaign by changing the tenant's name, so that the test sees whether it was done, and in which transaction. */
const renaming: Executors = {
  create_campaign: async (tx, { tenantId: ours, position, action }) => {
    await tx.execute(sql`update tenants set name = name || ${`+${action.channel}`} where tenant_id = ${ours}`);
    return { kind: 'started', reference: `camp_${position}` };
  },
};
const nameOf = async () => (await database.admin.query('select name from tenants where tenant_id = $1', [tenantId])).rows[0].name;

describe('an answer to a suggestion', () => {
  it('is kept with what became of it', async () => {
    const taken = await respond({ action: 'pause', channel: 'whatsapp' });
    assert.deepEqual([taken.outcome, taken.suggestion.status, taken.isRepetition], [{ kind: 'paused' }, 'paused', false]);
    const [row] = await stored();
    assert.deepEqual([row.response_id, row.action, row.channel, row.outcome], [taken.responseId, 'pause', 'whatsapp', { kind: 'paused' }]);
  });

  it('that asks for details changes nothing', async () => {
    assert.equal((await respond({ action: 'details' })).outcome.kind, 'details');
    assert.equal(await status(), 'pending');
  });

  it('says which action is not available, and leaves the suggestion as it was', async () => {
    const { outcome, suggestion } = await respond({ action: 'execute' });
    const action = { kind: 'not_available', action_type: 'create_campaign', reason: 'this installation cannot execute create_campaign' };
    assert.deepEqual(outcome, { kind: 'not_executed', actions: [action, action] });
    assert.equal(suggestion.status, 'pending');
  });

  it('is tried again when it could not be executed, once there is an executor', async () => {
    const first = await respond({ action: 'execute' });
    const again = await respond({ action: 'execute' }, renaming);
    assert.equal(again.responseId, first.responseId);
    assert.equal(again.outcome.kind, 'executed');
    assert.equal((await stored()).length, 1);
    assert.equal(await status(), 'accepted');
  });

  it('with an id of its own is one answer for ever', async () => {
    await respond({ action: 'execute', responseId: 'r1' });
    assert.equal((await respond({ action: 'execute', responseId: 'r1' }, renaming)).outcome.kind, 'not_executed');
    assert.equal((await respond({ action: 'execute', responseId: 'r2' }, renaming)).outcome.kind, 'executed');
  });

  it('executes each action once, however many say so at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) => respond({ action: 'execute', ...(i % 3 > 0 && { responseId: `r${i}` }) }, renaming)),
    );
    assert.equal(await nameOf(), 'Test+email+whatsapp');
    const executed = answers.filter(({ outcome }) => outcome.kind === 'executed');
    assert.ok(executed.length >= 1);
    assert.deepEqual(executed[0]?.outcome, {
      kind: 'executed',
      actions: [
        { kind: 'started', reference: 'camp_0', action_type: 'create_campaign' },
        { kind: 'started', reference: 'camp_1', action_type: 'create_campaign' },
      ],
    });
    assert.ok(answers.every(({ outcome, isRepetition }) => outcome.kind === 'unchanged' || outcome.kind === 'executed' || isRepetition));
  });

  it('is undone when its executor breaks, with what the executor did, and can be given again', async () => {
    const breaking: Executors = {
      create_campaign: async (tx, command) => {
        await renaming.create_campaign?.(tx, command);
        if (command.position === 1) throw new Error('the campaign could not be made');
        return { kind: 'started', reference: 'camp_0' };
      },
    };
    await assert.rejects(respond({ action: 'execute' }, breaking), /could not be made/);
    assert.deepEqual([await nameOf(), await status(), await stored()], ['Test', 'pending', []]);
    await respond({ action: 'execute' }, renaming);
    assert.equal(await status(), 'accepted');
  });

  it('that failed for good in one action is accepted for the others', async () => {
    const half: Executors = {
      create_campaign: async (_tx, { position }) =>
        position === 0 ? { kind: 'failed', reason: 'nobody can be reached by e-mail' } : { kind: 'started', reference: 'camp_1' },
    };
    const { outcome, suggestion } = await respond({ action: 'execute' }, half);
    assert.equal(suggestion.status, 'accepted');
    assert.deepEqual(outcome.kind === 'executed' && outcome.actions.map(({ kind }) => kind), ['failed', 'started']);
  });

  it('that contradicts the decision is refused, whoever is first', async () => {
    await respond({ action: 'reject' });
    for (const action of ['execute', 'pause'] as const) {
      await assert.rejects(respond({ action }, renaming), { code: 'conflict', message: /the suggestion was rejected: .* comes too late/ });
    }
    assert.equal((await respond({ action: 'reject', channel: 'email' })).outcome.kind, 'unchanged');
    assert.equal(await nameOf(), 'Test');
  });

  it('ends in one decision when two contradict each other at once', async () => {
    const answers = await Promise.allSettled([respond({ action: 'execute' }, renaming), respond({ action: 'reject' })]);
    assert.equal(answers.filter((each) => each.status === 'fulfilled').length, 1);
    assert.equal(await nameOf(), (await status()) === 'accepted' ? 'Test+email+whatsapp' : 'Test');
  });

  it('may not use the id of another answer', async () => {
    await respond({ action: 'details', responseId: 'r1' });
    await assert.rejects(respond({ action: 'pause', responseId: 'r1' }), { code: 'conflict', message: /r1 was used for another answer/ });
    const { rows } = await database.admin.query('select suggestion_id from suggestions where tenant_id = $1', [tenantId]);
    const ids: string[] = rows.map(({ suggestion_id }) => suggestion_id);
    const both = await Promise.allSettled(ids.map((id) => respond({ action: 'pause', suggestionId: id, responseId: 'r2' })));
    assert.deepEqual(both.map((each) => each.status).sort(), ['fulfilled', 'rejected']);
  });

  it('to a suggestion that is not there, or is of another tenant, finds nothing', async () => {
    await assert.rejects(respond({ action: 'pause', suggestionId: 'sg_aud_00000000000000000000' }), { code: 'not_found' });
    const other = await database.newTenant();
    await assert.rejects(respond({ action: 'pause', tenantId: other }), { code: 'not_found' });
    assert.equal(await status(), 'pending');
  });
});
