import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { compileFunction } from 'node:vm';
import { projectRoot } from '../../../config.js';

const folder = join(projectRoot, 'core/stats');
const EXAMPLE = /@example ([^\n]+?) \/\/ → ([^\n]+)/g;
const EXPORTED_FUNCTION = /(\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*)?export (?:function (\w+)|const (\w+) = (?:\([^)]*\)|\w+)(?:: [^=]+)? =>)/g;

/** What the statistics are made of, which are none themselves. */
const WITHOUT_EXAMPLE = new Set([
  'rules.ts',
  'proportions/counts.ts',
  'verdict.ts',
  'distributions/polynomial.ts',
  'bayes/race.ts',
  'sequential/sub-density.ts',
  'sequential/small-growth.ts',
]);

const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'));

function evaluate(expression: string, scope: Record<string, unknown>): unknown {
  return compileFunction(`return (${expression});`, Object.keys(scope))(...Object.values(scope));
}

/** As near as the digits that the documentation gives. */
function assertAgrees(actual: unknown, expected: unknown, where: string): void {
  if (typeof expected === 'number' && typeof actual === 'number') {
    if (Object.is(actual, expected)) return;
    const digits = String(expected).split('e')[0] ?? '';
    const decimals = (digits.split('.')[1] ?? '').length;
    const scale = 10 ** Number(String(expected).split('e')[1] ?? 0);
    const tolerance = Math.max(0.6 * scale * 10 ** -decimals, 4e-15 * Math.abs(expected));
    assert.ok(Math.abs(actual - expected) <= tolerance, `${where}: ${actual} is not ${expected}`);
  } else if (typeof expected === 'object' && expected !== null && typeof actual === 'object' && actual !== null) {
    const parts = new Map<string, unknown>(Object.entries(actual));
    assert.deepEqual([...parts.keys()].sort(), Object.keys(expected).sort(), where);
    for (const [name, value] of Object.entries(expected)) assertAgrees(parts.get(name), value, `${where}.${name}`);
  } else assert.deepEqual(actual, expected, where);
}

describe('the documented example of a statistic', () => {
  for (const file of files) {
    const source = readFileSync(join(folder, file), 'utf8');
    const examples = [...source.matchAll(EXAMPLE)];
    if (examples.length > 0) {
      it(`is what ${file} computes`, async () => {
        const scope: Record<string, unknown> = await import(
          pathToFileURL(join(projectRoot, 'dist/core/stats', file.replace(/\.ts$/, '.js'))).href
        );
        for (const [, call = '', answer = ''] of examples) assertAgrees(evaluate(call, { ...scope }), evaluate(answer, {}), call);
      });
    }
    if (WITHOUT_EXAMPLE.has(file)) continue;
    it(`is there for each function that ${file} exports`, () => {
      for (const [, comment, named, constant] of source.matchAll(EXPORTED_FUNCTION)) {
        assert.match(comment ?? '', /@example /, `${named ?? constant} has no example`);
      }
    });
  }
});
