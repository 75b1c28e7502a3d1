import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { mailFaults } from '../../../core/campaign/step-words.js';
import { compileTemplate } from '../../../core/template/compile-template.js';
import { libraryTemplate } from '../../../core/template/library/library.js';
import type { CompiledTemplate } from '../../../core/template/template.js';

let winBack: CompiledTemplate;
before(async () => void (winBack = await libraryTemplate('win_back')));

describe('the mail of a step', () => {
  it('can be made of a template of the library, with words of its own or without', () => {
    assert.deepEqual(mailFaults({ key: 1 }, 'win_back', winBack), []);
    assert.deepEqual(mailFaults({ key: 1, subject: '{{ first_name }}, hello', text: 'Hi {{ first_name }}!' }, 'win_back', winBack), []);
  });

  it('cannot where there is no such template in force', () => {
    assert.deepEqual(mailFaults({ key: 3 }, 'winback', undefined), ['step 3: there is no template winback in force']);
  });

  it('cannot where its words are no Liquid, or use what nobody knows', () => {
    const faults = mailFaults({ key: 2, subject: '{{ first_name', text: 'Hi {{ shoe_size }}' }, 'win_back', winBack);
    assert.equal(faults.length, 2);
    assert.match(faults[0] ?? '', /^step 2: its subject: /);
    assert.match(faults[1] ?? '', /^step 2: its text: there is no variable shoe_size/);
  });

  it('needs a text where the template has none of its own, and none where there is no place for it', async () => {
    const frame = async (body: string) => {
      const mjml = `<mjml><mj-body><mj-section><mj-column><mj-text>${body}{{ brand_name }} {{ postal_address }} <a href="{{ unsubscribe_url }}">Unsubscribe</a></mj-text></mj-column></mj-section></mj-body></mjml>`;
      const compiled = await compileTemplate({ subject: 'Hello', mjml });
      assert.ok(compiled.kind === 'compiled', JSON.stringify(compiled));
      return compiled.template;
    };
    const [open, closed] = [await frame('{{ content }} '), await frame('')];
    assert.deepEqual(mailFaults({ key: 1 }, 'open', open), ['step 1: the template open has no text of its own, and the step brings none']);
    assert.deepEqual(mailFaults({ key: 1, text: 'Hi' }, 'open', open), []);
    assert.deepEqual(mailFaults({ key: 1, text: 'Hi' }, 'closed', closed), [
      'step 1: its text: the template has no place for it: {{ content }}',
    ]);
  });
});
