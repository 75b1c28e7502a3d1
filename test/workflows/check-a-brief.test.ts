import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { projectRoot } from '../../config.js';
import type { LocalDate, TenantId } from '../../core/ids.js';
import type { SegmentOpportunity } from '../../core/suggestion/payload.js';
import { notifyingKeys } from '../../activities/notifying/keys.js';
import { openObjectStore } from '../../store/objects.js';
import { runCommand } from '../harness/cli.js';
import { loadCdnow, openTestWalker, type TestWalker } from '../harness/walker.js';

const page = readFileSync(join(projectRoot, 'docs', 'how-to', 'check-a-brief.md'), 'utf8');
const queries = [...page.matchAll(/```sql\n(.*?)```/gs)].map(([, sql = '']) => sql);
const queryFor = (figure: string): string => queries.find((sql) => sql.includes(`as ${figure}`)) ?? assert.fail(`no query for ${figure}`);

let walker: TestWalker;
let tenantId: TenantId;
let walkDate: LocalDate;
let suggestions: readonly SegmentOpportunity[];
before(async () => {
  walker = await openTestWalker('check-a-brief');
  const worker = await walker.startWorker();
  const loaded = await loadCdnow(walker.database);
  ({ tenantId } = loaded);
  walkDate = loaded.lastDay;
  await walker.walk(tenantId, walkDate);
  await worker.close();
  const body = await openObjectStore(walker.config.objects).get(notifyingKeys(tenantId, walkDate).suggestions);
  ({ suggestions } = JSON.parse(body?.toString('utf8') ?? '{}') as { suggestions: SegmentOpportunity[] });
  assert.ok(suggestions.length >= 4);
});
after(() => walker.close());

async function ask(sql: string, form: readonly string[] = ['--json']) {
  return runCommand(['query', sql, '--tenant', tenantId, '--date', walkDate, ...form], walker.variables);
}

/** The rows of a query of the page, by the name of the segment. */
async function answersTo(figure: string): Promise<Map<string, Record<string, number>>> {
  const { code, stdout, stderr } = await ask(queryFor(figure));
  assert.equal(code, 0, stderr);
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, number> & { readonly segment: string });
  return new Map(rows.map((row) => [row.segment, row]));
}

describe('the queries of docs/how-to/check-a-brief.md', () => {
  for (const figure of ['size', 'avg_current_value', 'avg_engagement_growth', 'conversion_probability', 'potential_revenue'] as const) {
    it(`give ${figure}`, async () => {
      const answers = await answersTo(figure);
      for (const { impact, segment } of suggestions) {
        const figures: Record<string, unknown> = { ...impact, ...segment.characteristics, size: segment.size };
        assert.equal(figures[figure] ?? null, answers.get(segment.name)?.[figure], segment.name);
      }
    });
  }

  it('give what moving up is worth', async () => {
    const answers = await answersTo('estimated_revenue_increase');
    for (const { impact, segment } of suggestions) {
      for (const figure of ['estimated_revenue_increase', 'estimated_conversion_increase'] as const) {
        assert.equal(impact[figure], answers.get(segment.name)?.[figure], `${segment.name}: ${figure}`);
      }
    }
  });

  it('are answered as a table for people, and what is wrong with one is said', async () => {
    const { stdout } = await ask('select segment, users from segments limit 1', []);
    assert.match(stdout, /^segment +users\n\S.* +[\d]+\n$/);
    const { code, stderr } = await ask('select nonsense from nowhere', []);
    assert.equal(code, 1);
    assert.match(stderr, /nowhere/);
  });
});
