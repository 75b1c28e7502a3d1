import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parse, type DefaultTreeAdapterTypes } from 'parse5';
import { visitTags, type HtmlTag } from '../../../core/template/html-tags.js';

function tagsOf(html: string): HtmlTag[] {
  const tags: HtmlTag[] = [];
  visitTags(html, (tag) => tags.push(tag));
  return tags;
}

/** Every attribute that a browser would see, as parse5, which passes the tests of the HTML standard, sees it. */
function attributesByBrowser(html: string): string[] {
  const found: string[] = [];
  const walk = (node: DefaultTreeAdapterTypes.Node): void => {
    if ('attrs' in node) for (const { name, value } of node.attrs) found.push(`${name}=${value}`);
    if ('childNodes' in node) node.childNodes.forEach(walk);
  };
  walk(parse(html));
  return found;
}

describe('the tags of a mail', () => {
  it('are told with names in lower case, values as they are written, whether these were quoted, and where they begin', () => {
    assert.deepEqual(tagsOf(`<A HREF="x&amp;y" b=c d='e f' g>text</A>`), [
      {
        name: 'a',
        attributes: [
          { name: 'href', value: 'x&amp;y', isQuoted: true, at: 9 },
          { name: 'b', value: 'c', isQuoted: false, at: 20 },
          { name: 'd', value: 'e f', isQuoted: true, at: 25 },
          { name: 'g', value: '', isQuoted: false, at: 31 },
        ],
        rawText: '',
      },
      { name: 'a', attributes: [], rawText: '' },
    ]);
  });

  it('are told of conditional comments, and a style comes with its text', () => {
    assert.deepEqual(
      tagsOf('<!--[if mso]><table align="center"><![endif]--><style a="b">p > a {}</style><p>').map(({ name, rawText }) => [name, rawText]),
      [
        ['table', ''],
        ['style', 'p > a {}'],
        ['style', ''],
        ['p', ''],
      ],
    );
  });

  it('hide nothing that a browser would see, however broken they are', () => {
    let links = 0;
    const link = fc.constantFrom(
      '<a href="x">',
      "<b href='x'>",
      '<i href=x>',
      ' href="x" ',
      " href='x'>",
      ' href=x>',
      '<u title="" href="x">',
    );
    const broken =
      '<a |<b|</b |<i/|<!--|-->|--!>|<!-->|<style>|</style>|<title>|</title |<textarea>|</textarea>|<noframes>|</noframes>|<xmp>|<!doctype|' +
      `"|'|=|>|/|/>| |\n|\f|\u00a0|<|<!x|<?|]]>|<![CDATA[|x|</|<3|-|!| title="| title='| title=`;
    const noise = fc.constantFrom(...broken.split('|'));
    fc.assert(
      fc.property(fc.array(fc.oneof({ weight: 2, arbitrary: noise }, link), { maxLength: 30 }), (pieces) => {
        const html = pieces.join('');
        const ours = new Set(tagsOf(html).flatMap(({ attributes }) => attributes.map(({ name, value }) => `${name}=${value}`)));
        const seen = attributesByBrowser(html).filter((attribute) => attribute.startsWith('href='));
        links += seen.length;
        assert.deepEqual(
          seen.filter((attribute) => !ours.has(attribute)),
          [],
          html,
        );
      }),
      { numRuns: 5_000 },
    );
    assert.ok(links > 1_000, `a browser saw ${links} links only`);
  });
});
