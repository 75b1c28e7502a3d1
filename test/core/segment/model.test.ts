import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../../core/random.js';
import { assignSegments } from '../../../core/segment/membership.js';
import { EVERYONE, fitModel, segmentKey, type ModelQuestion, type SegmentModel } from '../../../core/segment/model.js';
import { activityOf, cdnowPeople, columnsOf, DAY_MS, questionOf, TENANT, type Person } from '../../harness/people.js';

const AS_OF = Date.UTC(1998, 2, 1);
const buysAt = (...daysAgo: readonly number[]) =>
  daysAgo.map((days) => ({ ms: AS_OF - days * DAY_MS, points: 10, minor: 1_000 + 10 * days }));
const id = (i: number) => `user-${String(i).padStart(5, '0')}`;

/** People who come at random, some often and some once. */
function someone(count: number, seed = 1): Person[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, i) => ({
    userId: id(i),
    deeds: buysAt(...Array.from({ length: 1 + Math.floor(random() ** 3 * 12) }, () => 1 + Math.floor(random() * 300))),
  }));
}

function segmentsOf(model: SegmentModel, people: readonly Person[], asOfMs: number): Map<string, string | undefined> {
  const activity = activityOf(people, asOfMs);
  const { users, columns } = columnsOf(activity, asOfMs);
  const { segment } = assignSegments(model, columns, { users, present: new Uint8Array(users).fill(1) });
  return new Map(activity.userIds.map((userId, i) => [userId, model.segments[segment[i] ?? -1]?.key]));
}

function stayed(before: ReadonlyMap<string, string | undefined>, now: ReadonlyMap<string, string | undefined>): number {
  const both = [...now].filter(([userId]) => before.has(userId));
  return both.filter(([userId, key]) => before.get(userId) === key).length / both.length;
}

describe('the model of a small audience', () => {
  it('is nothing for nobody', () => {
    const model = fitModel(questionOf([], AS_OF));
    assert.deepEqual([model.type, model.k, model.because, model.segments], ['rule', 0, 'nobody to segment', []]);
  });

  it('is one segment of all for 1, 3 and 10 who are alike, of the kind that they are', () => {
    for (const count of [1, 3, 10]) {
      const model = fitModel(
        questionOf(
          Array.from({ length: count }, (_, i) => ({ userId: id(i), deeds: buysAt(200) })),
          AS_OF,
        ),
      );
      assert.deepEqual([model.type, model.k, model.because], ['rule', 1, 'too few users, or all alike']);
      assert.deepEqual(
        model.segments.map(({ key, name, archetype }) => [key, name, archetype]),
        [[segmentKey(TENANT, 'rule', EVERYONE), 'All Users', 'lost']],
      );
    }
    const kind = (...daysAgo: number[]) => fitModel(questionOf([{ userId: 'a', deeds: buysAt(...daysAgo) }], AS_OF)).segments[0]?.archetype;
    assert.equal(kind(5), 'potential_loyalists');
    assert.equal(kind(1, 2, 3, 4, 100), 'loyal_customers');
    assert.equal(kind(70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80), 'at_risk');
  });

  it('is one segment of all for a thousand who are all alike, and says which features told nothing', () => {
    const model = fitModel(
      questionOf(
        Array.from({ length: 1_000 }, (_, i) => ({ userId: id(i), deeds: buysAt(40, 90) })),
        AS_OF,
      ),
    );
    assert.deepEqual([model.type, model.k, model.users], ['rule', 1, 1_000]);
    assert.deepEqual(
      model.dropped.map(({ name, because }) => [name, because]),
      ['recencyDays', 'frequency', 'monetaryMinor', 'trend', 'frequency30d', 'engagementScore'].map((name) => [
        name,
        'all users have the same value',
      ]),
    );
  });

  it('has a segment for each ten users at most: three for 39, four for 40 and 41, and none is empty', () => {
    const sizes = [19, 20, 39, 40, 41].map((count) => {
      const people = someone(count);
      const model = fitModel(questionOf(people, AS_OF));
      if (model.type === 'behavioral') assert.equal(new Set(segmentsOf(model, people, AS_OF).values()).size, model.k);
      return model.k;
    });
    assert.deepEqual(sizes, [1, 2, 3, 4, 4]);
  });

  it('has no more segments than there are different people', () => {
    const people = Array.from({ length: 300 }, (_, i) => ({
      userId: id(i),
      deeds: i % 3 === 0 ? buysAt(1) : i % 3 === 1 ? buysAt(9, 50) : buysAt(200),
    }));
    const model = fitModel(questionOf(people, AS_OF));
    assert.deepEqual([model.type, model.k], ['behavioral', 3]);
    assert.equal(new Set(segmentsOf(model, people, AS_OF).values()).size, 3);
  });

  it('divides people who came once each by when they came and what they paid', () => {
    const people = Array.from({ length: 200 }, (_, i) => ({ userId: id(i), deeds: buysAt((i % 2 === 0 ? 1 : 250) + (i % 7)) }));
    const model = fitModel(questionOf(people, AS_OF));
    assert.ok(model.k >= 4);
    assert.ok(model.dropped.some(({ name }) => name === 'frequency'));
    assert.ok(model.segments.flatMap(({ centre }) => centre).every(Number.isFinite));
  });

  it('takes refunds that make spend negative', () => {
    const people = someone(400).map((person, i) =>
      i % 5 === 0 ? { ...person, deeds: [...person.deeds, { ms: AS_OF - DAY_MS, points: 0, minor: -500_000 }] } : person,
    );
    const model = fitModel(questionOf(people, AS_OF));
    assert.ok(model.k >= 4);
    assert.ok(JSON.stringify(model.segments).match(/null|NaN/) === null);
    const monetary = model.features.findIndex(({ name }) => name === 'monetaryMinor');
    assert.ok(model.segments.some(({ centre }) => (centre[monetary] ?? 0) < -0.5));
  });

  it('does without a feature that nobody has, and takes the mean where some lack it', () => {
    const question = questionOf(someone(200), AS_OF);
    const half = Float64Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? (i % 10) / 10 : Number.NaN));
    const use = (name: 'category:a' | 'category:b') => ({ name, unit: 1, logged: false, weight: 0.25 });
    const model = fitModel({
      ...question,
      columns: { ...question.columns, 'category:a': half, 'category:b': new Float64Array(200).fill(Number.NaN) },
      uses: [...question.uses, use('category:a'), use('category:b')],
    });
    assert.ok(model.features.some(({ name }) => name === 'category:a'));
    assert.deepEqual(model.dropped, [{ name: 'category:b', because: 'too few users have one' }]);
    assert.ok(model.segments.flatMap(({ centre }) => centre).every(Number.isFinite));
  });

  it('has as many segments as the tenant pins, as far as the audience allows', () => {
    assert.equal(fitModel(questionOf(someone(200), AS_OF, { pinnedK: 7 })).k, 7);
    assert.equal(fitModel(questionOf(someone(50), AS_OF, { pinnedK: 7 })).k, 5);
    assert.equal(fitModel(questionOf(someone(200), AS_OF, { pinnedK: 2 })).k, 2);
  });

  it('measures engagement where nobody ever paid', () => {
    const people = someone(200).map(({ userId, deeds }) => ({ userId, deeds: deeds.map(({ ms }) => ({ ms, points: 2 })) }));
    const model = fitModel(questionOf(people, AS_OF));
    assert.equal(model.monetary, 'engagement value');
    assert.ok(model.features.some(({ name }) => name === 'engagementValue'));
  });
});

describe('the model of CDNOW', () => {
  const people = cdnowPeople(10);
  const question = questionOf(people, AS_OF);
  const model = fitModel(question);

  it('is the same to the last byte when it is fitted again', () => {
    assert.equal(JSON.stringify(fitModel(questionOf(people, AS_OF))), JSON.stringify(model));
  });

  it('calls those Champions who spend and buy most, and those Lost who were last seen longest ago', () => {
    const activity = activityOf(people, AS_OF);
    const { columns } = columnsOf(activity, AS_OF);
    const segments = segmentsOf(model, people, AS_OF);
    const average = (key: string, name: string) => {
      const own = activity.userIds.flatMap((userId, i) => (segments.get(userId) === key ? [columns[name]?.[i] ?? 0] : []));
      return own.reduce((sum, value) => sum + value, 0) / own.length;
    };
    const most = (name: string) => model.segments.reduce((a, b) => (average(b.key, name) > average(a.key, name) ? b : a)).archetype;
    assert.deepEqual([most('monetaryMinor'), most('frequency'), most('recencyDays')], ['champions', 'champions', 'lost']);
  });

  it('derives keys from tenant and name, orders segments as the document does, and is plain JSON', () => {
    assert.deepEqual(JSON.parse(JSON.stringify(model)), model);
    for (const { key, name } of model.segments) assert.equal(key, segmentKey(TENANT, 'behavioral', name));
    assert.equal(segmentKey(TENANT, 'behavioral', 'Champions'), 'seg_79b7fdfe925595c1'); // sha256 of the three lines
    const order = ['champions', 'loyal_customers', 'potential_loyalists', 'at_risk', 'lost'];
    const places = model.segments.map(({ archetype }) => order.indexOf(archetype));
    assert.deepEqual(
      places,
      [...places].sort((a, b) => a - b),
    );
  });

  it('keeps nearly everybody in their segment from day to day, in as many segments under the same names', () => {
    let last = model;
    for (const day of [3, 6]) {
      const asOfMs = AS_OF + day * DAY_MS;
      const before = segmentsOf(last, people, asOfMs - 3 * DAY_MS);
      const next = fitModel(questionOf(people, asOfMs, { last }));
      assert.deepEqual(
        next.segments.map(({ key, name }) => [key, name]),
        model.segments.map(({ key, name }) => [key, name]),
      );
      const share = stayed(before, segmentsOf(next, people, asOfMs));
      assert.ok(share > 0.95, `${share} stayed by day ${day}`);
      last = next;
    }
  });

  it('keeps nearly everybody in their segment when a tenth of the audience is new', () => {
    const others = cdnowPeople().filter(({ userId }) => Number(userId) % 100 === 1);
    const grown = [...people, ...others];
    const next = fitModel(questionOf(grown, AS_OF, { last: model }));
    const share = stayed(segmentsOf(model, people, AS_OF), segmentsOf(next, grown, AS_OF));
    assert.ok(share > 0.97, `${share} stayed`);
  });

  it('is the same again when the day is walked again: what it starts from is of an earlier day', () => {
    const later: ModelQuestion = questionOf(people, AS_OF + 3 * DAY_MS, { last: model });
    const fromFile = JSON.parse(JSON.stringify(model)) as SegmentModel;
    assert.equal(JSON.stringify(fitModel({ ...later, last: fromFile })), JSON.stringify(fitModel(later)));
  });
});
