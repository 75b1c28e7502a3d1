import type { StoppingRule } from './look-state.js';
import type { Ending, Verdict } from './verdict.js';

/**
 * The life of a test, mode by mode.
 *
 * - draft: designed; nobody is assigned.
 * - running: users are assigned and exposed; waits for its next daily look.
 * - looking: a look was asked for and not answered yet. Only a person's stop is heard meanwhile.
 * - decided: has ended, by a look or by a person. Sticky: late numbers move nothing.
 * - applied: the winner is the default of its template family.
 * - rolled_back: what was the default before is so again.
 */
export type TestState =
  | { readonly mode: 'draft' }
  | ({ readonly mode: 'running'; readonly nextLookMs: number } & Course)
  | ({ readonly mode: 'looking'; readonly askedMs: number } & Course)
  | ({ readonly mode: 'decided' } & Decided)
  | ({ readonly mode: 'applied'; readonly applied: Applied } & Decided)
  | ({ readonly mode: 'rolled_back'; readonly applied: Applied; readonly rolledBackAtMs: number } & Decided);

/** How a test that has started goes. `extensions` have changed its rule, each at its price. */
export type Course = {
  readonly startedAtMs: number;
  readonly endsAtMs: number;
  readonly looks: number;
  readonly rule: StoppingRule;
  readonly extensions: readonly Extension[];
};
export type Decided = Course & { readonly ending: Ending; readonly decidedAtMs: number };
export type Applied = { readonly variationId: string; readonly atMs: number; readonly by: string };
export type Extension = { readonly atMs: number; readonly by: string; readonly errorBefore: number; readonly errorAfter: number };

/** Every event carries its own time, which is the only clock. `nextLookMs` is the tenant's next local hour for looks. */
export type TestEvent =
  | { readonly type: 'start'; readonly atMs: number; readonly endsAtMs: number; readonly nextLookMs: number; readonly rule: StoppingRule }
  | { readonly type: 'lookDue'; readonly atMs: number }
  | { readonly type: 'lookAnswered'; readonly atMs: number; readonly nextLookMs: number; readonly verdict: Verdict }
  | { readonly type: 'stop'; readonly atMs: number; readonly by: string }
  | {
      readonly type: 'extend';
      readonly atMs: number;
      readonly by: string;
      readonly endsAtMs: number;
      readonly nextLookMs: number;
      readonly rule: StoppingRule;
      readonly price: { readonly errorBefore: number; readonly errorAfter: number };
    }
  /** Without `variationId`, the winner. `again` says that a winner which was rolled back shall be applied nevertheless. */
  | { readonly type: 'apply'; readonly atMs: number; readonly by: string; readonly variationId?: string; readonly again?: boolean }
  | { readonly type: 'rollback'; readonly atMs: number; readonly by: string };

export type TestCommand =
  | { readonly type: 'takeLook'; readonly number: number; readonly last: boolean }
  | { readonly type: 'recordEnding'; readonly ending: Ending; readonly atMs: number }
  | { readonly type: 'makeDefault'; readonly variationId: string }
  | { readonly type: 'restoreDefault'; readonly variationId: string };

/** What whoever caused the event is told. */
export type TestAnswer =
  { readonly kind: 'done' } | { readonly kind: 'unchanged' } | { readonly kind: 'refused'; readonly because: string };

export type TestStep = { readonly state: TestState; readonly commands: readonly TestCommand[]; readonly answer: TestAnswer };

const done = (state: TestState, ...commands: TestCommand[]): TestStep => ({ state, commands, answer: { kind: 'done' } });
const unchanged = (state: TestState): TestStep => ({ state, commands: [], answer: { kind: 'unchanged' } });
const refused = (state: TestState, because: string): TestStep => ({ state, commands: [], answer: { kind: 'refused', because } });

/** Pure. The same event twice is harmless: what the mode does not expect changes nothing, and says so. */
export function nextTest(state: TestState, event: TestEvent): TestStep {
  switch (event.type) {
    case 'start':
      return started(state, event);
    case 'lookDue':
      return lookDue(state, event.atMs);
    case 'lookAnswered':
      return lookAnswered(state, event);
    case 'stop':
      return stopped(state, event);
    case 'extend':
      return extended(state, event);
    case 'apply':
      return applied(state, event);
    case 'rollback':
      return rolledBack(state, event);
  }
}

type EventOf<Type extends TestEvent['type']> = Extract<TestEvent, { readonly type: Type }>;

function started(state: TestState, { atMs, endsAtMs, nextLookMs, rule }: EventOf<'start'>): TestStep {
  if (state.mode !== 'draft') return unchanged(state);
  return done({ mode: 'running', nextLookMs, startedAtMs: atMs, endsAtMs, looks: 0, rule, extensions: [] });
}

const courseOf = ({ startedAtMs, endsAtMs, looks, rule, extensions }: Course): Course => ({
  startedAtMs,
  endsAtMs,
  looks,
  rule,
  extensions,
});

/** A look whose time passed while everything was down is taken late; one after the end is the last, however late. */
function lookDue(state: TestState, atMs: number): TestStep {
  if (state.mode !== 'running' || atMs < state.nextLookMs) return unchanged(state);
  const look = { type: 'takeLook', number: state.looks + 1, last: atMs >= state.endsAtMs } as const;
  return done({ mode: 'looking', askedMs: atMs, ...courseOf(state) }, look);
}

function lookAnswered(state: TestState, { atMs, nextLookMs, verdict }: EventOf<'lookAnswered'>): TestStep {
  if (state.mode !== 'looking') return unchanged(state);
  const course = { ...courseOf(state), looks: state.looks + 1 };
  if (verdict.kind === 'continue') return done({ mode: 'running', nextLookMs, ...course });
  return done({ mode: 'decided', ...course, ending: verdict, decidedAtMs: atMs }, { type: 'recordEnding', ending: verdict, atMs });
}

function stopped(state: TestState, { atMs, by }: EventOf<'stop'>): TestStep {
  if (state.mode === 'draft') return refused(state, 'the test has not started');
  if (state.mode !== 'running' && state.mode !== 'looking') return unchanged(state);
  const ending = { kind: 'stopped', by } as const;
  return done({ mode: 'decided', ...courseOf(state), ending, decidedAtMs: atMs }, { type: 'recordEnding', ending, atMs });
}

function extended(state: TestState, { atMs, by, endsAtMs, nextLookMs, rule, price }: EventOf<'extend'>): TestStep {
  const because = cannotExtend(state);
  if (because !== null || !('extensions' in state)) return refused(state, because ?? 'the test has not started');
  if (endsAtMs === state.endsAtMs && state.extensions.length > 0 && state.mode === 'running') return unchanged(state);
  if (endsAtMs <= Math.max(atMs, state.endsAtMs)) return refused(state, 'the new end must be later than now and than the old end');
  const extensions = [...state.extensions, { atMs, by, ...price }];
  return done({ mode: 'running', nextLookMs, ...courseOf(state), endsAtMs, rule, extensions });
}

function cannotExtend(state: TestState): string | null {
  switch (state.mode) {
    case 'draft':
      return 'the test has not started';
    case 'looking':
      return 'a look is being taken; try again in a moment';
    case 'applied':
    case 'rolled_back':
      return 'its winner was applied';
    case 'running':
      return null;
    case 'decided':
      return state.ending.kind === 'inconclusive' || state.ending.kind === 'stopped'
        ? null
        : `it was decided: ${state.ending.kind}. A decision stays`;
  }
}

function applied(state: TestState, event: EventOf<'apply'>): TestStep {
  switch (state.mode) {
    case 'draft':
    case 'running':
    case 'looking':
      return refused(state, 'the test is not decided yet');
    case 'applied':
      return event.variationId === undefined || event.variationId === state.applied.variationId
        ? unchanged(state)
        : refused(state, `"${state.applied.variationId}" is applied; roll it back first`);
    case 'rolled_back':
      return event.again === true ? apply(state, event) : refused(state, 'it was rolled back; say `again` to apply it nevertheless');
    case 'decided':
      return apply(state, event);
  }
}

function apply(state: Extract<TestState, { mode: 'decided' | 'rolled_back' }>, { atMs, by, variationId }: EventOf<'apply'>): TestStep {
  const { ending, decidedAtMs } = state;
  if (ending.kind !== 'winner') return refused(state, `there is no winner: the test ended as ${ending.kind}`);
  if (variationId !== undefined && variationId !== ending.variationId) {
    return refused(state, `"${variationId}" did not win; "${ending.variationId}" did`);
  }
  const record = { variationId: ending.variationId, atMs, by };
  return done(
    { mode: 'applied', ...courseOf(state), ending, decidedAtMs, applied: record },
    { type: 'makeDefault', variationId: ending.variationId },
  );
}

function rolledBack(state: TestState, { atMs }: EventOf<'rollback'>): TestStep {
  if (state.mode === 'rolled_back') return unchanged(state);
  if (state.mode !== 'applied') return refused(state, 'nothing was applied');
  const { ending, decidedAtMs, applied } = state;
  return done(
    { mode: 'rolled_back', ...courseOf(state), ending, decidedAtMs, applied, rolledBackAtMs: atMs },
    { type: 'restoreDefault', variationId: applied.variationId },
  );
}
