import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  MAX_EVENT_BYTES,
  readMessage,
  rejectOversized,
  type AcceptedEvent,
  type IntakeContext,
  type MessageType,
} from '../../../core/event/intake.js';
import { textFault } from '../../../core/event/json.js';

const receivedMs = Date.parse('2025-06-01T12:00:00Z');
const context: IntakeContext = { receivedMs, currency: 'USD', newMessageId: () => 'made-here' };

function accepted(message: object, type?: MessageType, more: Partial<IntakeContext> = {}): AcceptedEvent {
  const intake = readMessage(message, { ...context, ...more }, type);
  assert.equal(intake.kind, 'event', JSON.stringify(intake));
  return intake;
}

function reasonOf(message: unknown, type?: MessageType): string {
  const intake = readMessage(message, context, type);
  assert.equal(intake.kind, 'rejected', JSON.stringify(intake));
  return intake.kind === 'rejected' ? intake.reason : '';
}

describe('a message', () => {
  it('that tracks becomes an event under its canonical names, with what it earned', () => {
    const properties = { revenue: '11.77', orderId: 'o1', products: [{ category: 'Jazz' }] };
    const message = { type: 'track', messageId: 'm1', userId: 'u1', event: 'Order Completed', properties };
    assert.deepEqual(accepted(message), {
      kind: 'event',
      messageId: 'm1',
      userId: 'u1',
      event: 'purchase',
      occurredAtMs: receivedMs,
      properties: { revenue: '11.77', order_id: 'o1', products: [{ category: 'Jazz' }], category: 'Jazz' },
      revenue: { minor: 1177, currency: 'USD' },
    });
  });

  it('of a page or a screen becomes a view, with its name and category', () => {
    const page = accepted({ type: 'page', anonymousId: 'a', name: 'Pricing', category: 'Shop', properties: { path: '/pricing' } });
    assert.equal(page.event, 'page_view');
    assert.equal(page.userId, 'a');
    assert.deepEqual(page.properties, { name: 'Pricing', category: 'Shop', page: '/pricing' });
    const screen = accepted({ type: 'screen', userId: 'u', name: 'Home' });
    assert.deepEqual([screen.event, screen.properties], ['screen_view', { name: 'Home' }]);
  });

  it('that identifies tells who a person is, and joins the anonymous id to theirs', () => {
    const traits = { email: 'Ada@Example.org', phone: '+49 30 123456', timezone: 'Europe/Berlin', plan: 'pro' };
    const event = accepted({ type: 'identify', userId: 'u', anonymousId: 'a', traits });
    assert.equal(event.event, 'identify');
    assert.equal(event.aliasId, 'a');
    assert.deepEqual(event.properties, {});
    assert.deepEqual(event.person, {
      traits,
      timeZone: 'Europe/Berlin',
      contacts: [
        { channel: 'email', provider: '', address: 'ada@example.org' },
        { channel: 'sms', provider: '', address: '+4930123456' },
      ],
    });
  });

  it('that identifies may keep its traits in its context, or know no more than an anonymous id', () => {
    const event = accepted({ type: 'identify', anonymousId: 'a', context: { traits: { plan: 'free' }, timezone: 'Asia/Tokyo' } });
    assert.deepEqual(event.person, { traits: { plan: 'free' }, timeZone: 'Asia/Tokyo', contacts: [] });
    assert.equal(event.aliasId, undefined);
    assert.equal(accepted({ type: 'identify', userId: 'same', anonymousId: 'same' }).aliasId, undefined);
  });

  it('that names an alias joins the previous id to the new one', () => {
    const event = accepted({ type: 'alias', userId: 'new', previousId: 'old' });
    assert.deepEqual([event.event, event.userId, event.aliasId], ['alias', 'new', 'old']);
  });

  it('that names a group keeps its id and its traits', () => {
    const event = accepted({ type: 'group', userId: 'u', groupId: 7, traits: { name: 'Initech' } });
    assert.deepEqual(event.properties, { group_id: '7', traits: { name: 'Initech' } });
    assert.deepEqual(accepted({ type: 'group', userId: 'u', groupId: 'g', traits: null }).properties, { group_id: 'g' });
  });

  it('joins nobody merely because it carries two ids', () => {
    assert.equal(accepted({ type: 'track', userId: 'u', anonymousId: 'a', event: 'x' }).aliasId, undefined);
  });

  it('is of the type of its route, where the route has one', () => {
    assert.equal(accepted({ type: 'page', userId: 'u', event: 'Signed Up' }, 'track').event, 'sign_up');
  });

  it('gets an id when it brings none, and may have numbers for ids', () => {
    assert.equal(accepted({ type: 'track', userId: 1, event: 'x' }).messageId, 'made-here');
    const event = accepted({ type: 'track', messageId: 12, userId: '', anonymousId: 42, event: 'x' });
    assert.deepEqual([event.messageId, event.userId], ['12', '42']);
  });

  it('keeps where a visit came from, unless it says so itself', () => {
    const campaign = { name: 'spring', source: 'news', medium: 'email', term: 5, content: 'b' };
    const event = accepted({ type: 'page', userId: 'u', context: { campaign, ip: '1.2.3.4' }, properties: { utm_source: 'own' } });
    assert.deepEqual(event.properties, { utm_campaign: 'spring', utm_source: 'own', utm_medium: 'email', utm_content: 'b' });
  });

  it('has its time corrected by its own sentAt, else by that of its batch', () => {
    const threeYearsAhead = receivedMs + 3 * 365 * 86_400_000;
    const timestamp = new Date(threeYearsAhead - 60_000).toISOString();
    const sentAt = new Date(threeYearsAhead).toISOString();
    const message = { type: 'track', userId: 'u', event: 'x', timestamp };
    assert.equal(accepted({ ...message, sentAt }).occurredAtMs, receivedMs - 60_000);
    assert.equal(accepted(message, undefined, { batchSentAt: sentAt }).occurredAtMs, receivedMs - 60_000);
    assert.equal(accepted({ ...message, sentAt: timestamp }, undefined, { batchSentAt: sentAt }).occurredAtMs, receivedMs);
    assert.match(reasonOf(message), /^timestamp is not between 1990 and a day from now: 2028-05-31T11:59/);
  });

  it('prefers the time that the client saw over one that was corrected on the way', () => {
    const event = accepted({
      type: 'track',
      userId: 'u',
      event: 'x',
      originalTimestamp: '2020-01-01T00:00:00Z',
      timestamp: '2021-01-01T00:00:00Z',
    });
    assert.equal(event.occurredAtMs, Date.parse('2020-01-01T00:00:00Z'));
  });
});

describe('a message is rejected with the reason', () => {
  const track = { type: 'track', userId: 'u', event: 'x' };
  const raw = (json: string): unknown => JSON.parse(json);
  const cases: readonly [reason: string, message: unknown, type?: MessageType][] = [
    ['a message must be an object', null],
    ['a message must be an object', []],
    ['a message must be an object', 'text', 'track'],
    ['type must be one of: track, identify, page, screen, group, alias', { userId: 'u' }],
    ['type must be one of: track, identify, page, screen, group, alias', { type: 'Track', userId: 'u' }],
    ['userId or anonymousId is missing', { type: 'track', event: 'x' }],
    ['userId or anonymousId is missing', { type: 'page', userId: null, anonymousId: '' }],
    ['userId must be a text', { ...track, userId: { id: 1 } }],
    ['userId must be a text', { ...track, userId: 1.5 }],
    ['userId is longer than 255 characters', { ...track, userId: 'u'.repeat(256) }],
    ['userId holds a NUL character (\\u0000)', { ...track, userId: 'u\0' }],
    ['anonymousId holds half of a surrogate pair', { ...track, anonymousId: '\ud800' }],
    ['messageId is longer than 255 characters', { ...track, messageId: 'm'.repeat(256) }],
    ['messageId holds a NUL character (\\u0000)', { ...track, messageId: '\0' }],
    ['messageId must be a text', { ...track, messageId: true }],
    ['event must be a text that is not empty', { type: 'track', userId: 'u' }],
    ['event must be a text that is not empty', { ...track, event: '  ' }],
    ['event must be a text that is not empty', { ...track, event: 5 }],
    ['event is longer than 200 characters', { ...track, event: 'e'.repeat(201) }],
    ['event holds a NUL character (\\u0000)', { ...track, event: 'a\0b' }],
    ['event holds half of a surrogate pair', { ...track, event: 'a\udfffb' }],
    ['timestamp is not a time (ISO 8601 is expected): yesterday', { ...track, timestamp: 'yesterday' }],
    ['timestamp is not a time (ISO 8601 is expected): "(Infinity)"', raw('{"type":"track","userId":"u","event":"x","timestamp":1e400}')],
    ['timestamp is not between 1990 and a day from now: 0001-01-01T00:00:00.000Z', { ...track, timestamp: '0001-01-01T00:00:00Z' }],
    ['timestamp is not between 1990 and a day from now: 9999-12-31T00:00:00.000Z', { ...track, timestamp: '9999-12-31T00:00:00Z' }],
    ['timestamp is not between 1990 and a day from now: 1989-12-31T23:59:59.999Z', { ...track, timestamp: '1989-12-31T23:59:59.999Z' }],
    ['properties must be an object', { ...track, properties: [1] }],
    ['properties must be an object', { ...track, properties: 'text' }],
    ['properties.a is a number beyond what can be kept', raw('{"type":"track","userId":"u","event":"x","properties":{"a":1e400}}')],
    ['properties has a key named __proto__', raw('{"type":"track","userId":"u","event":"x","properties":{"__proto__":{}}}')],
    ['properties.a holds a NUL character (\\u0000)', { ...track, properties: { a: '\0' } }],
    ['properties.total is not an amount: lots', { ...track, event: 'Order Completed', properties: { total: 'lots' } }],
    ['properties.currency is not a currency of ISO 4217: XYZ', { ...track, event: 'purchase', properties: { total: 1, currency: 'XYZ' } }],
    ['traits must be an object', { type: 'identify', userId: 'u', traits: 'text' }],
    ['traits has a key named __proto__', raw('{"type":"identify","userId":"u","traits":{"__proto__":1}}')],
    ['traits.name holds half of a surrogate pair', { type: 'identify', userId: 'u', traits: { name: '\ud83d' } }],
    ['traits must be an object', { type: 'group', userId: 'u', groupId: 'g', traits: 5 }],
    ['properties.traits holds a NUL character (\\u0000)', { type: 'group', userId: 'u', groupId: 'g', traits: { a: '\0' } }],
    ['groupId is missing', { type: 'group', userId: 'u' }],
    ['previousId is missing', { type: 'alias', userId: 'u' }],
    ['userId is missing', { type: 'alias', previousId: 'p', anonymousId: 'a' }],
  ];
  for (const [index, [reason, message, type]] of cases.entries()) {
    it(`${reason} (${index + 1})`, () => assert.equal(reasonOf(message, type), reason));
  }

  it('and its id and its beginning, made safe to store', () => {
    const intake = readMessage({ messageId: 'm\0\ud800', type: 'no', note: '\0' }, context);
    assert.ok(intake.kind === 'rejected' && intake.messageId !== undefined);
    assert.equal(textFault(intake.messageId), undefined);
    assert.match(intake.payload, /^\{"messageId":/);
  });
});

describe('a message that is too large', () => {
  const ofBytes = (bytes: number) => {
    const room = bytes - JSON.stringify({ a: '' }).length;
    return { a: 'é'.repeat(room >> 1) + 'x'.repeat(room % 2) };
  };
  it('is one of more than 32 KB of UTF-8', () => {
    assert.equal(rejectOversized(ofBytes(MAX_EVENT_BYTES)), undefined);
    assert.equal(rejectOversized(ofBytes(MAX_EVENT_BYTES + 1))?.reason, 'the event is larger than 32 KB');
  });
  it('or one that is so deep that it cannot be measured', () => {
    const deep = JSON.parse(`{"messageId":"m","a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`);
    const rejected = rejectOversized(deep);
    assert.deepEqual([rejected?.reason, rejected?.messageId], ['the event is nested too deeply', 'm']);
  });
});

describe('whatever is sent', () => {
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
    'context',
  );
  const value = fc.oneof(
    fc.jsonValue(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('track', 'identify', 'alias', 'Order Completed', '2025-01-01T00:00:00Z', Infinity, '\0'),
  );
  it('an event is made that can be stored, or a rejection that can (property)', () => {
    fc.assert(
      fc.property(
        fc.dictionary(field, value),
        fc.option(fc.constantFrom<MessageType>('track', 'identify', 'page', 'group')),
        (message, type) => {
          const intake = readMessage(message, context, type ?? undefined);
          const texts = JSON.stringify(intake);
          assert.ok(!texts.includes('\\ud8') && !/(?<!\\)(?:\\\\)*\\u0000/.test(texts), texts);
          if (intake.kind === 'event') assert.ok(Number.isFinite(intake.occurredAtMs) && intake.userId !== '' && intake.event !== '');
          else assert.ok(intake.reason.length > 0 && intake.reason.length < 300);
        },
      ),
      { numRuns: 5_000 },
    );
  });
});
