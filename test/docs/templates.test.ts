import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { projectRoot } from '../../config.js';
import { MOST_SOURCE_CHARACTERS } from '../../core/template/compile-template.js';
import { library } from '../../core/template/library/library.js';
import { MOST_LIQUID_PIECES } from '../../core/template/liquid-marks.js';
import { liquidFilters, liquidTags, RENDERED_LIMIT, STEP_LIMIT } from '../../core/template/liquid.js';
import { MOST_SUBJECT_CHARACTERS } from '../../core/template/render-email.js';
import { MOST_HTML_BYTES } from '../../core/template/sample-renders.js';
import { requiredVariables, slots, templateVariables } from '../../core/template/variables.js';
import { compiled, text as sample } from '../core/template/samples.js';

let text: string;
before(async () => {
  text = await readFile(join(projectRoot, 'docs/templates.md'), 'utf8');
});

const section = (title: string) => text.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? '';
const quoted = (words: string) => [...words.matchAll(/`([^`\n]+)`/g)].map(([, name = '']) => name);

describe('docs/templates.md', () => {
  it('has every variable with its meaning, and none besides', () => {
    const rows = [...section('Variables').matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].map(([, name, meaning]) => [name, meaning]);
    const expected = Object.entries(templateVariables).map(([name, { meaning, fields }]) => {
      return [name, fields ? `${meaning}: ${fields.map((field) => `\`${name}.${field}\``).join(', ')}` : meaning];
    });
    assert.deepEqual(rows, expected);
    assert.ok(section('Variables').includes(`${requiredVariables.map((name) => `\`${name}\``).join(', ')} are\nalways there`));
    for (const slot of slots) assert.ok(section('Variables').includes(`\`{{ ${slot} }}\``), slot);
  });

  it('has every family of the library', () => {
    assert.deepEqual(
      quoted(section('Families and versions'))
        .filter((name) => Object.hasOwn(library, name))
        .slice(1),
      Object.keys(library),
    );
  });

  it('has the tags and filters that there are', () => {
    const [, tags = '', filters = ''] = /Tags: (.*)\.\nFilters: ([^.]*)\./.exec(section('Liquid')) ?? [];
    assert.deepEqual(quoted(tags), [...liquidTags]);
    assert.deepEqual(quoted(filters), liquidFilters);
  });

  it('has the limits that there are', () => {
    for (const sentence of [
      `a subject over ${MOST_SUBJECT_CHARACTERS} characters`,
      `cut at ${MOST_SUBJECT_CHARACTERS} characters`,
      `HTML over ${MOST_HTML_BYTES} bytes`,
      `a source over ${MOST_SOURCE_CHARACTERS.mjml} characters, or with more than ${MOST_LIQUID_PIECES} pieces of Liquid`,
      `more than ${STEP_LIMIT} steps of\nLiquid or ${RENDERED_LIMIT} characters`,
    ]) {
      assert.ok(text.includes(sentence), `the page does not say: ${sentence}`);
    }
  });

  it('has an example that compiles', async () => {
    const [, example = ''] = /```\n([^]*?)```/.exec(section('Liquid')) ?? [];
    const template = sample('x');
    await compiled({ ...template, mjml: template.mjml.replace('<mj-text>x</mj-text>', example) });
  });
});
