import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ORDINARY_PHONE_HABITS, phoneAudienceOf, phoneReactionsTo } from '../../sandbox/twilio/audience.js';

describe('the simulated audience of telephones', () => {
  const reached = (n: number, isWhatsapp = true) => ({ number: `+336${n}`, isWhatsapp, byService: false, failsWith: undefined });
  const all = (seed: number, isWhatsapp = true) =>
    Array.from({ length: 2_000 }, (_, n) => phoneReactionsTo(seed, ORDINARY_PHONE_HABITS, reached(n, isWhatsapp), `t${n}`));

  it('does the same for the same seed, number and message', () => {
    assert.deepEqual(all(1), all(1));
    assert.notDeepEqual(all(1), all(2));
  });

  it('does things about as often as its habits say', () => {
    const share = (reactions: ReturnType<typeof all>, what: string) =>
      reactions.filter((each) => each.some((one) => (one.kind === 'status' ? one.status : one.kind) === what)).length / reactions.length;
    const near = (actual: number, expected: number) => assert.ok(Math.abs(actual - expected) < 0.035, `${actual} for ${expected}`);
    near(share(all(1), 'delivered'), 0.97);
    near(share(all(1), 'read'), 0.68);
    near(share(all(1), 'writes'), 0.063);
    near(share(all(1, false), 'writes'), 0.09);
    near(share(all(1), 'clicks'), 0.1);
    near(share(all(1, false), 'clicks'), 0.145);
    assert.equal(share(all(1, false), 'read'), 0);
    assert.ok(share(all(1), 'failed') > 0 && share(all(1), 'undelivered') > 0);
  });

  it('never reads before it has got the message, nor after it has failed, and goes forward in time', () => {
    for (const reactions of all(3)) {
      const order = reactions.map((each) => (each.kind === 'status' ? each.status : each.kind));
      assert.ok(['sent', 'failed'].includes(order[0] ?? ''));
      if (order.includes('undelivered') || order.includes('failed')) assert.ok(['undelivered', 'failed'].includes(order.at(-1) ?? ''));
      if (order.includes('read')) assert.ok(order.indexOf('read') > order.indexOf('delivered'));
      if (order.includes('clicks')) assert.ok(order.indexOf('clicks') > Math.max(order.indexOf('delivered'), order.indexOf('read')));
      assert.deepEqual(
        reactions,
        reactions.toSorted((a, b) => a.afterMs - b.afterMs),
      );
    }
  });

  it('can be told by rules, of which the first that fits counts', () => {
    const audience = phoneAudienceOf([
      { numberHas: '+331', read: 1 },
      { numberHas: '+33', read: 0 },
    ]);
    assert.deepEqual(
      ['whatsapp:+33100', '+33600', '+1415'].map((number) => audience(number).read),
      [1, 0, ORDINARY_PHONE_HABITS.read],
    );
  });
});
