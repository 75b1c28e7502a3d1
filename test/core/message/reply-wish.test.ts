import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { wishOf } from '../../../core/message/reply-wish.js';

describe('what a reply asks for', () => {
  for (const [text, wish] of [
    ['STOP', 'stop'],
    ['désabonnez-moi', 'stop'],
    ['wrong number', 'maybe_stop'],
    ['stopwatch', undefined],
    ['Start', 'start'],
    ['HELP?', 'help'],
    ['What is that?', undefined],
    ['', undefined],
    ['👍', undefined],
  ] as const) {
    it(`is ${wish ?? 'nothing'}: ${JSON.stringify(text)}`, () => assert.equal(wishOf({ text }), wish));
  }

  it('is what the provider has read, where it has read something', () => {
    assert.equal(wishOf({ text: 'wrong number', optOut: 'stop' }), 'stop');
  });
});
