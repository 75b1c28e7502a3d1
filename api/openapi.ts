import { z } from 'zod';
import { problemCodes } from './errors.js';
import type { Access, Route } from './route.js';

type Json = Readonly<Record<string, unknown>>;

/** An operation that is not in the table of routes (Segment's protocol, inboxes and push subscriptions have rules of their own), described by its owner. */
export type DescribedOperation = { readonly method: string; readonly path: string; readonly operation: Json };

/** The OpenAPI 3.1 document: made of the schemas that validate, so that it cannot say anything else. */
export function describeApi(routes: readonly Route[], others: readonly DescribedOperation[], version: string): Json {
  const operations = [...routes.map((route) => ({ method: route.method, path: route.path, operation: operationOf(route) })), ...others];
  const paths: Record<string, Record<string, Json>> = {};
  for (const { method, path, operation } of operations) paths[path] = { ...paths[path], [method]: operation };
  return {
    openapi: '3.1.0',
    info: {
      title: 'MadanSara',
      version,
      summary: 'Audience intelligence: walks, segments, members, suggestions.',
      description: INTRODUCTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      securitySchemes: SECURITY_SCHEMES,
      schemas: { Problem: PROBLEM_SCHEMA },
      responses: {
        Problem: {
          description: 'The request was refused, or something failed: `code` says which.',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
    },
  };
}

const INTRODUCTION = `
Fractions are 0 to 1. Money is \`{amount_minor, currency}\` in minor units. Times are ISO 8601 in UTC; days are days in the tenant's time zone.
A suggestion's \`payload\` keeps the form in which En Garde receives it.

Errors are \`application/problem+json\` with a \`code\` out of: ${problemCodes.map((code) => `\`${code}\``).join(', ')}.
Each answer carries \`X-Request-Id\`; send one of your own to find a request again in both logs.

Lists give \`next_cursor\`; hand it back as \`cursor\` for the next page. A cursor stays right while rows come and go.
A POST that starts something honours \`Idempotency-Key\`: its repetition within a day gets the first answer and starts nothing.
`.trim();

const SECURITY_SCHEMES = {
  apiKey: { type: 'http', scheme: 'bearer', description: "A tenant's key (`ms_…`). The tenant comes from the key." },
  adminKey: { type: 'http', scheme: 'bearer', description: "The operator's key, ADMIN_API_KEY." },
  writeKey: {
    type: 'http',
    scheme: 'basic',
    description: 'A write key (`msw_…`) as the user name, an empty password: as Segment does it.',
  },
  subscriberToken: {
    type: 'http',
    scheme: 'bearer',
    description: "One user's token for their own inbox and browsers, which the tenant's backend gets from `POST /v1/inbox/tokens`.",
  },
};

const PROBLEM_SCHEMA = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'detail', 'request_id'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { enum: problemCodes },
    detail: { type: 'string', description: 'What was wrong, where, and what was expected.' },
    request_id: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['in', 'path', 'message'],
        properties: { in: { enum: ['path', 'query', 'headers', 'body'] }, path: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
};

function operationOf(route: Route): Json {
  const { method, path, summary, description, tag, scope, schemas, startsSomething } = route;
  const parameters = [
    ...parametersOf('path', schemas.params),
    ...parametersOf('query', schemas.query),
    ...(startsSomething ? [IDEMPOTENCY_PARAMETER] : []),
  ];
  return {
    operationId: `${method}${path.replace(/[/{}_.-]+(\w?)/g, (_, letter: string) => letter.toUpperCase())}`,
    summary,
    ...(description && { description }),
    tags: [tag],
    security: securityOf(scope),
    ...(parameters.length > 0 && { parameters }),
    ...(schemas.body && { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(schemas.body, 'input') } } } }),
    responses: { ...responsesOf(route), default: { $ref: '#/components/responses/Problem' } },
  };
}

const IDEMPOTENCY_PARAMETER = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'Any text that names this request, e.g. a UUID. A repetition with it gets the first answer.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};

/** OpenAPI 3.1 lets a scheme without OAuth list the roles that are needed: here, the scope. */
function securityOf(scope: Access): readonly Json[] {
  if (scope === 'public') return [];
  return scope === 'admin' ? [{ adminKey: [] }] : [{ apiKey: [scope] }];
}

function responsesOf({ schemas, mediaType }: Route): Json {
  return Object.fromEntries(
    Object.entries(schemas.responses).map(([status, schema]) => [
      status,
      { description: schema.description ?? 'Success.', content: { [mediaType]: { schema: schemaOf(schema, 'output') } } },
    ]),
  );
}

export function parametersOf(place: 'path' | 'query', schema: z.ZodType | undefined): readonly Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    properties?: Record<string, { description?: string }>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...property }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description && { description }),
    schema: property,
  }));
}

export function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' });
  return rest;
}
