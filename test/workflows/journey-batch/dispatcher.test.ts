import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { WantedSend } from '../../../core/journey/batch.js';
import { Dispatcher, type AnsweredSend } from '../../../workflows/journey-batch/dispatcher.js';

/** Steps 1 and 2 go by mail, step 3 by another channel. Sends are answered when the test says so. */
function dispatcher() {
  const calls: { readonly wanted: readonly WantedSend[]; readonly answer: () => void }[] = [];
  const sends = new Dispatcher(
    (stepKey) => (stepKey === 3 ? 'sms' : 'email'),
    (wanted) =>
      new Promise<readonly AnsweredSend[]>((resolve) => {
        calls.push({ wanted, answer: () => resolve(wanted.map((one) => ({ ...one, answer: { kind: 'sent' } }))) });
      }),
  );
  const begun = () => calls.map(({ wanted }) => wanted.map(({ idx, stepKey }) => `${stepKey}:${idx}`).join(' '));
  return { sends, calls, begun };
}

const want = (stepKey: number, ...idxs: readonly number[]): WantedSend[] => idxs.map((idx) => ({ idx, stepKey, dueMs: 0 }));
const everybody = () => true;

describe('the sends of a batch', () => {
  it('go out one step at a time on each channel, and together with what came meanwhile', async () => {
    const { sends, calls, begun } = dispatcher();
    sends.add([...want(1, 0, 1), ...want(3, 5), ...want(2, 7)]);
    sends.dispatch(everybody);
    assert.deepEqual(begun(), ['1:0 1:1', '3:5']);
    sends.add(want(2, 8));
    sends.dispatch(everybody);
    assert.deepEqual(begun(), ['1:0 1:1', '3:5'], 'the lane is busy');
    calls[0]?.answer();
    await setImmediate();
    sends.dispatch(everybody);
    assert.deepEqual(begun(), ['1:0 1:1', '3:5', '2:7 2:8']);
  });

  it('are dropped where nobody wants them any more', () => {
    const { sends, begun } = dispatcher();
    sends.add(want(1, 0, 1, 2));
    sends.dispatch((idx) => idx !== 1);
    assert.deepEqual(begun(), ['1:0 1:2']);
  });

  it('are over when every answer was taken, each once', async () => {
    const { sends, calls } = dispatcher();
    assert.ok(sends.isIdle());
    sends.add(want(1, 0));
    sends.dispatch(everybody);
    assert.deepEqual([sends.isIdle(), sends.hasAnswers()], [false, false]);
    calls[0]?.answer();
    await setImmediate();
    assert.deepEqual([sends.isIdle(), sends.hasAnswers()], [false, true]);
    assert.deepEqual(sends.takeAnswers(), [{ idx: 0, stepKey: 1, dueMs: 0, answer: { kind: 'sent' } }]);
    assert.deepEqual([sends.isIdle(), sends.takeAnswers()], [true, []]);
  });
});
