import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fieldOf, readTwilioForm } from '../../../core/message/twilio-form.js';

const read = (text: string) => readTwilioForm(Buffer.from(text));

describe('the form of a webhook', () => {
  it('gives each field as it was written', () => {
    const form = read('Body=Caf%C3%A9+%26+co%3D1&From=%2B33612345678&Empty=&MediaUrl0=x');
    assert.ok(form);
    assert.deepEqual(
      ['Body', 'From', 'Empty', 'MediaUrl0', 'None'].map((name) => fieldOf(form, name)),
      ['Café & co=1', '+33612345678', undefined, 'x', undefined],
    );
  });

  it('does not say which of two values is meant', () => {
    const form = read('Body=a&Body=b&To=x');
    assert.ok(form);
    assert.deepEqual([fieldOf(form, 'Body'), fieldOf(form, 'To'), form.get('Body')], [undefined, 'x', ['a', 'b']]);
  });

  it('is none when it is anything else', () => {
    const odd = [
      '',
      '&',
      'Body',
      'Body=a&From',
      '{"Body":"a"}',
      '=a',
      'Bo dy=a',
      '?Body=a',
      '\ufeffBody=a',
      'B%0Ady=a',
      `${'x'.repeat(201)}=a`,
    ];
    for (const text of odd) assert.equal(read(text), undefined, text);
    assert.equal(read(Array.from({ length: 1_001 }, (_, n) => `a${n}=1`).join('&')), undefined);
  });

  it('reads what was written, whatever it is, and throws at nothing', () => {
    const drawn = fc.dictionary(fc.stringMatching(/^[A-Za-z0-9_]{1,12}$/), fc.string({ unit: 'grapheme', minLength: 1 }), {
      minKeys: 1,
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(drawn, (fields) => {
        const form = read(new URLSearchParams(fields).toString());
        assert.ok(form);
        for (const [name, value] of Object.entries(fields)) assert.equal(fieldOf(form, name), value);
      }),
    );
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void readTwilioForm(bytes)));
  });
});
