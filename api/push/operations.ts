import { z } from 'zod';
import { LONGEST_ENDPOINT } from '../../core/push/subscription.js';
import { storableText } from '../fields.js';
import { schemaOf, type DescribedOperation } from '../openapi.js';

const Key = storableText(1, 200);

/** `PushSubscription.toJSON()`; what else browsers write into it is passed over. */
export const NewSubscription = z.object({
  endpoint: storableText(1, LONGEST_ENDPOINT).describe('Where its push service takes messages for this browser.'),
  keys: z.object({
    p256dh: Key.describe('The public key of the browser, in base64url.'),
    auth: Key.describe('The secret of the subscription, in base64url.'),
  }),
});
export const OldSubscription = z.object({ endpoint: storableText(1, LONGEST_ENDPOINT) });
export const Report = z.strictObject({
  what: z.enum(['shown', 'opened']).describe('The message was shown, or its user has tapped it.'),
});

const KeyShown = z.object({ public_key: z.string().describe('The `applicationServerKey` with which a browser subscribes.') });
const Kept = z.object({ kept: z.literal(true) });
const Dropped = z.object({ dropped: z.boolean().describe('False: it was not a device of this user.') });
const Taken = z.object({ taken: z.literal(true) });

/** Push subscriptions as the OpenAPI document lists them. */
export function describePushOperations(): readonly DescribedOperation[] {
  return [
    operation('get', '/v1/push/key', 'Get the key with which a browser subscribes', { answer: KeyShown, means: 'The public key.' }),
    operation('put', '/v1/push/subscriptions', "Say that this browser is the user's", {
      description:
        'At each visit, with what the browser gives. Whosever it was, it is now this user’s alone. A user has ten; one more takes the place of the one that was seen least lately.',
      body: NewSubscription,
      answer: Kept,
      means: 'It is kept.',
    }),
    operation('delete', '/v1/push/subscriptions', 'Take this browser from the user', {
      description: 'When they sign out, or want no more messages. With the last one goes the permission.',
      body: OldSubscription,
      answer: Dropped,
      means: 'It is not theirs any more.',
    }),
    {
      ...operation('post', '/v1/push/reports/{token}', 'Say that a message was shown, or tapped', {
        description: 'By the service worker, at the `report_url` of the message. Saying it again changes nothing.',
        body: Report,
        answer: Taken,
        means: 'It is noted.',
        parameters: [{ name: 'token', in: 'path', required: true, description: 'Of the message.', schema: { type: 'string' } }],
        security: [],
      }),
    },
  ];
}

type Described = {
  readonly description?: string;
  readonly body?: z.ZodType;
  readonly answer: z.ZodType;
  readonly means: string;
  readonly parameters?: readonly object[];
  readonly security?: readonly object[];
};

function operation(method: 'get' | 'put' | 'post' | 'delete', path: string, summary: string, described: Described): DescribedOperation {
  const { description, body, answer, means, parameters, security = [{ subscriberToken: [] }] } = described;
  const name = path.replace(/^\/v1\/push/, '').replace(/[/{}]+(\w)/g, (_, letter: string) => letter.toUpperCase());
  return {
    method,
    path,
    operation: {
      operationId: `${method}Push${name.replace('}', '')}`,
      summary,
      ...(description !== undefined && { description }),
      tags: ['Push'],
      security,
      ...(parameters && { parameters }),
      ...(body && { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body, 'input') } } } }),
      responses: {
        200: { description: means, content: { 'application/json': { schema: schemaOf(answer, 'output') } } },
        default: { $ref: '#/components/responses/Problem' },
      },
    },
  };
}
