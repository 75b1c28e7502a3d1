import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseSendgridEvents } from '../../../core/message/sendgrid-events.js';

const parse = (events: unknown) => parseSendgridEvents(Buffer.from(typeof events === 'string' ? events : JSON.stringify(events)));
const event = (changes: Readonly<Record<string, unknown>> = {}) => ({
  email: 'jane@example.com',
  timestamp: 1_790_000_000,
  event: 'delivered',
  sg_event_id: 'ZGVsaXZlcmVk',
  sg_message_id: 'abc.recvd-1',
  'smtp-id': '<abc@sandbox>',
  ms_token: 'token-1',
  ...changes,
});
const only = (changes: Readonly<Record<string, unknown>>) => {
  const { engagements, quarantined } = parse([event(changes)]);
  return engagements[0] ?? quarantined[0]?.because;
};

describe("the body of SendGrid's event webhook", () => {
  it('becomes engagements of ours', () => {
    assert.deepEqual(parse([event({ response: '250 OK' })]), {
      engagements: [
        {
          kind: 'delivered',
          token: 'token-1',
          providerEventId: 'ZGVsaXZlcmVk',
          occurredAtMs: 1_790_000_000_000,
          byMachine: false,
          isPermanent: false,
          detail: '250 OK',
        },
      ],
      quarantined: [],
    });
  });

  it('knows every kind of event about a message', () => {
    const kinds = {
      processed: 'accepted',
      deferred: 'deferred',
      delivered: 'delivered',
      open: 'opened',
      click: 'clicked',
      bounce: 'bounced',
      dropped: 'dropped',
      spamreport: 'complained',
      unsubscribe: 'unsubscribed',
      group_unsubscribe: 'unsubscribed',
    };
    for (const [theirs, ours] of Object.entries(kinds)) {
      const read = only({ event: theirs });
      assert.ok(typeof read === 'object' && read.kind === ours, theirs);
    }
  });

  it('tells machines from people, and bounces for good from bounces for now', () => {
    const flags = (changes: Readonly<Record<string, unknown>>) => {
      const read = only(changes);
      assert.ok(typeof read === 'object');
      return [read.byMachine, read.isPermanent];
    };
    assert.deepEqual(flags({ event: 'open', sg_machine_open: true }), [true, false]);
    assert.deepEqual(flags({ event: 'open', sg_machine_open: 'false' }), [false, false]);
    assert.deepEqual(flags({ event: 'click', sg_machine_open: true }), [false, false]);
    assert.deepEqual(flags({ event: 'bounce', type: 'bounce' }), [false, true]);
    assert.deepEqual(flags({ event: 'bounce', type: 'blocked' }), [false, false]);
  });

  it('gives an event without an id one that is the same for each of its copies', () => {
    const [first, copy, other] = [{}, {}, { timestamp: 1_790_000_001 }].map((changes) =>
      only({ event: 'spamreport', sg_event_id: undefined, ...changes }),
    );
    assert.ok(typeof first === 'object' && typeof copy === 'object' && typeof other === 'object');
    assert.match(first.providerEventId, /^derived-[0-9a-f]{32}$/);
    assert.equal(first.providerEventId, copy.providerEventId);
    assert.notEqual(first.providerEventId, other.providerEventId);
  });

  it('quarantines, with a reason, what it cannot use, and keeps the rest', () => {
    const bad = [
      event({ ms_token: undefined }),
      event({ ms_token: 'a b' }),
      event({ ms_token: ['token-1'] }),
      event({ event: 'account_status_change' }),
      event({ event: '__proto__' }),
      event({ timestamp: undefined }),
      event({ timestamp: 1_790_000_000_000 }),
      event({ timestamp: -1 }),
      null,
      'text',
      [event()],
    ];
    const { engagements, quarantined } = parse([event(), ...bad, event({ sg_event_id: 'other' })]);
    assert.deepEqual([engagements.length, quarantined.length], [2, bad.length]);
    assert.ok(quarantined.every(({ because, excerpt }) => because !== '' && excerpt.length <= 500));
    for (const whole of ['', '{', '{}', 'null', '"[]"', '[1', `${'['.repeat(100_000)}${']'.repeat(100_000)}`]) {
      const { engagements, quarantined } = parse(whole);
      assert.deepEqual([engagements.length, quarantined.length], [0, 1], whole.slice(0, 20));
    }
  });

  it('never throws and never loses an event, whatever comes', () => {
    const hostile = fc.oneof(
      fc.json(),
      fc
        .array(fc.anything())
        .map((all) => JSON.stringify(all, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)) ?? ''),
      fc
        .array(
          fc.record(
            {
              event: fc.constantFrom('open', 'click', 'bounce'),
              ms_token: fc.string(),
              timestamp: fc.anything(),
              url: fc.anything(),
              reason: fc.anything(),
            },
            { requiredKeys: [] },
          ),
        )
        .map((all) => JSON.stringify(all, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))),
    );
    fc.assert(
      fc.property(hostile, (text) => {
        const { engagements, quarantined } = parse(text);
        const body: unknown = JSON.parse(text);
        assert.equal(engagements.length + quarantined.length, Array.isArray(body) ? body.length : 1);
        for (const { token, detail } of engagements) assert.ok(token !== '' && (detail?.isWellFormed() ?? true) && !detail?.includes('\0'));
      }),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void parseSendgridEvents(bytes)));
  });
});
