import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startProgress } from '../../cli/progress.js';

function recorder(isTTY: boolean) {
  let text = '';
  let clockMs = 0;
  const output = {
    isTTY,
    columns: 60,
    write(more: string) {
      text += more;
    },
  };
  return { output, now: () => clockMs, pass: (ms: number) => (clockMs += ms), written: () => text };
}

describe('progress', () => {
  it('draws one bar over itself on a terminal, and leaves a single line', () => {
    const { output, now, pass, written } = recorder(true);
    const progress = startProgress('importing', { total: 200, unit: 'rows', output, now });
    pass(2_000);
    progress.update(100);
    assert.match(written(), /\[############\.{12}\] 50 %, 100 of 200 rows/);
    progress.done('200 rows');
    assert.equal(written().split('\n').length, 2);
    assert.match(written(), /importing: 200 rows \(2\.0 s\)\n$/);
  });

  it('writes plain lines elsewhere, and not one for every update', () => {
    const { output, now, pass, written } = recorder(false);
    const progress = startProgress('importing', { unit: 'rows', output, now });
    for (let done = 0; done < 10_000; done += 1) {
      pass(1);
      progress.update(done);
    }
    progress.done();
    assert.doesNotMatch(written(), /\r|\u001b/);
    assert.equal(written().trim().split('\n').length, 4);
  });

  it('never draws wider than the terminal, and is silent after its end', () => {
    const { output, now, pass, written } = recorder(true);
    const progress = startProgress('a'.repeat(100), { total: 1, output, now });
    progress.stop();
    const before = written();
    pass(1_000);
    progress.update(1);
    progress.done();
    assert.equal(written(), before);
    assert.ok(
      written()
        .split('\r\u001b[K')
        .every((line) => line.length < 60),
    );
  });

  it('counts bytes in MB', () => {
    const { output, now, pass, written } = recorder(false);
    const progress = startProgress('reading', { total: 4_000_000, unit: 'bytes', output, now });
    pass(10_000);
    progress.update(1_000_000);
    assert.match(written(), /25 %, 1\.0 of 4\.0 MB, 0\.1 MB\/s/);
  });
});
