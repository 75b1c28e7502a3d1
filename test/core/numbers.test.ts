import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatMoney, formatSum, wrap } from '../../core/brief/format.js';
import { formatChange, formatNumber, formatPercent, roundTo } from '../../core/numbers.js';

describe('numbers for people', () => {
  it('are grouped by thousands, with as many places as asked', () => {
    assert.equal(formatNumber(1234567), '1,234,567');
    assert.equal(formatNumber(999.995, 2), '1,000.00');
    assert.equal(formatNumber(1234.5, 4), '1,234.5000');
    assert.equal(formatNumber(-1234.5, 1), '-1,234.5');
    assert.equal(formatNumber(-0.001, 2), '0.00');
  });

  it('round the half away from zero, and never to a negative zero', () => {
    assert.equal(roundTo(1.005, 2), 1.01);
    assert.equal(roundTo(-2.5, 0), -3);
    assert.ok(Object.is(roundTo(-0.2, 0), 0));
  });

  it('are percent with one place below ten, and changes with their sign', () => {
    assert.equal(formatPercent(0.184), '18 %');
    assert.equal(formatPercent(0.0421), '4.2 %');
    assert.equal(formatChange(0.184), '+18 %');
    assert.equal(formatChange(-0.0421), '-4.2 %');
    assert.equal(formatChange(0.0001), '±0 %');
  });
});

describe('money for people', () => {
  it('has the symbol of its currency, or its code, and the places of its currency', () => {
    assert.equal(formatMoney(1234.5, 'USD'), '$1,234.50');
    assert.equal(formatMoney(1234.5, 'JPY'), '¥1,235');
    assert.equal(formatMoney(1.2345, 'BHD'), 'BHD 1.235');
    assert.equal(formatMoney(-3, 'EUR'), '-€3.00');
    assert.equal(formatSum(1234.5, 'CHF'), 'CHF 1,235');
    assert.equal(formatSum(12.5, 'CHF'), 'CHF 12.50');
  });
});

describe('a wrapped text', () => {
  it('breaks at spaces, and leaves a longer word whole', () => {
    assert.deepEqual(wrap('one two three', 8, '- ', '  '), ['- one', '  two', '  three']);
    assert.deepEqual(wrap('a-word-that-is-long b', 6, '', ''), ['a-word-that-is-long', 'b']);
    assert.deepEqual(wrap('', 6, '- ', ''), ['- ']);
  });
});
