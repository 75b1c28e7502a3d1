import { DomainError } from '../../core/errors.js';
import { testFromAction } from '../../core/suggestion/test-from-action.js';
import type { TenantTransaction } from '../client.js';
import type { ExecutorCommand, Executors } from './suggestion-responses.js';
import { changeTest } from './test-changes.js';
import { createTest } from './test-creation.js';

/** What does what suggestions recommend about A/B tests. In the audit, who decided is the suggestion. */
export const createTestExecutors = (now: () => Date): Pick<Executors, 'apply_test_winner' | 'create_ab_test'> => ({
  async apply_test_winner(tx, { tenantId, suggestion, action: { test_id: testKey } }) {
    const by = suggestion.suggestionId;
    const { answer } = await changeTest(tx, { tenantId, testKey, change: { kind: 'apply' }, by, at: now() });
    return answer.kind === 'refused' ? { kind: 'failed', reason: answer.because } : { kind: 'started', reference: testKey };
  },

  /** Makes the test and starts it; nothing is left of one that cannot start. Its clock is started by the next worker that looks. */
  async create_ab_test(tx, command) {
    try {
      return { kind: 'started', reference: await tx.transaction((inner) => startTest(inner, command, now())) };
    } catch (error) {
      if (error instanceof DomainError) return { kind: 'failed', reason: error.message };
      throw error;
    }
  },
});

type CreateCommand = ExecutorCommand<Extract<ExecutorCommand['action'], { action_type: 'create_ab_test' }>>;

async function startTest(tx: TenantTransaction, { tenantId, suggestion, position, action }: CreateCommand, at: Date): Promise<string> {
  const by = suggestion.suggestionId;
  const created = await createTest(tx, { tenantId, wish: testFromAction(action), by, at, origin: { suggestion: by, position } });
  if (created.kind === 'refused') {
    throw new DomainError('invalid', created.faults.map(({ field, message }) => `${field}: ${message}`).join('; '));
  }
  const { testKey } = created.test;
  const { answer } = await changeTest(tx, { tenantId, testKey, change: { kind: 'start', acceptTooSmall: false }, by, at });
  if (answer.kind === 'refused') throw new DomainError('conflict', answer.because);
  return testKey;
}
