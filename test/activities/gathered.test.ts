import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { gathered } from '../../activities/sending/gathered.js';

describe('work that is gathered', () => {
  it('goes in one go with what came while other work was under way, and gives each its own result', async () => {
    const groups: number[][] = [];
    const double = gathered(async (items: readonly number[]) => {
      groups.push([...items]);
      await setTimeout(5);
      return items.map((item) => item * 2);
    });
    const first = double(1);
    await setImmediate();
    const results = await Promise.all([first, ...[2, 3, 4].map(double)]);
    assert.deepEqual(results, [2, 4, 6, 8]);
    assert.deepEqual(groups, [[1], [2, 3, 4]]);
    assert.equal(await double(5), 10);
  });

  it('fails for those that went together, and goes on', async () => {
    const check = gathered(async (items: readonly number[]) => {
      await setImmediate();
      if (items.includes(2)) throw new Error('no twos');
      return items;
    });
    const settled = await Promise.allSettled([1, 2, 3].map(check));
    assert.deepEqual(settled.map(({ status }) => status), ['fulfilled', 'rejected', 'rejected']); // prettier-ignore
    assert.equal(await check(4), 4);
  });
});
