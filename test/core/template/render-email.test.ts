import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { missingVariables, renderEmail } from '../../../core/template/render-email.js';
import { withWords } from '../../../core/template/template.js';
import type { CompiledTemplate } from '../../../core/template/template.js';
import type { TemplateVariables } from '../../../core/template/variables.js';
import { compiled, cpuMs, NOBODY, refusalOf, rendered, text } from './samples.js';

/** A template as if it had been compiled: what no compiler would let through must be stopped here too. */
const raw = (html: string, changes: Partial<CompiledTemplate> = {}): CompiledTemplate => ({
  subject: 'Hello',
  html,
  text: 'text',
  variables: [],
  slots: {},
  ...changes,
});

describe('a rendered mail', () => {
  it('escapes what it is given in the HTML, and not in the subject and the text', async () => {
    const template = await compiled(text('<b title="{{ last_name }}">{{ first_name }}</b>', { subject: 'For {{ first_name }}' }));
    const mail = rendered(template, { first_name: `<i>A&B</i>`, last_name: `"x' onclick="y` });
    assert.ok(mail.html.includes('<b title="&quot;x&#39; onclick=&quot;y">&lt;i&gt;A&amp;B&lt;/i&gt;</b>'), mail.html);
    assert.equal(mail.subject, 'For <i>A&B</i>');
    assert.match(mail.text, /^<i>A&B<\/i>\n/);
  });

  it('never has markup, a second line or half a character from a user, whatever they are called', async () => {
    const template = await compiled(
      text('<b title="{{ last_name }}">{{ first_name }}</b> <a href="https://a.example/{{ traits.id }}">x</a>', {
        subject: '{{ first_name }} {{ last_name }} {{ traits.id }}!',
      }),
    );
    const tags = (html: string) => [...html.matchAll(/<[^>]*>/g)].map(([tag]) => tag.replace(/="[^"]*"/g, '='));
    const expected = tags(rendered(template, { first_name: 'a', last_name: 'b', traits: { id: 'c' } }).html);
    const word = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.constantFrom('"><script>', "' onload='x", '{{ email }}', '{% raw %}', '\r\nBcc: x@y.z', '\u2028', '\ud800', '<!--', '&quot;'),
    );
    fc.assert(
      fc.property(word, word, word, (first_name, last_name, id) => {
        const mail = rendered(template, { first_name, last_name, traits: { id } });
        assert.deepEqual(tags(mail.html.replaceAll('<br />', '')), expected);
        assert.doesNotMatch(mail.subject, /[\p{Cc}\u2028\u2029]/u);
        assert.ok(mail.subject.isWellFormed() && mail.subject.trim() === mail.subject && mail.subject.length <= 150);
      }),
    );
  });

  it('shows what a user has themselves, and nothing that their object inherits', () => {
    const shown = (liquid: string) =>
      rendered(raw(liquid), { traits: JSON.parse('{"plan": "pro", "__proto__": "own"}') as object as never }).html;
    assert.equal(shown('{{ traits.plan }}{{ traits.__proto__ }}'), 'proown');
    for (const path of ['traits.constructor', 'traits.toString', 'first_name.constructor', 'constructor', '__proto__', 'toString']) {
      assert.equal(shown(`{{ ${path} }}`), '', path);
    }
    assert.equal(shown('{{ traits }}'), '', 'an object has no words');
  });

  it('does not leave with a link to anything but https, mailto and tel', async () => {
    const template = await compiled(text('{% if traits.site %}<a href="{{ traits.site }}">x</a>{% endif %}'));
    const cases: [site: string, isFine: boolean][] = [
      ['https://a.example/?a=1&b=2', true],
      ['HTTPS://a.example', true],
      ['mailto:a@b.example', true],
      ['tel:+14155550100', true],
      ['javascript:alert(1)', false],
      ['JaVaScRiPt:alert(1)', false],
      [' javascript:alert(1)', false],
      ['java\nscript:alert(1)', false],
      ['&#106;avascript:alert(1)', false],
      ['data:text/html,x', false],
      ['http://a.example', false],
      ['//a.example', false],
      ['https:a.example', false],
      ['a.example', false],
      [' https://a.example', false],
    ];
    for (const [site, isFine] of cases) {
      if (isFine) rendered(template, { traits: { site } });
      else
        assert.match(
          refusalOf(template, { traits: { site } }),
          /^its html: it links to ".*", where https, mailto or tel is expected$/,
          site,
        );
    }
  });

  it('does not leave with such a link that its own template puts together', () => {
    const hidden = [
      '<a href="{% if true %}java{% endif %}script:x">',
      '<a title="{% if false %}" alt=\'{% endif %}" href="javascript:x" \'>',
      '<!-- <a title="x --> <b href=\'javascript:x\'> " -->',
      '</b title="<a x=\'"><i href="javascript:x">\'>',
      '<style><a title="</style><b href="javascript:x">',
      '<a title=\u00a0" href="javascript:x">',
      '<A HREF = javascript:x>',
      '<a/href="javascript:x">',
      '<a 5<6 href="javascript:x">',
      '<!--[if mso]><v:fill src="javascript:x" /><![endif]-->',
    ];
    for (const html of hidden) assert.match(refusalOf(raw(html)), /it links to "javascript:x"/, html);
  });

  it('ends within 200 ms and a little memory, whatever its template does', async () => {
    const traits = { text: '<>'.repeat(15_000), list: Array.from({ length: 15_000 }, () => '') };
    const doubled = '{% assign x = "aaaaaaaaaa" %}' + '{% assign x = x | append: x %}'.repeat(60) + '{{ x }}';
    const bombs = {
      'a range of a hundred million': '{% for i in (1..100000000) %}x{% endfor %}',
      'loops within loops': '{% for i in (1..1000) %}'.repeat(9) + 'x' + '{% endfor %}'.repeat(9),
      'loops within loops that write nothing':
        '{% for i in (1..9999) %}{% for j in (1..9999) %}{% if i == 0 %}{% endif %}{% endfor %}{% endfor %}',
      'fixed text, many times': `{% for i in (1..200000) %}${'y'.repeat(10_000)}{% endfor %}`,
      'fixed text, a hundred times': `{% for i in (1..100) %}${'y'.repeat(10_000)}{% endfor %}`,
      "a user's long text, many times": '{% for i in (1..2000) %}{{ traits.text }}{% endfor %}',
      "a user's list of nothing, many times": '{% for i in (1..2000) %}{{ traits.list }}{% endfor %}',
      'a text that doubles': doubled,
      'a text that is replaced by more':
        '{% assign x = "aaaaaaaaaa" %}' + '{% assign x = x | replace: "a", "aaaaaaaaaa" %}'.repeat(20) + '{{ x }}',
      'a list that doubles': '{% assign x = "a,a" | split: "," %}' + '{% assign x = x | concat: x %}'.repeat(40),
      'lists that are made again and again': '{% for i in (1..100000) %}{% assign y = "a,b,c,d,e,f" | split: "," | reverse %}{% endfor %}',
    };
    for (const [what, html] of Object.entries(bombs)) {
      for (const template of [
        raw(html),
        raw('x', { text: html }),
        raw('x', { subject: html }),
        raw('{{ content }}', { slots: { content: 'needed' } }),
      ]) {
        let because = '';
        const tookMs = await cpuMs(() => {
          because = refusalOf(template, { traits }, template.slots.content ? { text: html } : {});
        });
        assert.match(because, /it takes more than 5000 steps|it makes more than 250000 characters/, what);
        assert.ok(tookMs < 200, `${what} took ${tookMs} ms`);
      }
    }
  });

  it('has one line as its subject, cut where nobody sees more, with no gap where a name is missing', async () => {
    const subjectOf = (subject: string, variables: Partial<TemplateVariables> = {}) => rendered(raw('x', { subject }), variables).subject;
    assert.equal(subjectOf('{{first_name}}, 20% off ends tomorrow!', { first_name: 'Zoë' }), 'Zoë, 20% off ends tomorrow!');
    assert.equal(subjectOf('{{first_name}}, discover it'), 'Discover it');
    assert.equal(subjectOf('Hello {{ first_name }}, welcome'), 'Hello, welcome');
    assert.equal(subjectOf('a\r\nBcc: x\u2028y\tz'), 'a Bcc: x y z');
    assert.equal(subjectOf('✨ {{ first_name }}', { first_name: 'x' }), '✨ x');
    const long = subjectOf('{{ first_name }}', { first_name: '😀'.repeat(100) });
    assert.equal(long, `${'😀'.repeat(74)}…`);
    assert.match(refusalOf(raw('x', { subject: ' {{ first_name }} ' })), /^its subject: it is empty$/);
  });
});

describe("a step's own words", () => {
  it('take the place of the subject and fill the content, as text with lines, and the button', async () => {
    const template = await compiled(
      text('<p>{{ content | default: "Our own." }}</p>{{ cta | default: "Go" }}', { subject: 'Ours', preheader: 'x' }),
    );
    assert.match(rendered(template).text, /^Our own\.\n\nGo\n/);
    const words = { subject: '{{ first_name }}, yours', text: 'Hi {{ first_name }} & <you>!\n\nBye\r\nbye', cta: 'Take {{ offer.label }}' };
    const mail = rendered(template, { first_name: '<Ann>', offer: { value: 20, unit: 'percent' } }, words);
    assert.equal(mail.subject, '<Ann>, yours');
    assert.ok(mail.html.includes('<p>Hi &lt;Ann&gt; &amp; &lt;you&gt;!<br /><br />Bye<br />bye</p>Take 20% off'), mail.html);
    assert.match(mail.text, /^Hi <Ann> & <you>!\n\nBye\nbye\n\nTake 20% off\n/);
  });

  it('are never lost: where the template has no place for them, there is no mail', async () => {
    assert.match(
      refusalOf(await compiled(text('x')), {}, { text: 'Hi' }),
      /^its content: the step brings one, and the template has no place/,
    );
    assert.match(
      refusalOf(await compiled(text('{{ content }}'))),
      /^its content: the template has none of its own, and the step brings none$/,
    );
    assert.match(refusalOf(await compiled(text('x')), {}, { subject: '{{ x | shout }}' }), /^its subject: undefined filter: shout$/);
  });

  it("go before a test's winner, which goes before the template", async () => {
    const template = await compiled(text('{{ content | default: "Ours" }} {{ offer.label }}', { subject: 'Ours' }));
    const winner = withWords(template, { subject: 'Winner', text: 'Won', offer: '15% off' });
    assert.deepEqual(template.words, undefined);
    const mail = rendered(winner, { offer: { type: 'discount', value: 20, unit: 'percent' } });
    assert.equal(mail.subject, 'Winner');
    assert.match(mail.text, /^Won 15% off\n/);
    const step = rendered(winner, {}, { subject: 'Step' });
    assert.equal(step.subject, 'Step');
    assert.match(step.text, /^Won 15% off\n/);
  });
});

describe('missing variables', () => {
  it('are those without a fallback that a user lacks, blank ones too', async () => {
    const template = await compiled(
      text(
        '{{ first_name }} {{ last_name | default: "x" }} {{ traits.plan }} {{ offer.label }} {% for i in recommendations %}{{ i.name }}{% endfor %}',
      ),
    );
    assert.deepEqual(missingVariables(template, NOBODY), ['first_name', 'traits.plan', 'offer.label']);
    const known = { ...NOBODY, first_name: ' ', traits: { plan: 0 }, offer: { type: 'discount', value: 5, unit: 'USD' } };
    assert.deepEqual(missingVariables(template, known), ['first_name']);
    assert.deepEqual(missingVariables(template, {}).includes('brand_name'), true);
  });
});

describe('five hundred mails of one step', () => {
  it('are rendered in half a second of a slow core', async () => {
    const template = await compiled(
      text(`{{ first_name | default: "there" }} ${'<p>A paragraph of the usual length, with {{ brand_name }} in it.</p>'.repeat(12)}`),
    );
    const users = Array.from({ length: 500 }, (_, n) => ({
      ...NOBODY,
      first_name: `User ${n}`,
      unsubscribe_url: `https://a.example/${n}`,
    }));
    const renderAll = () => users.map((user) => renderEmail(template, user, { subject: '{{first_name}}, hello' }));
    let mails = renderAll();
    const tookMs = await cpuMs(() => {
      mails = renderAll();
    });
    assert.ok(tookMs < 500, `${tookMs} ms`);
    assert.ok(mails.every((mail, n) => mail.kind === 'rendered' && mail.subject === `User ${n}, hello`));
  });
});
