import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { suggest } from '../../core/suggestion/suggest.js';
import { payloadOf } from '../../core/suggestion/summary.js';
import { startSandboxEngarde, type SandboxEngarde } from '../../sandbox/engarde.js';
import { AS_OF, CONTEXT, threeSegments } from '../harness/segments.js';

let sandbox: SandboxEngarde;
const key = 'wa_sandbox';
before(async () => void (sandbox = await startSandboxEngarde({ keys: [key], tenants: [CONTEXT.tenantId] })));
after(() => sandbox.close());

const { suggestions } = suggest(threeSegments, CONTEXT);
const payload = payloadOf({ tenantId: CONTEXT.tenantId, asOf: AS_OF, suggestions, audiences: [], moneyDigits: 2 });

async function call(
  method: string,
  path: string,
  { body, authorization = `Bearer ${key}` }: { body?: unknown; authorization?: string } = {},
) {
  const response = await fetch(sandbox.url + path, {
    method,
    headers: { ...(authorization && { Authorization: authorization }), 'Content-Type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  // oxlint-disable-next-line typescript/no-explicit-any -- a test looks into it and asserts what it finds
  return { status: response.status, body: (await response.json()) as any };
}
const PATH = '/api/v1/walker-agents';

describe("the sandbox's En Garde", () => {
  it('refuses a key in the words of the real one', async () => {
    for (const authorization of ['', 'wa_sandbox', 'Basic abc']) {
      assert.deepEqual(await call('POST', `${PATH}/suggestions`, { body: payload, authorization }), {
        status: 401,
        body: { detail: 'Invalid authorization header format. Expected: Bearer {API_KEY}' },
      });
    }
    assert.deepEqual(await call('GET', `${PATH}/suggestions`, { authorization: 'Bearer wa_other' }), {
      status: 401,
      body: { detail: 'Invalid or revoked API key' },
    });
  });

  it('refuses a payload that is not valid, and a tenant that it does not know', async () => {
    const invalid = await call('POST', `${PATH}/suggestions`, { body: { ...payload, priority: 'urgent' } });
    assert.equal(invalid.status, 422);
    assert.match(JSON.stringify(invalid.body), /priority/);
    assert.equal((await call('POST', `${PATH}/suggestions`, { body: [] })).status, 422);
    const tenant = '00000000-0000-4000-8000-000000000000';
    assert.deepEqual(await call('POST', `${PATH}/suggestions`, { body: { ...payload, tenant_id: tenant } }), {
      status: 404,
      body: { detail: `Tenant ${tenant} not found` },
    });
    assert.deepEqual(sandbox.stored(), []);
  });

  it('stores what is sent, twice when it is sent twice, lists it, and keeps a journal that people can read', async () => {
    for (let i = 0; i < 2; i += 1) {
      const { status, body } = await call('POST', `${PATH}/suggestions`, { body: payload });
      assert.equal(status, 200);
      assert.deepEqual([body.success, body.suggestions_received, body.suggestions_stored, body.errors], [true, 2, 2, []]);
    }
    const listed = await call('GET', `${PATH}/suggestions?tenant_id=${CONTEXT.tenantId}&status=pending&limit=3`);
    assert.equal(listed.body.suggestions.length, 3);
    const { body } = await call('GET', '/sandbox/journal', { authorization: '' });
    assert.equal(body.stored.length, 4);
    assert.deepEqual(
      body.journal.map(({ outcome }: { outcome: unknown }) => outcome),
      [401, 401, 401, 401, 422, 422, 404, 200, 200, 200],
    );
  });

  it('takes an answer of a person, and hands it out behind a cursor', async () => {
    const [first] = suggestions;
    assert.ok(first);
    const posted = await call('POST', `${PATH}/responses`, {
      body: { suggestion_id: first.id, action: 'execute', channel: 'email' },
      authorization: '',
    });
    assert.equal(posted.status, 200);
    assert.equal(
      (await call('POST', `${PATH}/responses`, { body: { suggestion_id: 'sg_x', action: 'pause', channel: 'email' } })).status,
      404,
    );
    const page = (await call('GET', `${PATH}/responses?tenant_id=${CONTEXT.tenantId}`)).body;
    assert.deepEqual(
      page.responses.map(({ suggestion_id, action }: Record<string, unknown>) => [suggestion_id, action]),
      [[first.id, 'execute']],
    );
    const next = (await call('GET', `${PATH}/responses?tenant_id=${CONTEXT.tenantId}&cursor=${page.next_cursor}`)).body;
    assert.deepEqual(next, { responses: [], next_cursor: page.next_cursor });
  });

  it('misbehaves when it is told to, once for each fault', async () => {
    const faults = [{ kind: 'answer', status: 418, body: { detail: 'teapot' } }, { kind: 'reset' }];
    assert.equal((await call('POST', '/sandbox/faults', { body: { endpoint: 'GET suggestions', faults } })).status, 202);
    assert.equal((await call('GET', `${PATH}/suggestions`)).status, 418);
    await assert.rejects(call('GET', `${PATH}/suggestions`));
    assert.equal((await call('GET', `${PATH}/suggestions`)).status, 200);
  });
});
