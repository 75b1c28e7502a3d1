import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { TenantId } from '../../core/ids.js';
import type { Claim, StepOfBatch } from '../../db/queries/send-ledger.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { claimed, event, ledgerOf } from '../harness/ledger.js';

/**
 * How far an attempt comes: it dies after its claim, after its call began, after its request, or lives. One that sleeps goes on
 * after all others, from where it was: after its claim, or after its call began, which it then begins again.
 */
const points = ['claimed', 'begun', 'sent', 'sleeps claimed', 'sleeps begun', 'begins twice', 'lives'] as const;
type Point = (typeof points)[number];
type Mode = 'ledger' | 'send first';
type Story = { readonly sent: ReadonlyMap<number, number>; readonly tenantId: TenantId; readonly step: StepOfBatch };
const USERS = 7;

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database.drop());
const ledger = () => ledgerOf(database);

/** Gives how often each message was sent. */
async function story(attempts: readonly Point[], mode: Mode): Promise<Story> {
  const { tenantId, step } = await ledger().prepared(USERS);
  const sent = new Map<number, number>();
  const post = (ids: readonly number[]) => ids.forEach((id) => sent.set(id, (sent.get(id) ?? 0) + 1));
  let wake = (): void => undefined;
  const morning = new Promise<void>((resolve) => (wake = resolve));
  const attempt = async (point: Point): Promise<void> => {
    const callId = randomUUID();
    const claims = await ledger().claim(step, callId);
    if (point === 'claimed') return;
    if (point === 'sleeps claimed') await morning;
    const mayBeSent = mode === 'ledger' ? await begun(tenantId, callId, claimed(claims), { point, morning }) : unanswered(claims);
    if (point === 'begun' || mayBeSent.length === 0) return;
    post(mayBeSent);
    if (point === 'sent') return;
    const answers = mayBeSent.map((messageId) => ({ messageId, status: 'sent' as const }));
    await ledger().tell(tenantId, callId, answers);
  };
  const sleeping: Promise<void>[] = [];
  for (const point of attempts) {
    if (point.startsWith('sleeps')) sleeping.push(attempt(point));
    else await attempt(point);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await attempt('lives');
  wake();
  await Promise.all(sleeping);
  return { sent, tenantId, step };
}

async function begun(
  tenantId: TenantId,
  callId: string,
  claims: readonly Claim[],
  { point, morning }: { readonly point: Point; readonly morning: Promise<void> },
): Promise<readonly number[]> {
  if (claims.length === 0) return [];
  const first = await ledger().begin(tenantId, callId, claims);
  if (point === 'sleeps begun') await morning;
  const again = point === 'sleeps begun' || point === 'begins twice';
  return (again ? await ledger().begin(tenantId, callId, claims) : first) ?? [];
}

/** As one who sends first and records later sees it: whatever has no answer is to be sent. */
const unanswered = (claims: readonly Claim[]): readonly number[] =>
  claims.flatMap(({ outcome, messageId }) => (outcome === 'claimed' || outcome === 'uncertain' ? [messageId] : []));

describe('workers that die and sleep at any point', () => {
  it('send no message twice and lose none: what nobody can know is uncertain, and settled by the provider', async () => {
    let [uncertain, woken] = [0, 0];
    const someAttempts = fc.array(fc.constantFrom(...points), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(someAttempts, async (attempts) => {
        const { sent, tenantId, step } = await story(attempts, 'ledger');
        assert.ok(
          [...sent.values()].every((times) => times === 1),
          JSON.stringify([...sent]),
        );
        if (attempts[0] === 'sleeps begun') woken += sent.size;
        await ledger().take(
          tenantId,
          [...sent.keys()].map((messageId) => event(messageId, 'delivered')),
        );
        for (const one of await ledger().claim(step)) {
          if (one.outcome === 'uncertain') uncertain += 1;
          else assert.ok(one.outcome === 'done' && one.status === 'delivered' && sent.has(one.messageId), JSON.stringify(one));
          assert.ok(one.outcome === 'done' || !sent.has(one.messageId), 'what the provider told is not uncertain');
        }
      }),
      { numRuns: 80, seed: 7 },
    );
    assert.ok(uncertain > 0, 'no story left anything uncertain: they are too tame');
    assert.ok(woken > 0, 'no sleeper that had begun sent what it alone may send');
  });

  it('would send some twice if they sent first and recorded later', async () => {
    const { sent } = await story(['sent', 'sent', 'lives'], 'send first');
    assert.ok([...sent.values()].some((times) => times > 1));
  });
});
