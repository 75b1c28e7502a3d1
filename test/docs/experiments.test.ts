import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { projectRoot } from '../../config.js';
import { SURE_OF_BEST } from '../../core/experiment/bandit.js';
import { MOST_CELLS, MOST_VARIATIONS, SHORTEST_DAYS } from '../../core/experiment/design-faults.js';
import { DEFAULT_MINIMUM_EFFECT } from '../../core/experiment/design-request.js';
import { LEAST_CONVERSIONS, LEAST_CONVERSIONS_OF_BANDIT, LEAST_USERS } from '../../core/experiment/gates.js';
import { guardrails, metricKinds } from '../../core/experiment/metric.js';
import { SAMPLE_RATIO_ALARM } from '../../core/stats/sample-ratio.js';
import { designed } from '../core/experiment/samples.js';

let text: string;
before(async () => {
  text = await readFile(join(projectRoot, 'docs/experiments.md'), 'utf8');
});

describe('the page on experiments', () => {
  it('names the limits that the code has', () => {
    const { conversionWindowHours } = designed();
    for (const sentence of [
      `${LEAST_USERS} measured users and ${LEAST_CONVERSIONS} conversions in every arm (${LEAST_CONVERSIONS_OF_BANDIT} for a bandit)`,
      `p ≥ ${SAMPLE_RATIO_ALARM}`,
      `2 to ${MOST_VARIATIONS}, or the cells of factors (subject × content × CTA × time), ${MOST_CELLS} at most`,
      `at least ${SHORTEST_DAYS}.`,
      `(${conversionWindowHours} hours unless said otherwise)`,
      `Smallest effect: ${100 * DEFAULT_MINIMUM_EFFECT} % of it`,
      `the best with probability ${SURE_OF_BEST}`,
    ]) {
      assert.ok(text.includes(sentence), `the page does not say: ${sentence}`);
    }
  });

  it('explains every metric and guardrail', () => {
    for (const name of [...metricKinds, ...guardrails]) assert.ok(text.includes(`\`${name}\``), `${name} is not explained`);
  });
});
