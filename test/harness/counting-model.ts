import type { ArmCounts, Engaged, PrimaryCounts } from '../../core/experiment/counts.js';
import type { Guardrail, PrimaryMetric } from '../../core/experiment/metric.js';
import type { OutcomeKind } from '../../core/experiment/outcomes.js';
import { winsorise, winsorLimits } from '../../core/stats/means/winsorise.js';

export type Exposure = { readonly userId: string; readonly variationId: string; readonly atMs: number };

/** What a user did. `value` is money in minor units or seconds. */
export type Outcome = {
  readonly userId: string;
  readonly kind: OutcomeKind;
  readonly atMs: number;
  readonly byMachine: boolean;
  readonly value: number | null;
};

/** The rows of a test, as they are told. Users that were merged count as the one that they were merged into. */
export type TestRows = {
  readonly exposures: readonly Exposure[];
  readonly outcomes: readonly Outcome[];
  readonly mergedInto: Readonly<Record<string, string>>;
};

export type TallyRules = {
  readonly variationIds: readonly string[];
  readonly metric: PrimaryMetric;
  readonly windowMs: number;
  readonly atMs: number;
};

type Person = {
  readonly variationId: string;
  readonly exposedAtMs: number;
  readonly exposedTwice: boolean;
  readonly did: Set<string>;
  value: number;
};

/**
 * What each arm did, from its rows, one after the other and without haste: the meaning of the counts, which the queries must agree
 * with. Somebody exposed to two arms, also by a merge, counts once, as exposed to the first and as measured in none.
 */
export function tallyArms(rows: TestRows, rules: TallyRules): ArmCounts[] {
  const people = peopleOf(rows, rules.atMs);
  const nameOf = (userId: string) => finalUser(userId, rows.mergedInto);
  for (const outcome of rows.outcomes) {
    const person = people.get(nameOf(outcome.userId));
    if (person !== undefined && outcome.atMs <= rules.atMs) addOutcome(person, outcome, rules);
  }
  const isSentTold = [...people.values()].some(({ did }) => did.has('sent'));
  const limit = highestValue([...people.values()], rules);
  return rules.variationIds.map((variationId) => {
    const exposed = [...people].filter(([, person]) => person.variationId === variationId);
    const once = exposed.filter(([, { exposedTwice }]) => !exposedTwice).map(([, person]) => person);
    const closed = exposed.filter(([, { exposedAtMs }]) => exposedAtMs + rules.windowMs <= rules.atMs);
    const measured = closed.map(([, person]) => person).filter(({ exposedTwice }) => !exposedTwice);
    return {
      variationId,
      exposed: exposed.length,
      exposedTwice: exposed.length - once.length,
      closed: closed.length,
      measured: measured.length,
      notDelivered: isSentTold ? exposed.length - exposed.filter(([, { did }]) => did.has('sent')).length : 0,
      primary: primaryOf(measured, rules.metric, limit),
      engaged: engagedOf(measured),
      harmed: Object.fromEntries(GUARDRAIL_EVENTS.map(([guardrail, kind]) => [guardrail, count(once, kind)])),
    };
  });
}

const GUARDRAIL_EVENTS: readonly (readonly [Guardrail, OutcomeKind])[] = [
  ['unsubscribe', 'unsubscribed'],
  ['complaint', 'complained'],
  ['bounce', 'bounced'],
];

function finalUser(userId: string, mergedInto: TestRows['mergedInto']): string {
  let id = userId;
  // a chain of merges ends; one that does not is cut after as many steps as there are merges
  for (let step = Object.keys(mergedInto).length; step > 0 && Object.hasOwn(mergedInto, id); step -= 1) id = mergedInto[id] ?? id;
  return id;
}

function peopleOf({ exposures, mergedInto }: TestRows, atMs: number): Map<string, Person> {
  const people = new Map<string, Person>();
  const inOrder = exposures.filter((exposure) => exposure.atMs <= atMs).sort((left, right) => left.atMs - right.atMs);
  for (const { userId, variationId, atMs: exposedAtMs } of inOrder) {
    const id = finalUser(userId, mergedInto);
    const earlier = people.get(id);
    if (earlier === undefined) people.set(id, { variationId, exposedAtMs, exposedTwice: false, did: new Set(), value: 0 });
    else if (earlier.variationId !== variationId) people.set(id, { ...earlier, exposedTwice: true });
  }
  return people;
}

function addOutcome(person: Person, { kind, atMs, byMachine, value }: Outcome, { metric, windowMs }: TallyRules): void {
  if (atMs < person.exposedAtMs || atMs >= person.exposedAtMs + windowMs) return;
  if (byMachine) {
    if (kind === 'opened') person.did.add('machineOpened');
    return;
  }
  person.did.add(kind);
  if (metric.kind === 'engagement_time' ? kind === 'engaged' : kind === 'converted' || kind === 'refunded') person.value += value ?? 0;
}

const count = (people: readonly Person[], kind: string): number => people.filter(({ did }) => did.has(kind)).length;

function engagedOf(people: readonly Person[]): Engaged {
  return {
    opened: count(people, 'opened'),
    clicked: count(people, 'clicked'),
    replied: count(people, 'replied'),
    converted: count(people, 'converted'),
    machineOpened: people.filter(({ did }) => did.has('machineOpened') && !did.has('opened')).length,
  };
}

/** The value that greater ones are pulled down to: the quantile of everybody measured, of all arms together. */
function highestValue(people: readonly Person[], { metric, windowMs, atMs }: TallyRules): number {
  const share = 'winsoriseAbove' in metric ? metric.winsoriseAbove : null;
  if (share === null) return Number.POSITIVE_INFINITY;
  const measured = people.filter(({ exposedAtMs, exposedTwice }) => !exposedTwice && exposedAtMs + windowMs <= atMs);
  const limits = winsorLimits(
    measured.map(({ value }) => value),
    { lower: 0, upper: share },
  );
  return limits.status === 'ok' ? limits.high : Number.POSITIVE_INFINITY;
}

function primaryOf(people: readonly Person[], metric: PrimaryMetric, limit: number): PrimaryCounts {
  switch (metric.kind) {
    case 'conversion_rate':
      return { kind: 'rate', successes: count(people, 'converted') };
    case 'ctr':
      return { kind: 'rate', successes: count(people, 'clicked') };
    case 'open_rate':
      return { kind: 'rate', successes: count(people, 'opened') };
    case 'reply_rate':
      return { kind: 'rate', successes: count(people, 'replied') };
    case 'revenue_per_user':
    case 'engagement_time': {
      const values = winsorise(
        people.map(({ value }) => value),
        { low: Number.NEGATIVE_INFINITY, high: limit },
      );
      const sum = values.reduce((all, value) => all + value, 0);
      const sumOfSquares = values.reduce((all, value) => all + value * value, 0);
      return { kind: 'mean', sum, sumOfSquares, notZero: values.filter((value) => value !== 0).length, before: null };
    }
  }
}

const SESSION_GAP_MS = 30 * 60_000;

/** The seconds between the first and the last event of each session, added up; half an hour without an event ends a session. */
export function engagementSeconds(eventTimesMs: readonly number[]): number {
  const times = eventTimesMs.toSorted((left, right) => left - right);
  const pauses = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  return pauses.filter((pause) => pause <= SESSION_GAP_MS).reduce((sum, pause) => sum + pause, 0) / 1000;
}
