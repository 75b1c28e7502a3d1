import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseAffinities, type AffinityOverview } from '../../../core/segment/affinities.js';

const overview = (given: Partial<AffinityOverview> = {}): AffinityOverview => ({
  users: 100,
  usersWithCategory: 50,
  categories: ['shoes', 'hats', 'bags', 'belts'],
  channels: [
    { channel: 'email', users: 50 },
    { channel: 'sms', users: 49 },
  ],
  ...given,
});
const tooFew = 'too few users have one';

describe('affinities in clustering', () => {
  it('are the three most frequent categories and the channels that half of the users have, a quarter each', () => {
    const { uses, leftOut } = chooseAffinities(overview());
    assert.deepEqual(
      uses.map(({ name }) => name),
      ['category:shoes', 'category:hats', 'category:bags', 'channel:email'],
    );
    assert.ok(uses.every(({ weight, unit, logged }) => weight === 0.25 && unit === 1 && !logged));
    assert.deepEqual(leftOut, [{ name: 'channel:sms', because: tooFew }]);
  });

  it('are left out, and told, where fewer than half of the users have one', () => {
    const { uses, leftOut } = chooseAffinities(overview({ usersWithCategory: 49, channels: [] }));
    assert.deepEqual(uses, []);
    assert.deepEqual(leftOut, [
      { name: 'category:shoes', because: tooFew },
      { name: 'category:hats', because: tooFew },
      { name: 'category:bags', because: tooFew },
    ]);
  });

  it('are none for nobody', () => {
    const nobody = chooseAffinities({ users: 0, usersWithCategory: 0, categories: [], channels: [{ channel: 'email', users: 0 }] });
    assert.deepEqual(nobody, { uses: [], leftOut: [{ name: 'channel:email', because: tooFew }] });
  });
});
