import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { contentFault, MOST_PAYLOAD_BYTES, payloadOf, pushTopic } from '../../../core/message/push.js';
import { pushOutcome, type PushAnswer, type PushVerdict } from '../../../core/message/push-outcome.js';
import { pushWordsOf, ttlSecondsOf } from '../../../core/message/push-words.js';
import { makePlan } from '../../../core/journey/make-plan.js';
import type { StepRequest } from '../../../core/journey/campaign-request.js';

const NOW = Date.parse('2026-03-02T12:00:00Z');
const HOUR_MS = 3_600_000;
const answered = (status: number, headers: Record<string, unknown> = {}): PushAnswer => ({ kind: 'answered', status, headers });
const broken = (written: boolean): PushAnswer => ({ kind: 'broken', code: 'ECONNRESET', written });

/** In short: what becomes of the message, and what is known of the device. */
function told(answer: PushAnswer, silentForMs?: number): string {
  const { outcome, device }: PushVerdict = pushOutcome(answer, NOW, silentForMs);
  const more =
    outcome.kind === 'refused' ? ` ${outcome.concerns}` : outcome.kind === 'not_accepted' ? ` ${(outcome.retryAtMs - NOW) / 1_000}` : '';
  return `${outcome.kind}${more}, ${device}`;
}

describe('what an answer of a push service means', () => {
  const cases: readonly (readonly [PushAnswer, string])[] = [
    [answered(201), 'accepted, reached'],
    [answered(200), 'accepted, reached'],
    [answered(204), 'ambiguous, silent'],
    [answered(307, { location: 'https://elsewhere.example' }), 'refused request, unknown'],
    [answered(400), 'refused request, unknown'],
    [answered(401), 'refused account, unknown'],
    [answered(403), 'refused account, unknown'],
    [answered(404), 'not_accepted 0, gone'],
    [answered(408), 'ambiguous, silent'],
    [answered(410), 'not_accepted 0, gone'],
    [answered(413), 'refused request, unknown'],
    [answered(429), 'not_accepted 60, reached'],
    [answered(429, { 'retry-after': '7' }), 'not_accepted 7, reached'],
    [answered(429, { 'retry-after': '99999999999' }), 'not_accepted 3600, reached'],
    [answered(429, { 'retry-after': 'soon' }), 'not_accepted 60, reached'],
    [answered(429, { 'retry-after': 'Mon, 02 Mar 2026 11:00:20 GMT', date: 'Mon, 02 Mar 2026 11:00:00 GMT' }), 'not_accepted 20, reached'],
    [answered(500), 'ambiguous, silent'],
    [answered(503, { 'retry-after': '5' }), 'ambiguous, silent'],
    [broken(true), 'ambiguous, silent'],
    [broken(false), 'not_accepted 60, silent'],
    [{ kind: 'forbidden', because: 'x' }, 'not_accepted 0, gone'],
  ];
  for (const [answer, meaning] of cases) it(`${JSON.stringify(answer)}: ${meaning}`, () => assert.equal(told(answer), meaning));

  it('is tried less often where nobody has answered for long, and given up after a day', () => {
    assert.equal(told(broken(false), HOUR_MS), 'not_accepted 900, silent');
    assert.equal(told(broken(false), 25 * HOUR_MS), 'refused request, silent');
    assert.equal(told(broken(true), 25 * HOUR_MS), 'ambiguous, silent');
  });
});

describe('the words of a push step', () => {
  it('are the title, the text and where a tap leads', () => {
    const words = pushWordsOf(
      { subject: 'Hi {{ first_name }}', text: 'Look', url: 'https://shop.example/{{ first_name | downcase }}' },
      { first_name: 'Ann' },
    );
    assert.deepEqual(words, { title: 'Hi Ann', body: 'Look', url: 'https://shop.example/ann' });
    assert.deepEqual(pushWordsOf({ text: 'Look' }, {}), { title: 'Look', body: '' });
  });

  for (const [content, because] of [
    [{}, /needs a subject or a message/],
    [{ subject: '{{ first_name }}' }, /no title/],
    [{ subject: 'x'.repeat(201) }, /longer than 200/],
    [{ subject: 'Hi', url: 'javascript:alert(1)' }, /no http or https/],
    [{ subject: 'Hi', url: '{{ first_name }}' }, /no http or https/],
  ] as const) {
    it(`are refused: ${JSON.stringify(content).slice(0, 60)}`, () => {
      const words = pushWordsOf(content, {});
      assert.match('because' in words ? words.because : '', because);
    });
  }

  it('fit into what a push service takes, to the byte, or are refused', () => {
    const sized = (chars: number) => ({ title: 'é', body: 'x'.repeat(chars), reportUrl: 'https://a.example/r' });
    const room = MOST_PAYLOAD_BYTES - Buffer.byteLength(payloadOf(sized(0), 'tag'));
    assert.equal(contentFault(sized(room), 'tag'), undefined);
    assert.match(contentFault(sized(room + 1), 'tag') ?? '', /3994 bytes, 3993 at most/);
  });

  it('have a topic of 32 characters, the same for the same message and for no other', () => {
    const key = Buffer.alloc(32, 1);
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        assert.match(pushTopic(key, one), /^[\w-]{32}$/);
        assert.equal(pushTopic(key, one) === pushTopic(key, other), one === other);
      }),
    );
  });
});

describe('how long a push message is kept for a device that is off', () => {
  const ttl = (steps: readonly Partial<StepRequest>[], changes: { readonly lifetime_days?: number } = {}, at = 0) => {
    const sequence = steps.map((step) => ({ day: 0, channel: 'push', template: 'x', message: 'x', ...step }));
    const made = makePlan({ segment: 's', sequence, ...changes });
    assert.ok(made.status === 'made', JSON.stringify(made));
    const [step, content] = [made.plan.steps[at], made.contents[at]];
    assert.ok(step && content);
    return ttlSecondsOf(made.plan, step, content) / 3_600;
  };

  it('is until the day of the next step', () => assert.equal(ttl([{}, { day: 3 }]), 72));
  it('is a few hours at least', () => assert.equal(ttl([{}, {}]), 4));
  it('is four weeks at most', () => assert.equal(ttl([{}]), 28 * 24));
  it('is as long as the offer', () => assert.equal(ttl([{ offer: { value: 20, unit: 'percent', expiry_days: 7 } }]), 7 * 24));
  it('is what is left of the entry', () => assert.equal(ttl([{}, { day: 2 }], { lifetime_days: 5 }, 1), 72));
});
