import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { gathered } from '../../activities/sending/gathered.js';

describe('work that is gathered', () => {
  it('goes in one go with what came while other work was under way, and is over for each when it is over', async () => {
    const groups: number[][] = [];
    let over = 0;
    const work = gathered(async (items: readonly number[]) => {
      groups.push([...items]);
      await setTimeout(5);
      over += items.length;
      return items.map((item) => -item);
    });
    const first = work(1);
    await setImmediate();
    const others = [2, 3, 4].map(work);
    await first;
    assert.equal(over, 1);
    assert.deepEqual(await Promise.all(others), [-2, -3, -4]);
    await work(5);
    assert.deepEqual([groups, over], [[[1], [2, 3, 4], [5]], 5]);
  });

  it('fails for those that went together, and goes on', async () => {
    const check = gathered(async (items: readonly number[]) => {
      await setImmediate();
      if (items.includes(2)) throw new Error('no twos');
      return [];
    });
    const one = check(1);
    await setImmediate();
    const settled = await Promise.allSettled([one, check(2), check(3)]);
    assert.deepEqual(settled.map(({ status }) => status), ['fulfilled', 'rejected', 'rejected']); // prettier-ignore
    await check(4);
  });
});
