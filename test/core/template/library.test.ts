import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { templates } from '../../../core/suggestion/payload.js';
import { compileTemplate } from '../../../core/template/compile-template.js';
import { library, libraryTemplate, type LibraryFamily } from '../../../core/template/library/library.js';
import { CONFIRMATION_FAMILY, purposeOf } from '../../../core/template/purpose.js';
import { requiredVariables } from '../../../core/template/variables.js';
import { rendered } from './samples.js';

const families = (Object.keys(library) as LibraryFamily[]).filter((family) => purposeOf(family) === 'campaign');
const everything = {
  first_name: 'Zoë',
  brand_url: 'https://northwind.example',
  view_url: 'https://mail.example.com/v/1',
  last_event: 'cart_abandoned',
  offer: { type: 'discount', value: 20, unit: 'percent', expiry_days: 7 },
  incentive: '$10 gift card',
  recommendations: [{ name: 'Field Notes', url: 'https://northwind.example/f' }],
};

describe('the library', () => {
  it('has every template that a suggestion may name', () => {
    assert.deepEqual([...families].sort(), [...templates].sort());
  });

  it('has the mail that asks for a confirmation, and says nothing else', async () => {
    const template = await libraryTemplate(CONFIRMATION_FAMILY);
    const needed = template.variables.filter(({ hasFallback }) => !hasFallback).map(({ name }) => name);
    assert.deepEqual(needed.sort(), ['brand_name', 'confirm_url', 'postal_address']);
    const { html, text } = rendered(template, { ...everything, confirm_url: 'https://mail.example.com/c/1' });
    assert.deepEqual([...html.matchAll(/href="(https[^"]*)"/g)].map(([, url]) => url), ['https://mail.example.com/c/1']); // prettier-ignore
    assert.doesNotMatch(text, /Zoë|20%|gift|Field Notes/);
  });

  for (const family of families) {
    describe(family, () => {
      it('compiles without a fault and needs to know nothing of a user', async () => {
        assert.equal((await compileTemplate(library[family])).kind, 'compiled');
        const { variables } = await libraryTemplate(family);
        const needed = variables.filter(({ hasFallback }) => !hasFallback).map(({ name }) => name);
        assert.deepEqual(needed.sort(), [...requiredVariables].sort());
      });

      it('reads well for somebody of whom nothing is known, and promises nothing', async () => {
        const { subject, html, text } = rendered(await libraryTemplate(family));
        for (const words of [subject, text]) {
          assert.doesNotMatch(words, /\d+%|% off|gift|\bfree\b|\$|,,| ,|\( *\)|undefined|null|\{|\}/i);
          assert.doesNotMatch(words, /^[a-z]/);
        }
        assert.doesNotMatch(html, /<a\s[^>]*href="(?!https:\/\/mail\.example\.com\/u\/)/, 'there is no link but that to unsubscribe');
        assert.ok(subject.length <= 60, `a phone shows no more of ${subject}`);
      });

      it('says what is known', async () => {
        const { subject, html, text } = rendered(await libraryTemplate(family), everything);
        assert.match(subject + text, /Zoë/);
        assert.match(html, /View online/);
        assert.ok(Buffer.byteLength(html) < 12_000);
        if (['limited_offer', 'win_back'].includes(family)) assert.match(text, /20% off.* 7 days/);
        if (family === 'feedback_request') assert.match(text, /\$10 gift card/);
      });

      it("gives way to a step's words", async () => {
        const mail = rendered(await libraryTemplate(family), everything, { subject: 'Step', text: 'One line.\nAnother.' });
        assert.equal(mail.subject, 'Step');
        assert.match(mail.html, /One line\.<br \/>Another\./);
        assert.match(mail.text, /\n\nOne line\.\nAnother\.\n\n/);
      });
    });
  }
});
