import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inAppFault, type InAppMessage } from '../../../core/message/in-app.js';

const fault = (changes: Partial<InAppMessage>) => inAppFault({ title: 'Hello', body: 'A text.\nAnd more.', ...changes });

describe('an in-app message', () => {
  it('may have words, an action and data', () => {
    assert.equal(fault({}), undefined);
    assert.equal(fault({ title: 'x'.repeat(200), body: 'y'.repeat(10_000), data: { plan: 'pro', nested: [1, { a: null }] } }), undefined);
  });

  it('is refused where a list could not show or keep it, and says which part is to blame', () => {
    const cases: readonly [Partial<InAppMessage>, RegExp][] = [
      [{ title: '' }, /no title/],
      [{ title: ' \n' }, /no title/],
      [{ title: 'x'.repeat(201) }, /its title is longer than 200/],
      [{ title: 'a\0b' }, /its title holds a NUL/],
      [{ body: 'x'.repeat(10_001) }, /its text is longer than 10000/],
      [{ body: '\ud83d' }, /its text holds half of a surrogate/],
      [{ data: { text: '\0' } }, /its data\.text holds a NUL/],
      [{ data: { much: 'x'.repeat(8_192) } }, /its data is larger than 8192 bytes/],
      [{ data: { far: Infinity } }, /beyond what can be kept/],
    ];
    for (const [changes, why] of cases) assert.match(fault(changes) ?? '', why);
  });

  it('leads to addresses and pages', () => {
    for (const actionUrl of [
      'https://shop.example/a?b=c#d',
      'http://localhost:3000/',
      'mailto:a@b.c',
      'tel:+4930123',
      '/orders/17?from=inbox',
      '/',
    ])
      assert.equal(fault({ actionUrl }), undefined, actionUrl);
  });

  it('runs nothing, and leads nowhere in disguise', () => {
    const hostile = [
      'javascript:alert(1)',
      'JAVASCRIPT:alert(1)',
      ' javascript:alert(1)',
      'java\nscript:alert(1)',
      '\u0001javascript:alert(1)',
      'javascript://shop.example/%0aalert(1)',
      'data:text/html,<script>alert(1)</script>',
      'vbscript:x',
      'blob:https://shop.example/x',
      'file:///etc/passwd',
      '//evil.example/x',
      '/\\evil.example/x',
      '/\t/evil.example/x',
      '\\\\evil.example',
      'orders',
      '',
      `https://shop.example/${'x'.repeat(2_000)}`,
      'https://',
    ];
    for (const actionUrl of hostile) assert.match(fault({ actionUrl }) ?? '', /^its action is/, JSON.stringify(actionUrl));
  });
});
