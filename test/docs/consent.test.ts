import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { projectRoot } from '../../config.js';
import { quietLaws } from '../../core/consent/quiet-laws.js';

let rows: readonly (readonly string[])[];
before(async () => {
  const text = await readFile(join(projectRoot, 'docs', 'consent.md'), 'utf8');
  rows = text.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
});

describe('docs/consent.md', () => {
  it('names every law with its place and source', () => {
    for (const { country, region, source } of quietLaws) {
      const place = region === null ? country : `${country}-${region}`;
      const row = rows.find((cells) => cells[1]?.split(', ').includes(place));
      assert.equal(row?.[3], source, place);
    }
  });

  it('names no place that has no law', () => {
    const known = new Set(quietLaws.map(({ country, region }) => (region === null ? country : `${country}-${region}`)));
    const named = rows.flatMap((cells) => cells[1]?.split(', ').filter((place) => /^[A-Z]{2}(-\w\w)?$/.test(place)) ?? []);
    assert.ok(named.length > 30);
    assert.deepEqual(
      named.filter((place) => !known.has(place)),
      [],
    );
  });
});
