import { z } from 'zod';
import { inboxFilters, inboxMarks, type InboxMark } from '../../core/inbox/item.js';
import { parametersOf, schemaOf, type DescribedOperation } from '../openapi.js';
import { Counts, Item } from './fields.js';

export const ListQuery = z.strictObject({
  filter: z.enum(inboxFilters).default('all').describe('`all` leaves out what is archived.'),
  limit: z.coerce.number().int().min(1).max(100).default(20).describe('How many to give at most.'),
  cursor: z.string().min(1).max(2_000).optional().describe('The next_cursor of the page before.'),
});

export const ItemParams = z.strictObject({
  item: z
    .string()
    .regex(/^[1-9]\d{0,14}$/, 'the number of an item is expected')
    .describe('The number of an item.'),
});
export const UpTo = z.strictObject({ up_to: z.int().min(0).describe('The number of the last item that is meant.') });

const Page = z.object({
  items: z.array(Item),
  counts: Counts,
  last_item: z.int().describe('The latest item of all: a stream that begins behind it misses nothing and repeats nothing.'),
  next_cursor: z.string().nullable().describe('Null on the last page.'),
});
const Marked = z.object({ item: Item, counts: Counts });
const ManyMarked = z.object({ changed: z.int(), counts: Counts });

const MEANINGS: Readonly<Record<InboxMark, string>> = {
  seen: 'It was on the screen',
  read: 'It was opened',
  interacted: 'Its action was taken',
  archived: 'It was put away',
};

/** Which of them may be said of all items up to one. */
export const marksOfMany = ['seen', 'read'] as const satisfies readonly InboxMark[];

/** Users' inboxes as the OpenAPI document lists them. */
export function describeInboxOperations(): readonly DescribedOperation[] {
  return [
    operation('get', '/v1/inbox', "A user's items, the newest first", {
      parameters: parametersOf('query', ListQuery),
      responses: answer(Page, 'The items and the counts, of the same moment.'),
    }),
    operation('get', '/v1/inbox/stream', 'What comes in, as server-sent events', STREAM),
    ...inboxMarks.map((mark) =>
      operation('post', `/v1/inbox/{item}/${mark}`, `${MEANINGS[mark]}: say it of one item`, {
        description: 'Saying it again changes nothing. Who reads has seen, who interacts has read.',
        parameters: parametersOf('path', ItemParams),
        responses: answer(Marked, 'The item as it is now, and the counts.'),
      }),
    ),
    ...marksOfMany.map((mark) =>
      operation('post', `/v1/inbox/${mark}`, `${MEANINGS[mark]}: say it of all items up to one`, {
        requestBody: { required: true, content: { 'application/json': { schema: schemaOf(UpTo, 'input') } } },
        responses: answer(ManyMarked, 'How many items changed, and the counts.'),
      }),
    ),
  ];
}

const STREAM = {
  description:
    'Events: `item` (an item, with its number as the event id), `counts` (when they have changed), and `expired` when the token has, which ends the stream. Comments every 20 seconds show that it lives. Send `Last-Event-ID` to go on behind that item, `0` for all there are; without it, what comes from now on.',
  parameters: [
    {
      name: 'Last-Event-ID',
      in: 'header',
      required: false,
      description: 'The number of an item.',
      schema: { type: 'string', pattern: '^\\d{1,15}$' },
    },
  ],
  responses: {
    200: { description: 'Events, until one side ends it.', content: { 'text/event-stream': { schema: { type: 'string' } } } },
  },
};

function answer(schema: z.ZodType, description: string) {
  return { 200: { description, content: { 'application/json': { schema: schemaOf(schema, 'output') } } } };
}

function operation(
  method: 'get' | 'post',
  path: string,
  summary: string,
  { responses, ...rest }: { readonly responses: object; readonly [name: string]: unknown },
): DescribedOperation {
  const name = path.replace('/v1/inbox', '').replace(/[/{}]+(\w)/g, (_, letter: string) => letter.toUpperCase());
  return {
    method,
    path,
    operation: {
      operationId: `${method}Inbox${name.replace('}', '')}`,
      summary,
      ...rest,
      tags: ['Inbox'],
      security: [{ subscriberToken: [] }],
      responses: { ...responses, default: { $ref: '#/components/responses/Problem' } },
    },
  };
}
