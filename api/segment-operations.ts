import { MAX_BATCH_BYTES, MAX_EVENT_BYTES } from '../core/event/intake.js';
import type { DescribedOperation } from './openapi.js';

type Schema = Readonly<Record<string, unknown>>;

const ID: Schema = { type: 'string', maxLength: 255 };
const OBJECT: Schema = { type: 'object', additionalProperties: true };
const TIME: Schema = { type: 'string', format: 'date-time' };

/** What every message may carry. */
const COMMON: Schema = {
  messageId: { ...ID, description: 'Stored once per tenant, for ever. Without it a repetition cannot be recognised.' },
  userId: ID,
  anonymousId: ID,
  timestamp: { ...TIME, description: 'When it happened, by the clock of the sender.' },
  sentAt: { ...TIME, description: 'When it was sent, by the same clock: with it a clock that is wrong is corrected.' },
  context: OBJECT,
};

const MESSAGES = {
  track: { summary: 'Something a user did', own: { event: { type: 'string', maxLength: 200 }, properties: OBJECT }, required: ['event'] },
  identify: { summary: 'Who a user is; joins anonymousId to userId', own: { traits: OBJECT }, required: [] },
  page: {
    summary: 'A page that a user saw',
    own: { name: { type: 'string' }, category: { type: 'string' }, properties: OBJECT },
    required: [],
  },
  screen: {
    summary: 'A screen that a user saw',
    own: { name: { type: 'string' }, category: { type: 'string' }, properties: OBJECT },
    required: [],
  },
  group: { summary: 'A group that a user belongs to', own: { groupId: ID, traits: OBJECT }, required: ['groupId'] },
  alias: { summary: 'Two ids of one person', own: { previousId: ID }, required: ['previousId', 'userId'] },
} as const;

const ANSWER: Schema = {
  type: 'object',
  required: ['success', 'stored', 'duplicates', 'rejected'],
  properties: {
    success: { const: true },
    stored: { type: 'integer', minimum: 0 },
    duplicates: { type: 'integer', minimum: 0, description: 'Messages that had been stored before.' },
    rejected: { type: 'integer', minimum: 0, description: 'Messages that cannot be stored; each is kept with its reason.' },
    rejections: {
      type: 'array',
      maxItems: 20,
      items: {
        type: 'object',
        required: ['index', 'reason'],
        properties: { index: { type: 'integer', minimum: 0 }, message_id: { type: 'string' }, reason: { type: 'string' } },
      },
    },
  },
};

/** Segment's protocol as the OpenAPI document lists it. */
export function describeSegmentOperations(): readonly DescribedOperation[] {
  const single = Object.entries(MESSAGES).map(([type, { summary, own, required }]) =>
    operation(type, summary, { type: 'object', properties: { ...COMMON, ...own }, required }),
  );
  const messages = Object.entries(MESSAGES).map(([type, { own, required }]) => ({
    type: 'object',
    properties: { type: { const: type }, ...COMMON, ...own },
    required: ['type', ...required],
  }));
  const batch = {
    type: 'object',
    properties: { batch: { type: 'array', maxItems: 5_000, items: { oneOf: messages } }, sentAt: TIME },
    required: ['batch'],
  };
  return [operation('batch', 'Many messages at once', batch), ...single];
}

function operation(path: string, summary: string, schema: Schema): DescribedOperation {
  return {
    method: 'post',
    path: `/v1/${path}`,
    operation: {
      operationId: `segment${path[0]?.toUpperCase()}${path.slice(1)}`,
      summary,
      description:
        `Segment's protocol: its clients work unchanged. A body may be gzip; ${MAX_BATCH_BYTES / 1024} KB a request, ${MAX_EVENT_BYTES / 1024} KB a message. ` +
        '200 is said after commit. A message that cannot be stored does not take its neighbours with it: it is counted in `rejected`. ' +
        'Send again after 408, 429 and 5xx; any other refusal is final. The key may also stand in the body, as `writeKey`. Browsers may shorten the path to its first letter (`/v1/t`).',
      tags: ['Events'],
      security: [{ writeKey: ['events:write'] }],
      requestBody: { required: true, content: { 'application/json': { schema } } },
      responses: {
        200: { description: 'Stored, and what was not.', content: { 'application/json': { schema: ANSWER } } },
        default: { $ref: '#/components/responses/Problem' },
      },
    },
  };
}
