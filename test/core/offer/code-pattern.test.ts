import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { codeFault, codesOf, mostCodes, parseCodePattern } from '../../../core/offer/code-pattern.js';

describe('codes that are made', () => {
  it('follow their pattern, without what is mistaken for something else, and use all of the alphabet', () => {
    const codes = codesOf('SPRING-####-####', 2_000, randomBytes);
    assert.equal(new Set(codes).size, 2_000);
    for (const code of codes) assert.match(code, /^SPRING-[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}$/);
    assert.equal(new Set(codes.join('').replaceAll('SPRING-', '').replaceAll('-', '')).size, 32);
    assert.ok(codes.every((code) => codeFault(code) === undefined));
  });

  it('cannot be guessed: a pattern has enough places, and there are few beside what there could be', () => {
    for (const pattern of ['SPRING', '#######', 'spring-########', '########ö', `${'A'.repeat(33)}########`]) {
      assert.throws(() => parseCodePattern(pattern), /not a pattern of codes/, pattern);
    }
    assert.equal(parseCodePattern('A-########'), 'A-########');
    assert.equal(mostCodes('########'), 1_099_511);
    assert.equal(mostCodes('############'), 10_000_000);
  });

  it('are told from what is no code', () => {
    for (const code of ['', 'two words', 'x'.repeat(101), 'naïve', 'tab\t']) assert.notEqual(codeFault(code), undefined, code);
    for (const code of ['A', '10%OFF!', 'x'.repeat(100)]) assert.equal(codeFault(code), undefined, code);
  });
});
