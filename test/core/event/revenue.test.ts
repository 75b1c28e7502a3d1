import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readRevenue } from '../../../core/event/revenue.js';

const usd = (minor: number) => ({ minor, currency: 'USD' });

describe('the revenue of an event', () => {
  it('is what a purchase brought in', () => {
    assert.deepEqual(readRevenue('purchase', { revenue: 25, total: 27.5 }, 'USD'), { kind: 'read', event: 'purchase', revenue: usd(2500) });
    assert.deepEqual(readRevenue('purchase', { total: '27.50' }, 'USD'), { kind: 'read', event: 'purchase', revenue: usd(2750) });
    assert.deepEqual(readRevenue('purchase', {}, 'USD'), { kind: 'read', event: 'purchase' });
  });

  it('stays in the currency that the event names, and is never converted', () => {
    const read = readRevenue('purchase', { revenue: 1000, currency: 'jpy' }, 'USD');
    assert.deepEqual(read, { kind: 'read', event: 'purchase', revenue: { minor: 1000, currency: 'JPY' } });
  });

  it('is negative for a refund, whichever sign it was sent with', () => {
    for (const total of [30, -30, '-30.00']) {
      assert.deepEqual(readRevenue('refund', { total }, 'USD'), { kind: 'read', event: 'refund', revenue: usd(-3000) });
    }
    const nothing = readRevenue('refund', { total: 0 }, 'USD');
    assert.ok(nothing.kind === 'read' && Object.is(nothing.revenue?.minor, 0));
  });

  it('makes a purchase of less than nothing a refund', () => {
    assert.deepEqual(readRevenue('purchase', { revenue: -5 }, 'USD'), { kind: 'read', event: 'refund', revenue: usd(-500) });
  });

  it('is not what somebody looked at or put into a cart', () => {
    for (const event of ['product_viewed', 'product_added', 'checkout_started', 'order_cancelled']) {
      assert.deepEqual(readRevenue(event, { value: 99, currency: 'nonsense' }, 'USD'), { kind: 'read', event });
    }
  });

  it("of a tenant's own event is what it calls revenue, and nothing else", () => {
    assert.deepEqual(readRevenue('Donated', { revenue: 5 }, 'EUR'), {
      kind: 'read',
      event: 'Donated',
      revenue: { minor: 500, currency: 'EUR' },
    });
    assert.deepEqual(readRevenue('Level Up', { value: 5 }, 'EUR'), { kind: 'read', event: 'Level Up' });
    assert.deepEqual(readRevenue('Level Up', { revenue: 'a lot' }, 'EUR'), { kind: 'read', event: 'Level Up' });
  });

  it('is a fault where one of our events has an amount or a currency that cannot be read', () => {
    assert.deepEqual(readRevenue('purchase', { total: '12,50' }, 'USD'), {
      kind: 'fault',
      reason: 'properties.total is not an amount: 12,50',
    });
    assert.deepEqual(readRevenue('refund', { total: 5, currency: 'dollars' }, 'USD'), {
      kind: 'fault',
      reason: 'properties.currency is not a currency of ISO 4217: dollars',
    });
  });
});
