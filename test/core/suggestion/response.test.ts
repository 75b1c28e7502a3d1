import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseTenantId } from '../../../core/ids.js';
import { namedInErrors, retryDelayMs } from '../../../core/suggestion/delivery.js';
import {
  derivedResponseId,
  judgeResponse,
  responseActions,
  settleExecution,
  suggestionStatuses,
} from '../../../core/suggestion/response.js';

describe('the verdict on an answer', () => {
  it('lets the first decision stand, and a pause be followed by either', () => {
    const verdicts = suggestionStatuses.map((status) => [
      status,
      ...responseActions.map((action) => {
        const verdict = judgeResponse(status, action);
        return verdict.kind === 'settle' ? `${verdict.status}: ${verdict.outcome.kind}` : verdict.kind;
      }),
    ]);
    assert.deepEqual(verdicts, [
      ['pending', 'execute', 'paused: paused', 'rejected: rejected', 'pending: details'],
      ['accepted', 'accepted: unchanged', 'refuse', 'refuse', 'accepted: details'],
      ['paused', 'execute', 'paused: unchanged', 'rejected: rejected', 'paused: details'],
      ['rejected', 'refuse', 'refuse', 'rejected: unchanged', 'rejected: details'],
    ]);
  });

  it('accepts a suggestion when one of its actions was started, and else leaves it as it was', () => {
    const started = { kind: 'started', action_type: 'create_campaign', reference: 'camp_1' } as const;
    const missing = { kind: 'not_available', action_type: 'create_ab_test', reason: 'no' } as const;
    assert.equal(settleExecution('paused', [missing, started]).status, 'accepted');
    assert.deepEqual(settleExecution('paused', [missing]), {
      kind: 'settle',
      status: 'paused',
      outcome: { kind: 'not_executed', actions: [missing] },
    });
    assert.equal(settleExecution('pending', []).status, 'pending');
  });

  it('knows an answer without an id by what it says', () => {
    const answer = {
      tenantId: parseTenantId('550e8400-e29b-41d4-a716-446655440000'),
      suggestionId: 'sg_aud_1',
      action: 'pause',
      channel: 'email',
    } as const;
    const others = [
      { ...answer, action: 'reject' },
      { ...answer, channel: 'in_app' },
      { ...answer, suggestionId: 'sg_aud_2' },
    ] as const;
    assert.equal(derivedResponseId(answer), derivedResponseId({ ...answer }));
    assert.equal(new Set([answer, ...others].map(derivedResponseId)).size, 4);
  });
});

describe('the delay before a delivery is tried again', () => {
  it('doubles from 2 s to 5 min, and grants a wish of up to an hour', () => {
    assert.deepEqual(
      [1, 2, 3, 8, 9, 1_000].map((attempt) => retryDelayMs(attempt, undefined)),
      [2_000, 4_000, 8_000, 256_000, 300_000, 300_000],
    );
    assert.equal(retryDelayMs(9, 500), 500);
    assert.equal(retryDelayMs(1, 86_400_000), 3_600_000);
  });
});

describe('what was not stored', () => {
  it('is what the errors name, when they name as many as are missing', () => {
    assert.deepEqual(namedInErrors(['sg_a', 'sg_b'], ['sg_b: no'], 1), ['sg_b']);
    assert.deepEqual(namedInErrors(['sg_a', 'sg_b'], [{ suggestion: { id: 'sg_a' }, error: 'no' }], 1), ['sg_a']);
    assert.equal(namedInErrors(['sg_a', 'sg_b'], ['one failed'], 1), undefined);
    assert.equal(namedInErrors(['sg_a', 'sg_b'], ['sg_a failed after sg_b'], 1), undefined);
  });
});
