import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SegmentedMessage } from 'sms-segments-calculator';
import { smsLength } from '../../../core/message/sms-length.js';

const counted = (text: string) => {
  const { encoding, segments } = smsLength(text);
  return [encoding, segments];
};
const byTwilio = (text: string) => {
  const { encodingName, segmentsCount } = new SegmentedMessage(text);
  return [encodingName === 'GSM-7' ? 'gsm7' : 'ucs2', segmentsCount];
};

describe('the length of an SMS', () => {
  it('is one segment of 160 characters, or joined ones of 153', () => {
    assert.deepEqual(smsLength('x'.repeat(160)), { encoding: 'gsm7', units: 160, segments: 1 });
    for (const [length, segments] of [
      [0, 1],
      [161, 2],
      [306, 2],
      [307, 3],
      [1_530, 10],
      [1_531, 11],
    ] as const) {
      assert.deepEqual(counted('x'.repeat(length)), ['gsm7', segments], String(length));
    }
  });

  it('is one segment of 70, or joined ones of 67, as soon as one character is not in the alphabet', () => {
    assert.deepEqual(smsLength(`ê${'x'.repeat(69)}`), { encoding: 'ucs2', units: 70, segments: 1 });
    assert.deepEqual(counted(`ê${'x'.repeat(70)}`), ['ucs2', 2]);
    assert.deepEqual(counted(`ê${'x'.repeat(133)}`), ['ucs2', 2]);
    assert.deepEqual(counted(`ê${'x'.repeat(134)}`), ['ucs2', 3]);
    assert.deepEqual(counted('é à ñ ü Ä £ Δ'), ['gsm7', 1]);
    for (const other of ['“', '’', '–', 'ç', 'œ', '👍', '\u00a0', '\t']) assert.equal(smsLength(other).encoding, 'ucs2', other);
  });

  it('counts an escaped character twice, and never parts the escape from it', () => {
    assert.equal(smsLength('€'.repeat(80)).segments, 1);
    assert.equal(smsLength('€'.repeat(81)).segments, 2);
    // 153 is odd, so that each joined segment has room for 76 of them.
    assert.equal(smsLength('€'.repeat(152)).segments, 2);
    assert.equal(smsLength('€'.repeat(153)).segments, 3);
  });

  it('does not cut an emoji in two', () => {
    const family = '👨‍👩‍👧‍👦';
    assert.equal(family.length, 11);
    assert.deepEqual(counted(family.repeat(12)), ['ucs2', 2]);
    assert.deepEqual(counted(family.repeat(13)), ['ucs2', 3], 'six of them in each segment of 67');
  });

  it('is in the alphabet what Twilio has in it, of all characters', () => {
    for (let code = 0; code < 0xd800; code += 1) {
      const character = String.fromCharCode(code);
      assert.deepEqual(counted(character), byTwilio(character), code.toString(16));
    }
  });

  it("matches Twilio's own count, whatever the text", () => {
    const pieces = fc.constantFrom('a', 'Z', ' ', '\n', '\r\n', '€', '[', '~', 'é', 'ê', '’', '中', '👍', '🇫🇷', '👨‍👩‍👧', 'e\u0301', 'नि');
    const texts = fc.array(fc.tuple(pieces, fc.integer({ min: 1, max: 90 })), { maxLength: 12 });
    fc.assert(
      fc.property(texts, (drawn) => {
        const text = drawn.map(([piece, times]) => piece.repeat(times)).join('');
        assert.deepEqual(counted(text), byTwilio(text));
      }),
      { numRuns: 300 },
    );
  });

  it('ends, whatever the text', () => {
    const heap = `a${'\u0301'.repeat(500)}`;
    assert.ok(smsLength(heap).segments >= 8);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2_000 }), (text) => {
        const { units, segments, encoding } = smsLength(text);
        assert.ok(segments >= Math.ceil(units / (encoding === 'gsm7' ? 160 : 70)));
      }),
    );
  });
});
