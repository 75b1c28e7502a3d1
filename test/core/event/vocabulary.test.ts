import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { engagementOf } from '../../../core/event/engagement.js';
import { canonicalEventName, isBookkeeping, isKnownEvent, moneyMeaningOf, vocabulary } from '../../../core/event/vocabulary.js';

const fold = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');

describe('the vocabulary of events', () => {
  it("knows Segment's e-commerce names as ours", () => {
    const pairs = {
      'Order Completed': 'purchase',
      'Order Refunded': 'refund',
      'Product Viewed': 'product_viewed',
      'Product Added': 'product_added',
      'Products Searched': 'products_searched',
      'Checkout Started': 'checkout_started',
      'Email Opened': 'email_opened',
      'Email Link Clicked': 'email_clicked',
      'Signed Up': 'sign_up',
    };
    for (const [sent, kept] of Object.entries(pairs)) assert.equal(canonicalEventName(sent), kept);
  });

  it('compares names without case, spaces and punctuation', () => {
    for (const name of [
      'Order Completed',
      'order completed',
      'orderCompleted',
      'ORDER_COMPLETED',
      ' Order-Completed! ',
      'order.completed',
    ]) {
      assert.equal(canonicalEventName(name), 'purchase', name);
    }
    for (const name of ['page_view', 'Page View', 'pageview', 'Page Viewed']) assert.equal(canonicalEventName(name), 'page_view', name);
  });

  it("keeps a tenant's own name as it was sent, without the spaces around it", () => {
    assert.equal(canonicalEventName('  Played a Song (live) '), 'Played a Song (live)');
    assert.equal(canonicalEventName('!!!'), '!!!');
    assert.equal(canonicalEventName('заказ оформлен'), 'заказ оформлен');
    assert.equal(canonicalEventName('constructor'), 'constructor');
    assert.equal(canonicalEventName('__proto__'), '__proto__');
  });

  it('is a table in which no name means two things, and every canonical name means itself', () => {
    const meanings = new Map<string, string>();
    for (const [canonical, others] of vocabulary) {
      assert.equal(canonicalEventName(canonical), canonical);
      for (const name of [canonical, ...others]) {
        const before = meanings.get(fold(name));
        assert.ok(before === undefined || before === canonical, `${name} means ${before} and ${canonical}`);
        meanings.set(fold(name), canonical);
        assert.equal(canonicalEventName(name), canonical, name);
      }
    }
    assert.ok(meanings.size > 150);
  });

  it('says what an amount on an event means', () => {
    assert.equal(moneyMeaningOf('purchase'), 'earned');
    assert.equal(moneyMeaningOf('subscription_renewed'), 'earned');
    assert.equal(moneyMeaningOf('refund'), 'returned');
    assert.equal(moneyMeaningOf('checkout_started'), 'none');
    assert.equal(moneyMeaningOf('Donated'), 'own');
  });

  it('tells what a user did from what a system noted', () => {
    assert.ok(isBookkeeping('identify'));
    assert.ok(isBookkeeping('email_sent'));
    assert.ok(!isBookkeeping('page_view'));
    assert.ok(isKnownEvent('purchase'));
    assert.ok(!isKnownEvent('toString'));
  });

  it('knows each event that a message causes by channel and kind', () => {
    assert.deepEqual(engagementOf('whatsapp_opened'), { channel: 'whatsapp', kind: 'opened' });
    assert.deepEqual(engagementOf(canonicalEventName('Email Marked as Spam')), { channel: 'email', kind: 'complained' });
    assert.equal(engagementOf('purchase'), undefined);
  });
});
