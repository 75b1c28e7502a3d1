import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { segmentationKeys } from '../../activities/segmentation/keys.js';
import { projectRoot } from '../../config.js';
import { parseLocalDate } from '../../core/ids.js';
import { decayed, DECAY_UNIT } from '../../core/segment/activity.js';
import { K_RANGE } from '../../core/segment/choosing-k.js';
import { engagementPoints, OWN_EVENT_POINTS } from '../../core/segment/engagement-points.js';
import { featureNames } from '../../core/segment/features.js';
import { behaviouralUses, SAMPLE_USERS } from '../../core/segment/model.js';
import { archetypeNames, strategies, TEMPLATES } from '../../core/segment/naming.js';
import { archetypes, PERIOD_DAYS } from '../../core/segment/statistics.js';
import { PINNED_K } from '../../core/tenant.js';
import { TENANT } from '../harness/people.js';
import { statisticsOf, threeSegments } from '../harness/segments.js';

let text: string;
before(async () => {
  text = await readFile(join(projectRoot, 'docs/segmentation.md'), 'utf8');
});

/** The rows of the table whose head begins with these titles, cell by cell. */
function tableOf(...titles: readonly string[]): string[][] {
  const table = text.split(/\n\n+/).find((block) => block.startsWith(`| ${titles.join(' | ')} |`));
  assert.ok(table, `no table of ${titles.join()}`);
  return table
    .trim()
    .split('\n')
    .slice(2)
    .map((row) =>
      row
        .split('|')
        .map((cell) => cell.trim())
        .slice(1, -1),
    );
}

const quoted = (cell: string | undefined) => [...(cell ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');

describe('docs/segmentation.md', () => {
  it('has every event with its points, and every other known event has none', () => {
    const rows = tableOf('points', 'events');
    const told = new Map(rows.flatMap(([points, events]) => quoted(events).map((event) => [event, Number(points)] as const)));
    const scored = [...engagementPoints].filter(([, points]) => points > 0);
    assert.deepEqual(told, new Map(scored));
    const own = rows.find(([, events]) => events?.includes("of the tenant's own"));
    assert.equal(Number(own?.[0]), OWN_EVENT_POINTS);
  });

  it('has every feature, and none besides', () => {
    const told = tableOf('feature', 'formula').flatMap(([name]) => quoted(name));
    assert.deepEqual(told, [...featureNames]);
  });

  it('says how each feature enters clustering', () => {
    const told = tableOf('feature', 'divided by').map(([name, unit, logged, weight]) => ({
      name: quoted(name)[0],
      unit: Number(/\d+/.exec(unit ?? '')?.[0]),
      logged: logged === 'yes',
      weight: Number(weight),
    }));
    assert.deepEqual(told, behaviouralUses('spend', 2));
    const instead = behaviouralUses('engagement value', 2).find(({ name }) => name === 'engagementValue');
    assert.deepEqual(instead, { name: 'engagementValue', unit: 1, logged: true, weight: 1 });
    assert.match(text, /`engagementValue` \(1, logged, weight 1\)/);
  });

  it('has every archetype with its name, place, weight and strategy', () => {
    const told = tableOf('archetype').map(([archetype, name, recency, frequency, monetary, trend, trendMatters, , strategy]) => ({
      archetype: quoted(archetype)[0],
      name,
      at: { recency: Number(recency), frequency: Number(frequency), monetary: Number(monetary), trend: Number(trend) },
      trendMatters: Number(trendMatters),
      strategy,
    }));
    assert.deepEqual(
      told,
      archetypes.map((archetype) => ({
        archetype,
        name: archetypeNames[archetype],
        ...TEMPLATES[archetype],
        strategy: strategies[archetype],
      })),
    );
  });

  it('has every statistic that is kept', () => {
    const told = new Set(tableOf('key', 'what it is').flatMap(([key]) => quoted(key)));
    const all = { ...statisticsOf({ users: 1, channelRates: {} }), ...threeSegments[0]?.statistics };
    assert.deepEqual(
      Object.keys(all).filter((key) => !told.has(key)),
      [],
    );
  });

  it('has every artifact under its key', () => {
    const { activity, affinities, model, members, tally, clusters } = segmentationKeys(TENANT, parseLocalDate('2025-12-28'));
    const keys = [activity(7), affinities(7), model, members(7), tally(7), clusters].map((key) =>
      key.replace(`${TENANT}/`, '').replace('20251228', 'YYYYMMDD').replace('007', 'NNN'),
    );
    const told = tableOf('key', 'content').flatMap(([key]) => quoted(key));
    assert.deepEqual(told, keys);
  });

  it('gives the decay of points as it is computed', () => {
    assert.match(text, /\(60 − \*a\* mod 30\) \/ 60 \/ 2\^⌊\*a\*\/30⌋/);
    for (const age of [0, 1, 29, 30, 45, 100, 365]) {
      const formula = (60 - (age % 30)) / 60 / 2 ** Math.floor(age / 30);
      assert.ok(Math.abs((10 * formula * DECAY_UNIT - decayed(10, age)) / DECAY_UNIT) < 1e-6, String(age));
    }
  });

  it('has the limits as they are', () => {
    assert.ok(text.includes(`Every k from ${K_RANGE.least} to ${K_RANGE.most}`));
    assert.ok(text.includes(`may pin k (${PINNED_K.least} to ${PINNED_K.most})`));
    assert.ok(text.includes(`the ${SAMPLE_USERS.toLocaleString('en')} users whose hashed`));
    assert.ok(text.includes(`as they were ${PERIOD_DAYS} days before`));
  });
});
