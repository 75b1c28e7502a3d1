import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { DeterminismViolationError } from '@temporalio/workflow';
import { Worker } from '@temporalio/worker';
import * as workflows from '../../workflows/index.js';
import { workflowBundle } from '../../workers/bundle.js';
import { createWorkerLogger, installRuntime, temporalLogger } from '../../workers/logging.js';
import { historiesFolder, historyFiles } from './histories.js';

installRuntime(temporalLogger(createWorkerLogger('silent')));
const read = (name: string) => readFileSync(join(historiesFolder, name), 'utf8');
const replay = async (text: string) =>
  Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, historyFromJSON(JSON.parse(text)));

describe('the workflows of today', () => {
  for (const name of historyFiles()) {
    it(`replay ${name.replace('.json', '')}`, () => replay(read(name)));
  }

  it('each have a recorded history', () => {
    const recorded = new Set(historyFiles().map((name) => name.split('.')[0]));
    assert.deepEqual(
      Object.keys(workflows).filter((name) => !recorded.has(name)),
      [],
      'record one with npm test -- --record-histories',
    );
  });

  it('would be caught doing something else than what is recorded', async () => {
    const changed = read('walker.succeeded.json').replaceAll('"fitModel"', '"fitAnotherModel"');
    await assert.rejects(replay(changed), DeterminismViolationError);
  });
});
