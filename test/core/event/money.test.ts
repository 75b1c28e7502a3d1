import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { minorDigitsOf, parseCurrency, parseMinorUnits } from '../../../core/event/money.js';

describe('an amount in minor units', () => {
  it('is exact, however it was written', () => {
    for (const sent of [11.77, '11.77', ' 11.77 ', '+11.770', '1177e-2', '0011.77', '1.177e1']) {
      assert.equal(parseMinorUnits(sent, 'USD'), 1177, String(sent));
    }
    assert.equal(parseMinorUnits(0.1 + 0.2, 'USD'), 30);
    assert.equal(parseMinorUnits(1.005, 'USD'), 101, '1.005 is below 1.005 as a double; what was meant is the decimal');
    assert.equal(parseMinorUnits(-12.5, 'USD'), -1250);
    assert.equal(parseMinorUnits('.5', 'USD'), 50);
    assert.equal(parseMinorUnits('5.', 'USD'), 500);
    assert.equal(parseMinorUnits('0.005', 'USD'), 1);
    assert.equal(parseMinorUnits('0.0049', 'USD'), 0);
    assert.equal(parseMinorUnits('-0.001', 'USD'), 0);
    assert.ok(Object.is(parseMinorUnits(-0, 'USD'), 0));
  });

  it('follows the decimal places of its currency', () => {
    assert.equal(parseMinorUnits('1500', 'JPY'), 1500);
    assert.equal(parseMinorUnits('1.2345', 'KWD'), 1235);
    assert.equal(parseMinorUnits('1', 'CLF'), 10_000);
    assert.deepEqual(
      ['EUR', 'JPY', 'BHD', 'UYW'].map((currency) => minorDigitsOf(currency)),
      [2, 0, 3, 4],
    );
  });

  it('is refused when it is no finite decimal number', () => {
    const wild = ['', ' ', '.', '-', 'e5', 'abc', '1,234.56', '12 USD', '$5', '0x10', '1e', '1_000', 'NaN', 'Infinity', '１２'];
    for (const sent of [...wild, Number.NaN, Infinity, -Infinity, null, undefined, true, {}, [5], 5n]) {
      assert.equal(parseMinorUnits(sent, 'USD'), undefined, inspect(sent));
    }
  });

  it('is refused when it is absurdly large, and is at once nothing when it is absurdly small', () => {
    assert.equal(parseMinorUnits(1e13, 'USD'), 1e15);
    assert.equal(parseMinorUnits('10000000000000.01', 'USD'), undefined);
    assert.equal(parseMinorUnits(1e300, 'USD'), undefined);
    assert.equal(parseMinorUnits('1e999', 'USD'), undefined);
    assert.equal(parseMinorUnits('0e999', 'USD'), 0);
    assert.equal(parseMinorUnits(5e-324, 'USD'), 0);
    assert.equal(parseMinorUnits('1e-999', 'USD'), 0);
  });

  it('is exact for every amount in every currency, as a decimal text and as the nearest number (property)', () => {
    const currency = fc.constantFrom('USD', 'JPY', 'KWD', 'UYW');
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 1e12 }), currency, (minor, code) => {
        const digits = minorDigitsOf(code);
        const padded = String(Math.abs(minor)).padStart(digits + 1, '0');
        const whole = padded.slice(0, padded.length - digits);
        const text = `${minor < 0 ? '-' : ''}${whole}${digits > 0 ? `.${padded.slice(-digits)}` : ''}`;
        assert.equal(parseMinorUnits(text, code), minor === 0 ? 0 : minor);
        assert.equal(parseMinorUnits(Number(text), code), minor === 0 ? 0 : minor);
      }),
      { numRuns: 2_000 },
    );
  });

  it('rounds away from zero at the half, as whole-number arithmetic says (property)', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 18n }), fc.integer({ min: 3, max: 9 }), fc.boolean(), (digits, places, negative) => {
        const padded = digits.toString().padStart(places + 1, '0');
        const text = `${padded.slice(0, -places)}.${padded.slice(-places)}`;
        const unit = 10n ** BigInt(places - 2);
        const expected = (digits + unit / 2n) / unit;
        if (expected > 10n ** 15n) return;
        assert.equal(
          parseMinorUnits(negative ? `-${text}` : text, 'USD'),
          negative && expected > 0n ? -Number(expected) : Number(expected),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it('is a whole number within bounds, or nothing, whatever is sent (property)', () => {
    const wild = fc.oneof(fc.double(), fc.string(), fc.string({ unit: fc.constantFrom(...'0123456789.e+-'.split('')) }), fc.anything());
    fc.assert(
      fc.property(wild, (sent) => {
        const minor = parseMinorUnits(sent, 'USD');
        assert.ok(minor === undefined || (Number.isSafeInteger(minor) && Math.abs(minor) <= 1e15));
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('a currency', () => {
  it('is a code of ISO 4217, in any case', () => {
    assert.equal(parseCurrency('usd'), 'USD');
    assert.equal(parseCurrency(' Eur '), 'EUR');
    assert.equal(parseCurrency('DEM'), 'DEM', 'old purchases are in it');
    for (const sent of ['', 'US', 'dollars', 'XYZ', '$', 840, null, {}]) assert.equal(parseCurrency(sent), undefined, inspect(sent));
  });
});
