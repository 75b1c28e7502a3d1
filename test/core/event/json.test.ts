import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { jsonFault, MAX_DEPTH, safePrefix, textFault } from '../../../core/event/json.js';

/** Objects in one another, so that the innermost is at that depth. */
const nested = (depth: number): unknown => JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`);

describe('a JSON value that is to be kept', () => {
  it('may be anything that PostgreSQL holds', () => {
    for (const value of [null, true, 0, -0, 1e308, 5e-324, '', 'é😀', [], {}, { a: [{ b: null }] }, nested(MAX_DEPTH)]) {
      assert.equal(jsonFault(value, 'properties'), undefined);
    }
  });

  it('may not hold a NUL or half of a surrogate pair, in a value or in a key, and is told where', () => {
    assert.equal(jsonFault({ a: 'x\0' }, 'properties'), 'properties.a holds a NUL character (\\u0000)');
    assert.equal(jsonFault({ a: { b: ['\ud800'] } }, 'properties'), 'properties.a holds half of a surrogate pair');
    assert.equal(jsonFault({ a: '\udc00\ud800' }, 'properties'), 'properties.a holds half of a surrogate pair');
    assert.equal(jsonFault({ 'a\0': 1 }, 'properties'), 'a key in properties holds a NUL character (\\u0000)');
    assert.equal(jsonFault({ a: { '\ud800': 1 } }, 'properties'), 'a key in properties holds half of a surrogate pair');
    assert.equal(textFault('😀'), undefined);
  });

  it('may not be nested deeper than an honest one, however deep that is', () => {
    for (const depth of [MAX_DEPTH + 1, 10_000, 100_000]) {
      assert.equal(jsonFault(nested(depth), 'properties'), `properties.a is nested deeper than ${MAX_DEPTH} levels`);
      const lists = JSON.parse('['.repeat(depth) + ']'.repeat(depth));
      assert.equal(jsonFault({ a: lists }, 'properties'), `properties.a is nested deeper than ${MAX_DEPTH} levels`);
    }
  });

  it('may not hold a number beyond all numbers, which JSON can write', () => {
    assert.equal(jsonFault(JSON.parse('{"a":1e400}'), 'properties'), 'properties.a is a number beyond what can be kept');
    assert.equal(jsonFault(JSON.parse('{"a":[-1e400]}'), 'properties'), 'properties.a is a number beyond what can be kept');
  });

  it('may not have a key that means something else to JavaScript', () => {
    assert.equal(jsonFault(JSON.parse('{"__proto__":{"admin":true}}'), 'properties'), 'properties has a key named __proto__');
    assert.equal(jsonFault(JSON.parse('{"a":{"__proto__":1}}'), 'properties'), 'properties.a has a key named __proto__');
    assert.equal(jsonFault(JSON.parse('{"constructor":{"prototype":1}}'), 'properties'), undefined);
    assert.equal(Object.hasOwn({}, 'admin'), false);
  });
});

describe('the beginning of what was refused', () => {
  it('is text, cut, in which nothing is left that cannot be stored', () => {
    assert.equal(safePrefix('abc', 2), 'ab');
    assert.equal(safePrefix({ a: '\0' }, 100), '{"a":"\\u0000"}');
    assert.equal(safePrefix('😀', 1), '\ufffd');
    assert.equal(safePrefix({ a: Infinity }, 100), '{"a":"(Infinity)"}');
    assert.equal(safePrefix(undefined, 100), 'undefined');
    assert.equal(safePrefix(JSON.parse('{"__proto__":1}'), 100), '{"__proto__":1}');
  });

  it('is short where what came is deep or long', () => {
    assert.ok(safePrefix(nested(100_000), 4_000).length < 200);
    assert.equal(safePrefix({ a: 'x'.repeat(100_000) }, 4_000).length, 4_000);
  });

  it('is well formed and without NUL, whatever came (property)', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' })), fc.nat(200), (value, most) => {
        const text = safePrefix(value, most);
        assert.equal(textFault(text), undefined);
        assert.ok(text.length <= most * 6);
      }),
      { numRuns: 2_000 },
    );
  });
});
