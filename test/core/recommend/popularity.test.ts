import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { popularProducts, recommendationsFor, type BoughtProduct } from '../../../core/recommend/popularity.js';

const shop = { brandUrl: 'https://www.shop.example/', currency: 'USD' };
const bought = (
  productId: string,
  buyers: number,
  product: Readonly<Record<string, unknown>>,
  currency: string | null = null,
): BoughtProduct => ({
  productId,
  buyers,
  product,
  currency,
});
const lamp = { name: 'Desk Lamp', url: 'https://shop.example/lamp', price: 49.5 };

describe('what most people bought', () => {
  it('is recommended with its name, address and price, the most bought first', () => {
    const popular = popularProducts(
      [
        bought('b', 7, { name: 'Field Notes', url: 'https://eu.shop.example/notes', price: '12' }, 'EUR'),
        bought('a', 7, lamp),
        bought('c', 9, { product: 'Pen\n Set', url: 'https://shop.example/pens' }),
      ],
      shop,
    );
    assert.deepEqual(recommendationsFor(popular, new Set(), 6), [
      { name: 'Pen Set', url: 'https://shop.example/pens' },
      { name: 'Desk Lamp', url: 'https://shop.example/lamp', price: '$49.50' },
      { name: 'Field Notes', url: 'https://eu.shop.example/notes', price: '€12' },
    ]);
    assert.deepEqual(recommendationsFor(popular, new Set(['c', 'b']), 6).map(({ name }) => name), ['Desk Lamp']); // prettier-ignore
    assert.equal(recommendationsFor(popular, new Set(), 2).length, 2);
  });

  it('leads to nobody but the brand, since anybody may have told of the purchase', () => {
    const wrong = [
      { ...lamp, url: 'https://evil.example/lamp' },
      { ...lamp, url: 'https://shop.example.evil.example/' },
      { ...lamp, url: 'https://shop.example@evil.example/' },
      { ...lamp, url: 'https://user@shop.example/' },
      { ...lamp, url: 'http://shop.example/lamp' },
      { ...lamp, url: 'javascript:alert(1)' },
      { ...lamp, url: 7 },
      { ...lamp, name: 'Win at www.evil.example' },
      { ...lamp, name: 'https://evil.example' },
      { ...lamp, name: ' ' },
      { ...lamp, name: 'x'.repeat(101) },
      {},
    ];
    assert.deepEqual(popularProducts(wrong.map((product, i) => bought(`p${i}`, 9, product)), shop), []); // prettier-ignore
    assert.deepEqual(popularProducts([bought('a', 9, lamp)], { ...shop, brandUrl: null }), []);
  });

  it('has no price where that is none', () => {
    for (const price of [0, -1, 'free', '', null, Number.NaN]) {
      const [product] = popularProducts([bought('a', 9, { ...lamp, price })], shop);
      assert.deepEqual([product?.name, product?.price], ['Desk Lamp', undefined]);
    }
  });
});
