import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { amountIn, canonicalProperties, canonicalPropertyName } from '../../../core/event/properties.js';

describe('the names of properties', () => {
  it('are brought to ours: page is what Segment calls path', () => {
    assert.deepEqual(canonicalProperties({ path: '/pricing', title: 'Pricing' }), { page: '/pricing', title: 'Pricing' });
    assert.equal(canonicalPropertyName('path'), 'page');
    assert.equal(canonicalPropertyName('title'), 'title');
  });

  it('keep what was sent under the canonical name, and then lose nothing of the other', () => {
    const sent = { page: '/a', path: '/b' };
    assert.deepEqual(canonicalProperties(sent), { page: '/a', path: '/b' });
  });

  it('take the first of several other names, and keep the rest', () => {
    assert.deepEqual(canonicalProperties({ path: '/a', page_path: '/b' }), { page: '/a', page_path: '/b' });
  });

  it('do not change what was handed in', () => {
    const sent = Object.freeze({ productId: 'p1', transaction_id: 't1' });
    assert.deepEqual(canonicalProperties(sent), { product_id: 'p1', order_id: 't1' });
    assert.deepEqual(sent, { productId: 'p1', transaction_id: 't1' });
  });

  it("take an order's category from the first of its products that has one", () => {
    const products = [{ name: 'x' }, null, 3, { category: 'Shoes' }, { category: 'Hats' }];
    assert.equal(canonicalProperties({ products }).category, 'Shoes');
    assert.equal(canonicalProperties({ products, category: 'Own' }).category, 'Own');
    assert.equal(canonicalProperties({ products: [{ category: 7 }] }).category, undefined);
  });

  it('do not mistake what every object inherits for something that was sent', () => {
    const sent = JSON.parse('{"constructor":"c","hasOwnProperty":"h"}');
    assert.deepEqual(canonicalProperties(sent), sent);
  });
});

describe('the amount of an event', () => {
  it('is its revenue, else its total, its value, its amount', () => {
    assert.deepEqual(amountIn({ amount: 4, value: 3, total: 2, revenue: 1 }), { name: 'revenue', amount: 1 });
    assert.deepEqual(amountIn({ amount: 4, value: 3, total: 2, revenue: null }), { name: 'total', amount: 2 });
    assert.deepEqual(amountIn({ amount: 4, value: '' }), { name: 'amount', amount: 4 });
    assert.equal(amountIn({ price: 4 }), undefined);
  });

  it('may be nothing, which is an amount', () => {
    assert.deepEqual(amountIn({ revenue: 0, total: 5 }), { name: 'revenue', amount: 0 });
  });
});
