import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { replaceLinks, writtenOrigins, type SentWords } from '../../../core/template/followed-links.js';

const OWN = 'https://m.example';
const rule = { origins: new Set(['https://shop.example', 'http://old.example', 'https://m.example']), ownUrl: OWN };

/** The words with each link of ours as a number, and where each leads. */
function followed(kind: SentWords['kind'], words: string): { readonly words: string; readonly targets: readonly string[] } {
  const targets: string[] = [];
  return { words: replaceLinks({ kind, words }, rule, (target) => `[${targets.push(target)}]`), targets };
}

describe('a link in a text', () => {
  for (const [words, expected, targets] of [
    ['See https://shop.example/new.', 'See [1].', ['https://shop.example/new']],
    ['(https://shop.example/a_(b)) or HTTPS://Shop.example', '([1]) or [2]', ['https://shop.example/a_(b)', 'https://shop.example/']],
    [
      '“https://shop.example/?q=1&r=2#x”, *http://old.example/a*',
      '“[1]”, *[2]*',
      ['https://shop.example/?q=1&r=2#x', 'http://old.example/a'],
    ],
    ['Hop <https://shop.example/x>!\nhttps://shop.example/y🎁', 'Hop <[1]>!\n[2]🎁', ['https://shop.example/x', 'https://shop.example/y']],
    ['两https://shop.example/z。好', '两[1]。好', ['https://shop.example/z']],
    ['https://shop.example:443/café', '[1]', ['https://shop.example/caf%C3%A9']],
  ] as const) {
    it(`is found as telephones find it: ${words}`, () => {
      assert.deepEqual(followed('text', words), { words: expected, targets: [...targets] });
    });
  }

  it('stays where it leads to others, to us, or to nowhere', () => {
    for (const words of [
      'https://evil.example/',
      'https://shop.example.evil.example/',
      'https://shop.example@evil.example/',
      'https://shop.example:pass@shop.example/',
      'https://shop.example:8443/',
      'http://shop.example/',
      `${OWN}/v1/unsubscribe/abc`,
      `${OWN}/l/abc`,
      OWN,
      'ftp://shop.example/ javascript:alert(1) shop.example mailto:a@shop.example',
      'https:// https://:80 https://[::1',
      `https://shop.example/${'x'.repeat(2_000)}`,
    ]) {
      assert.deepEqual(followed('text', words), { words, targets: [] });
    }
  });
});

describe('a link in the HTML of a mail', () => {
  it('is the address of what can be followed, in whatever form it is written', () => {
    const html =
      '<a href="https://shop.example/?a=1&amp;b=2">x</a><a class=b href=https://shop.example/u >y</a><AREA HREF=\'https://shop.example/v\'>' +
      '<!--[if mso]><v:roundrect href="https://shop.example/w"><![endif]--><a title="a > b" href=" http://old.example ">z</a>';
    assert.deepEqual(followed('html', html), {
      words:
        '<a href="[1]">x</a><a class=b href=[2] >y</a><AREA HREF=\'[3]\'>' +
        '<!--[if mso]><v:roundrect href="[4]"><![endif]--><a title="a > b" href="[5]">z</a>',
      targets: [
        'https://shop.example/?a=1&b=2',
        'https://shop.example/u',
        'https://shop.example/v',
        'https://shop.example/w',
        'http://old.example/',
      ],
    });
  });

  it('is no picture, no text, nothing of ours and nothing that cannot be read for sure', () => {
    const html =
      '<img src="https://shop.example/a.png"><p>https://shop.example</p><link href="https://shop.example/b.css">' +
      `<a href="${OWN}/v1/unsubscribe/x">u</a><a href="mailto:a@shop.example">m</a><a name="https://shop.example">n</a>` +
      '<a href="https://shop.example/&sol;x">e</a><a href="https://evil.example">e</a><title><a href="https://shop.example"></title>';
    assert.deepEqual(followed('html', html), { words: html, targets: [] });
  });
});

describe('what a tenant wrote', () => {
  it('names the origins to which ours may lead: none that a variable says', () => {
    const origins = writtenOrigins([
      'See https://Shop.example/{{ path }} and http://old.example:8080. {{ link }}',
      'https://{{ sub }}.shop.example https://half{{ rest }} https://',
    ]);
    assert.deepEqual([...origins].sort(), ['http://old.example:8080', 'https://half', 'https://shop.example']);
  });

  it('leads nowhere by a variable that goes on with a host', () => {
    const origins = writtenOrigins(['https://shop.example{{ path }}']);
    for (const path of ['.evil.example/', '@evil.example/', ':8443/']) {
      assert.equal(
        replaceLinks({ kind: 'text', words: `https://shop.example${path}` }, { origins, ownUrl: OWN }, () => 'OURS').includes('OURS'),
        false,
      );
    }
  });
});
