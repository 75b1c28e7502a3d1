import { parseCurrency } from '../event/money.js';
import type { BaselineLevel } from './design.js';
import type { KnownBefore, TestRequest, VariationRequest } from './design-request.js';
import { familyOf, guardrails, metricKinds, type MetricKind } from './metric.js';
import { variedParts } from './variation.js';

/** One thing that is wrong with a request: where, and what was expected. */
export type DesignFault = { readonly field: string; readonly message: string };

export const testChannels = ['email', 'sms', 'whatsapp', 'social', 'push', 'in_app'] as const;
export const MOST_VARIATIONS = 10;
/** Four factors of two levels, as in subject × content × CTA × time, make 16 cells; more than 32 no audience can fill. */
export const MOST_CELLS = 32;
export const SHORTEST_DAYS = 7;
export const LONGEST_DAYS = 180;
const LONGEST_WINDOW_HOURS = 24 * 90;
const LONGEST_NAME = 500;
const LONGEST_ID = 255;

/** Everything that is wrong with a request, so that nobody has to ask twice. */
export function faultsOf(request: TestRequest, known: KnownBefore): DesignFault[] {
  return [
    ...namingFaults(request),
    ...armFaults(request),
    ...metricFaults(request),
    ...baselineFaults(request, known),
    ...promiseFaults(request),
    ...courseFaults(request),
    ...audienceFaults(request, known),
    ...modeFaults(request),
  ];
}

type Check = DesignFault | false;
const fault = (field: string, message: string): DesignFault => ({ field, message });
const found = (...checks: readonly Check[]): DesignFault[] => checks.filter((check): check is DesignFault => check !== false);
const quoted = (text: unknown): string => JSON.stringify(text) ?? String(text);
const isInside = (value: number, low: number, high: number): boolean => value > low && value < high;

function namingFaults({ name, channel, applyTo, applyAutomatically }: TestRequest): DesignFault[] {
  return found(
    !(name.trim().length >= 1 && name.length <= LONGEST_NAME) && fault('name', `1 to ${LONGEST_NAME} characters are expected`),
    !testChannels.some((one) => one === channel) &&
      fault('channel', `one of ${testChannels.join(', ')} is expected, not ${quoted(channel)}`),
    applyAutomatically === true &&
      applyTo === undefined &&
      fault('applyTo', 'a winner can be applied by itself only to a template family that is named'),
  );
}

function armFaults({ variations, factors }: TestRequest): DesignFault[] {
  if ((variations === undefined) === (factors === undefined)) {
    return [fault('variations', 'either variations or factors are expected, one of the two')];
  }
  if (variations === undefined) return factorFaults(factors ?? []);
  const count = variations.length;
  return found(
    count < 2 && fault('variations', `${count === 0 ? 'none' : 'one'} is given, and a test needs at least 2: the control and another`),
    count > MOST_VARIATIONS && fault('variations', `${count} are given, and ${MOST_VARIATIONS} is the most`),
    ...duplicates(variations.map(({ id }) => id)).map((id) => fault('variations', `the id ${quoted(id)} is there twice`)),
    ...variations.flatMap(variationFaults),
    ...weightFaults(variations),
  );
}

/** Rows of looks are objects with the ids as names, and these are names that every object has. */
const isReserved = (id: string): boolean => id in {};

function variationFaults({ id, parts }: VariationRequest, index: number): Check[] {
  const field = `variations[${index}]`;
  const unknown = Object.keys(parts).filter((part) => !variedParts.some((one) => one === part));
  return [
    !(id.length >= 1 && id.length <= LONGEST_ID) && fault(`${field}.id`, `1 to ${LONGEST_ID} characters are expected`),
    isReserved(id) && fault(`${field}.id`, `${quoted(id)} is a name that programs keep for themselves`),
    unknown.length > 0 && fault(`${field}.parts`, `${unknown.join(', ')}: what may differ is ${variedParts.join(', ')}`),
  ];
}

function weightFaults(variations: readonly VariationRequest[]): Check[] {
  const weights = variations.flatMap(({ weight }) => (weight === undefined ? [] : [weight]));
  if (weights.length === 0) return [];
  const sum = weights.reduce((all, weight) => all + weight, 0);
  return [
    weights.length < variations.length && fault('variations', 'either every variation has a weight or none has'),
    weights.some((weight) => !(weight > 0 && weight < 1)) && fault('variations', 'every weight must lie between 0 and 1, both excluded'),
    weights.length === variations.length &&
      !(Math.abs(sum - 1) < 1e-9) &&
      fault('variations', `weights must add up to 1, and add up to ${sum}`),
  ];
}

function factorFaults(factors: readonly NonNullable<TestRequest['factors']>[number][]): DesignFault[] {
  const cells = factors.reduce((product, { levels }) => product * levels.length, 1);
  return found(
    factors.length === 0 && fault('factors', 'at least one is expected'),
    cells > MOST_CELLS && fault('factors', `their levels make ${cells} cells, and ${MOST_CELLS} is the most`),
    ...duplicates(factors.map(({ part }) => part)).map((part) => fault('factors', `${part} is varied by two factors`)),
    ...factors.flatMap(({ part, levels }, index): Check[] => [
      !variedParts.some((one) => one === part) &&
        fault(`factors[${index}].part`, `one of ${variedParts.join(', ')} is expected, not ${quoted(part)}`),
      levels.length < 2 && fault(`factors[${index}].levels`, 'at least 2 are expected'),
      levels.some(({ id }) => !/^[^.]{1,60}$/.test(id) || isReserved(id)) &&
        fault(`factors[${index}].levels`, 'ids of 1 to 60 characters without a full stop are expected'),
      ...duplicates(levels.map(({ id }) => id)).map((id) => fault(`factors[${index}].levels`, `the id ${quoted(id)} is there twice`)),
    ]),
  );
}

const duplicates = (values: readonly string[]): string[] => [...new Set(values.filter((value, i) => values.indexOf(value) !== i))];

function metricFaults(request: TestRequest): DesignFault[] {
  const { primaryMetric, goal, currency, winsoriseAbove } = request;
  const unknown = (request.guardrails ?? []).filter((name) => !guardrails.some((one) => one === name));
  return found(
    !isMetric(primaryMetric) && fault('primaryMetric', `one of ${metricKinds.join(', ')} is expected, not ${quoted(primaryMetric)}`),
    primaryMetric === 'conversion_rate' && !goal && fault('goal', 'a conversion rate needs the goal that counts as a conversion'),
    primaryMetric === 'revenue_per_user' &&
      (currency === undefined || parseCurrency(currency) !== currency) &&
      fault('currency', 'revenue per user needs a currency, such as EUR'),
    winsoriseAbove !== undefined &&
      !(winsoriseAbove >= 0.5 && winsoriseAbove < 1) &&
      fault('winsoriseAbove', `a quantile of at least 0.5 and below 1 is expected, not ${winsoriseAbove}`),
    winsoriseAbove !== undefined &&
      isMetric(primaryMetric) &&
      familyOf(primaryMetric) === 'rate' &&
      fault('winsoriseAbove', `only a mean can be winsorised, and ${primaryMetric} is a rate`),
    unknown.length > 0 && fault('guardrails', `${unknown.join(', ')}: they are ${guardrails.join(', ')}`),
  );
}

const isMetric = (kind: string): kind is MetricKind => metricKinds.some((one) => one === kind);

function baselineFaults(request: TestRequest, known: KnownBefore): DesignFault[] {
  if (!isMetric(request.primaryMetric)) return [];
  const baseline = request.baseline ?? known.baseline;
  const { primaryMetric, goal } = request;
  const metric = goal === undefined ? primaryMetric : `${primaryMetric} of ${quoted(goal)}`;
  if (baseline === null) {
    return [fault('baseline', `nobody's history has a ${metric} to start from; say what the control is expected to do`)];
  }
  const family = familyOf(primaryMetric);
  if (baseline.kind !== family) return [fault('baseline', `${primaryMetric} is a ${family}, and the baseline is a ${baseline.kind}`)];
  return found(
    ...levelFaults(baseline, request.minimumEffect),
    !(baseline.ageDays >= 0) && fault('baseline.ageDays', 'must not be negative'),
  );
}

function levelFaults(baseline: BaselineLevel, minimumEffect = 0): Check[] {
  if (baseline.kind === 'mean') {
    return [
      !(Number.isFinite(baseline.mean) && baseline.mean !== 0) &&
        fault('baseline.mean', `must be a number other than 0, not ${baseline.mean}: an effect is a part of it`),
      !(baseline.deviation > 0 && Number.isFinite(baseline.deviation)) &&
        fault('baseline.deviation', `must be above 0, not ${baseline.deviation}: users differ`),
    ];
  }
  const { rate } = baseline;
  if (!isInside(rate, 0, 1))
    return [fault('baseline.rate', `must lie between 0 and 1, both excluded, not ${rate}: nothing could be compared with it`)];
  const target = rate * (1 + minimumEffect);
  return [
    target >= 1 && fault('minimumEffect', `raises the baseline ${rate} to ${Number(target.toFixed(4))}, and a rate must stay below 1`),
  ];
}

function promiseFaults({ alpha = 0.05, power = 0.8, minimumEffect }: TestRequest): DesignFault[] {
  return found(
    !(alpha >= 0.0001 && alpha <= 0.2) &&
      fault('alpha', `must lie between 0.0001 and 0.2, not ${alpha}: it is how often a test in which nothing differs may find something`),
    !(power >= 0.5 && power <= 0.99) && fault('power', `must lie between 0.5 and 0.99, not ${power}`),
    minimumEffect !== undefined &&
      !(minimumEffect >= 0.001 && minimumEffect <= 10) &&
      fault('minimumEffect', `must lie between 0.001 and 10 (a part of the baseline), not ${minimumEffect}`),
  );
}

function courseFaults({
  durationDays = SHORTEST_DAYS,
  conversionWindowHours = 0,
  exposureShare = 1,
  exclusion,
}: TestRequest): DesignFault[] {
  return found(
    !(Number.isSafeInteger(durationDays) && durationDays >= SHORTEST_DAYS && durationDays <= LONGEST_DAYS) &&
      fault('durationDays', `${SHORTEST_DAYS} to ${LONGEST_DAYS} whole days are expected, not ${durationDays}: weekdays differ`),
    !(conversionWindowHours >= 0 && conversionWindowHours <= LONGEST_WINDOW_HOURS) &&
      fault('conversionWindowHours', `0 to ${LONGEST_WINDOW_HOURS} hours are expected, not ${conversionWindowHours}`),
    !(exposureShare > 0 && exposureShare <= 1) && fault('exposureShare', `must be above 0 and at most 1, not ${exposureShare}`),
    exclusion !== undefined &&
      !(exclusion.from >= 0 && exclusion.from < exclusion.to && exclusion.to <= 1) &&
      fault('exclusion', 'a stretch from a lower to a higher part of the group is expected, both within 0 and 1'),
  );
}

function audienceFaults({ audience }: TestRequest, { audienceUsers }: KnownBefore): DesignFault[] {
  const named = audience.kind === 'segment' ? `the segment ${quoted(audience.segmentId)}` : 'the rule';
  return found(!(audienceUsers > 0) && fault('audience', `${named} has no users`));
}

function modeFaults(request: TestRequest): DesignFault[] {
  const { mode = 'sequential', openEnded = false, floor } = request;
  const arms = request.variations?.length ?? 2;
  return found(
    openEnded && mode !== 'sequential' && fault('openEnded', `only a sequential test can be without a planned maximum, not a ${mode} one`),
    floor !== undefined && mode !== 'bandit' && fault('floor', 'only a bandit has a floor'),
    floor !== undefined &&
      !(floor > 0 && floor * arms < 1) &&
      fault('floor', `must be above 0, and ${arms} arms of it less than everybody, not ${floor}`),
  );
}
