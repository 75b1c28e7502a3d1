import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileTemplate, MOST_SOURCE_CHARACTERS, wordsFaults } from '../../../core/template/compile-template.js';
import { requiredVariables } from '../../../core/template/variables.js';
import { compiled, cpuMs, faultsOf, rendered, source, text } from './samples.js';

describe('a compiled template', () => {
  it('keeps Liquid as it was written: in text, in attributes and in addresses', async () => {
    const pieces = [
      '{{ first_name | default: "you & me" }}',
      '{%- if traits.plan == "pro" -%}',
      '{% endif %}',
      '{{ email | url_encode }}',
      '{{ brand_url }}',
      '{{ brand_name }}',
    ];
    const [name, open, close, email, url, brand] = pieces;
    const { html } = await compiled(
      source(
        `<mj-text>${name} ${open}a${close} <a href="https://a.example/?e=${email}&amp;x=1">x</a></mj-text>
         <mj-raw>{% if brand_url %}</mj-raw><mj-button href="${url}">Go</mj-button><mj-raw>{% endif %}</mj-raw>
         <mj-image src="https://a.example/a.png" alt="${brand}" />`,
      ),
    );
    for (const piece of pieces) assert.ok(html.includes(piece), piece);
    assert.ok(html.includes(`href="https://a.example/?e=${email}&amp;x=1"`));
    assert.doesNotMatch(html, /lq\d+x\d+z/);
  });

  it('lists its variables, each with whether it has a fallback wherever it stands', async () => {
    const { variables, slots } = await compiled(
      text(
        `{{ first_name | default: "there" }} {{ last_name }} {% if offer %}{{ offer.label }}{% endif %} {{ traits["favourite colour"] }}
         {% for item in recommendations %}{{ item.name }} {{ forloop.index }}{% endfor %} {% assign x = incentive | upcase %}{{ x }}
         {% unless traits.plan %}{{ traits.plan }}{% endunless %} {{ segment_name | default: last_event }} {{ content }}`,
        { subject: '{{ first_name }}, hello', preheader: '{{ cta_less | default: email }}'.replace('cta_less', 'view_url') },
      ),
    );
    const withFallback = (wanted: boolean) => variables.filter(({ hasFallback }) => hasFallback === wanted).map(({ name }) => name);
    assert.deepEqual(withFallback(true).sort(), ['offer', 'offer.label', 'recommendations', 'segment_name', 'traits.plan', 'view_url']);
    assert.deepEqual(
      withFallback(false).sort(),
      ['first_name', 'last_name', 'traits.favourite colour', 'incentive', 'last_event', 'email', ...requiredVariables].sort(),
    );
    assert.deepEqual(slots, { content: 'needed' });
  });

  it('shows its preheader beside the subject in a mailbox, and not in the text part', async () => {
    const wanted = text('Body', { preheader: 'Now & then <for> {{ first_name | default: "you" }}' });
    for (const mjml of [wanted.mjml, wanted.mjml.replace('<mj-head></mj-head>', '')]) {
      const mail = rendered(await compiled({ ...wanted, mjml }), { first_name: '<Ann>' });
      assert.match(mail.html, /<div style="display:none;[^>]*>Now &amp; then &lt;for&gt; &lt;Ann&gt;<\/div>/);
      assert.doesNotMatch(mail.text, /Now/);
    }
  });

  it('has a text part made of its HTML, with its links and the same Liquid', async () => {
    const template = await compiled(
      source(
        `<mj-text><h1>Big</h1>Hi {{ first_name | default: "there" }} &amp; all,<br />{% if offer %}take {{ offer.label }}{% endif %} <a href="https://a.example/{{ traits.id }}">here</a></mj-text>
         <mj-image src="https://a.example/a.png" alt="A lamp" />`,
      ),
    );
    const mail = rendered(template, { first_name: "Ann <O'Hara>", traits: { id: 'a&b' }, offer: { value: 5, unit: 'percent' } });
    assert.equal(
      mail.text,
      "Big\n\nHi Ann <O'Hara> & all,\ntake 5% off here <https://a.example/a&b>\n\n" +
        'Northwind & Co, 1 Example Street, Springfield Unsubscribe <https://mail.example.com/u/1?a=1&b=2>\n',
    );
  });

  it('is the same every time it is compiled', async () => {
    const wanted = text('{{ first_name }} {{ content | default: "x" }}');
    assert.deepEqual(await compiled(wanted), await compiled(wanted));
  });
});

describe('a faulty template', () => {
  const cases: readonly (readonly [what: string, source: Parameters<typeof faultsOf>[0], faults: readonly RegExp[]])[] = [
    [
      'all that is wrong with its Liquid, line by line',
      text('{{ frist_name }}\n{{ first_name | shout }}\n{% include "x" %}\n{{ offer.price }}{{ traits }}', { subject: '{{ subject }}' }),
      [
        /^subject 1: there is no variable subject; there are first_name, .*recommendations$/,
        /^mjml 4: there is no filter shout; there are append, /,
        /^mjml 5: there is no tag include; there are assign, /,
        /^mjml 3: there is no variable frist_name/,
        /^mjml 6: offer has no price/,
        /^mjml 6: traits needs the name of one/,
      ],
    ],
    [
      'variables that there are not',
      text('{{ frist_name }}\n{{ offer.price }} {{ traits }}'),
      [
        /^mjml 3: there is no variable frist_name; there are first_name, .*, content, cta$/,
        /^mjml 4: offer has no price; it has type, value, unit, expiry_days, label, code, expires_at, days_left$/,
        /^mjml 4: traits needs the name of one: traits\.plan$/,
      ],
    ],
    [
      'the variable of a loop, after the loop',
      text('{% for item in recommendations %}{{ item.name }}{% endfor %}{{ item.name }}'),
      [/^mjml 3: there is no variable item;/],
    ],
    ['a button without words of its own', text('{{ cta }}'), [/^mjml 3: cta needs a fallback: {{ cta \| default: "Go" }}$/]],
    ['Liquid that is not closed', text('{% if offer %}x'), [/^mjml 3: tag {% if offer %} not closed$/]],
    ['an output that is not closed', text('x', { subject: 'Hi {{ first_name' }), [/^subject 1: output .* not closed$/]],
    ['Liquid that closes nothing', text('a\n{% endif %}'), [/^mjml 4: {% endif %} belongs to nothing$/]],
    [
      'Liquid where MJML keeps no text',
      source('<mj-text>a</mj-text>\n{% if offer %}\n<mj-text>b</mj-text>\n{% endif %}'),
      [/^mjml 4: {% if offer %} stands where MJML keeps no text: put <mj-raw> around it$/, /^mjml 6: {% endif %} stands where/],
    ],
    ['an element that there is not', source('<mj-txt>a</mj-txt>'), [/^mjml 3: <mj-txt>: Element mj-txt doesn't exist/]],
    ['an attribute that there is not', source('<mj-text colour="red">a</mj-text>'), [/^mjml 3: <mj-text>: Attribute colour is illegal$/]],
    [
      'Liquid in a colour',
      source('<mj-text color="{{ traits.colour }}">a</mj-text>'),
      [/^mjml 3: <mj-text>: Attribute color has invalid value: {{ traits\.colour }} for type Color$/],
    ],
    ['a tag that is never closed', source('<mj-text>a'), [/^mjml 4: <\/mj-column> closes nothing: <\/mj-text> of line 3 is expected$/]],
    [
      'a file to include',
      source('<mj-include path="/etc/passwd" />'),
      [/^mjml 3: <mj-include> is not allowed: a template stands for itself$/],
    ],
    ['no MJML at all', { subject: 'x', mjml: '<p>Hello</p>' }, [/^mjml 1: <p>: Element p doesn't exist/]],
    ['nothing', { subject: 'x', mjml: '' }, [/^mjml -: /]],
    [
      'two preheaders',
      text('x', { preheader: 'a', mjml: text('x').mjml.replace('<mj-head>', '<mj-head><mj-preview>b</mj-preview>') }),
      [/^preheader -: /],
    ],
    [
      'a picture without alt text',
      source('<mj-image src="https://a.example/{{ traits.id }}.png" />'),
      [/^mjml -: the picture https:\/\/a\.example\/{{ traits\.id }}\.png has no alt text: say what it shows$/],
    ],
    ['a script', text('<script>x</script>'), [/^mjml -: <script> has no place in a mail$/]],
    ['a handler', text('<b onclick="x()">x</b>'), [/^mjml -: onclick has no place in a mail \(in <b>\)$/]],
    ['Liquid loose in a tag', text('\n<b {{ first_name }}>x</b>'), [/^mjml 4: {{ first_name }} stands in <b> outside of quotation marks$/]],
    [
      'Liquid in a value without quotation marks',
      text('<a href={{ brand_url }}>x</a>'),
      [/^mjml 3: {{ brand_url }} stands in <a> outside of quotation marks$/],
    ],
    ['Liquid in the name of a tag', text('<{{ first_name }}>x</b>'), [/^mjml 3: {{ first_name }} stands in <{{ first_name }}> outside/]],
    ['Liquid in the name of an attribute', text('<b on{{ first_name }}="x">x</b>'), [/^mjml 3: {{ first_name }} stands in <b> outside/]],
    [
      'Liquid in a style',
      text('<b style="color: {{ traits.colour }}">x</b>'),
      [/^mjml 3: {{ traits\.colour }} stands in a style, where no Liquid may$/],
    ],
    [
      'a style that loads from elsewhere',
      text('<b style="background: url(javascript:x)">x</b>'),
      [/^mjml -: a style loads "javascript:x": https is expected$/],
    ],
    [
      'a link that is no link',
      text('<a href="javascript:alert(1)">x</a>'),
      [/^mjml -: its html: it links to "javascript:alert\(1\)", where https, mailto or tel is expected$/],
    ],
    ['a link over http', text('<a href="http://a.example">x</a>'), [/it links to "http:\/\/a\.example"/]],
    [
      'a link that leads nowhere when a variable is missing',
      text('<a href="{{ brand_url }}">x</a>'),
      [/^mjml -: for a user of whom nothing is known, its html: it links to ""/],
    ],
    [
      'a subject that may be empty',
      text('x', { subject: '{{ first_name }}' }),
      [/^subject -: for a user of whom nothing is known, its subject: it is empty$/],
    ],
    [
      'a subject that is too long',
      text('x', { subject: `${'x'.repeat(145)} {{ first_name }}` }),
      [/^subject -: it has 155 characters, 150 at most$/],
    ],
    [
      'Liquid within Liquid',
      text('{{ cta | default: "{% if offer %}a{% endif %}" }}'),
      [/^mjml -: for a user of whom nothing is known, Liquid is left in what was rendered/],
    ],
    [
      'HTML that Gmail cuts',
      text(`{% for i in (1..3) %}${'x'.repeat(40_000)}{% endfor %}`),
      [/^mjml -: its HTML has 12\d{4} bytes, 102400 at most: Gmail cuts the rest$/],
    ],
    [
      'recommendations that most people have none of',
      text('First: {{ recommendations[0].name }}'),
      [/^mjml \d+: recommendations need a fallback: {% if recommendations\.size > 0 %}/],
    ],
    [
      'a loop that does not end',
      text('{% for i in (1..9) %}'.repeat(40) + 'x' + '{% endfor %}'.repeat(40)),
      [/^mjml -: its html: it takes more than 5000 steps$/],
    ],
  ];
  for (const [what, wanted, expected] of cases) {
    it(`is told of ${what}`, async () => {
      const faults = await faultsOf(wanted);
      for (const pattern of expected) {
        assert.ok(
          faults.some((fault) => pattern.test(fault)),
          `${pattern} in ${JSON.stringify(faults, null, 1)}`,
        );
      }
    });
  }

  it('is told each thing once', async () => {
    const twice = await faultsOf(source('<mj-image src="https://a.example/a.png" /><mj-image src="https://a.example/a.png" />'));
    assert.equal(twice.length, 1);
  });

  it('is refused without reading it when it is too long', async () => {
    const long = { subject: 'x'.repeat(MOST_SOURCE_CHARACTERS.subject + 1), mjml: '{% if'.repeat(MOST_SOURCE_CHARACTERS.mjml) };
    assert.deepEqual(await faultsOf(long), ['subject -: it has more than 1000 characters', 'mjml -: it has more than 60000 characters']);
  });

  it('that is marketing is refused without the postal address, and without a link to unsubscribe', async () => {
    const lawful = text('x');
    const without = (piece: string, by = '') => ({ ...lawful, mjml: lawful.mjml.replace(piece, by) });
    const noAddress = /^mjml -: it does not show the postal address: {{ postal_address }} is expected$/;
    const noLink = /^mjml -: it has no link to unsubscribe: <a href="{{ unsubscribe_url }}"> is expected$/;
    const link = '<a href="{{ unsubscribe_url }}">Unsubscribe</a>';
    const cases: [ReturnType<typeof without>, RegExp][] = [
      [without('{{ postal_address }}'), noAddress],
      [without('{{ postal_address }}', '<!-- {{ postal_address }} -->'), noAddress],
      [without(link), noLink],
      [without(link, 'Write to {{ unsubscribe_url }}'), noLink],
      [without(link, `{% if false %}${link}{% endif %}`), noLink],
    ];
    for (const [wanted, pattern] of cases) {
      const faults = await faultsOf(wanted);
      assert.equal(faults.length, 1, JSON.stringify(faults));
      assert.match(faults[0] ?? '', pattern);
    }
    // Only those of whom much is known would see it.
    const sometimes = await faultsOf(without(link, `{% if first_name %}${link}{% endif %}`));
    assert.match(sometimes[0] ?? '', /^mjml -: for a user of whom nothing is known, it has no link to unsubscribe/);
  });

  it('that is no honest template ends soon all the same', async () => {
    const deep = '<mj-wrapper>'.repeat(2_000) + '</mj-wrapper>'.repeat(2_000);
    const bombs = [
      source(deep),
      text('<b>'.repeat(15_000)),
      text('{% if true %}'.repeat(2_000) + '{% endif %}'.repeat(2_000)),
      text(`${'<a '.repeat(9_000)}${'"'.repeat(9_000)}`),
      text('<style>'.repeat(8_000)),
      text('<!--'.repeat(8_000)),
      source('<mj-text>a</mj-text>'.repeat(2_500)),
    ];
    for (const bomb of bombs) {
      const tookMs = await cpuMs(() => compileTemplate(bomb));
      assert.ok(tookMs < 5_000, `${bomb.mjml.slice(90, 130)} took ${tookMs} ms`);
    }
  });
});

describe('the words of a step', () => {
  it('are checked like a template, and for a place in it', async () => {
    assert.deepEqual(wordsFaults({ subject: '{{ first_name }}, hello', text: 'Hi {{ last_name }}', cta: 'Go', offer: '{{ 20% off' }), []);
    const faults = wordsFaults({ subject: '{{ name }}', text: '{{ content }}', cta: '{{ x' });
    assert.deepEqual(
      faults.map(({ field, line }) => [field, line]),
      [
        ['subject', 1],
        ['text', 1],
        ['cta', 1],
      ],
    );
    const [noPlace] = wordsFaults({ text: 'Hi' }, await compiled(text('no place')));
    assert.deepEqual(noPlace, { field: 'text', line: null, message: 'the template has no place for it: {{ content }}' });
    assert.deepEqual(wordsFaults({ text: 'Hi' }, await compiled(text('{{ content }}'))), []);
  });
});
