import type { TestRequest, VariationRequest } from '../experiment/design-request.js';
import type { CreateAbTest } from './payload.js';

/** The goal that is meant where an action names none. */
export const USUAL_GOAL = 'convert_to_paid';

/** The test that a recommended action asks for. An arm's name is its id; what a test may not be, its design says. */
export function testFromAction(action: CreateAbTest): TestRequest {
  const { test_name, channel = 'email', segment_id, variations, primary_metric, goal, duration_days, apply_to } = action;
  return {
    name: test_name,
    channel,
    variations: variations.map(variationFrom),
    audience: segment_id === undefined ? { kind: 'rule', rule: 'everyone' } : { kind: 'segment', segmentId: segment_id },
    primaryMetric: primary_metric,
    ...(primary_metric === 'conversion_rate' && { goal: goal ?? USUAL_GOAL }),
    durationDays: duration_days,
    ...(apply_to !== undefined && { applyTo: apply_to }),
  };
}

function variationFrom({ name, discount, free_shipping, parts }: CreateAbTest['variations'][number]): VariationRequest {
  const offers = [...(discount ? [`${discount} % off`] : []), ...(free_shipping ? ['free shipping'] : [])];
  const hasOffer = discount !== undefined || free_shipping !== undefined;
  return {
    id: name,
    name,
    parts: { ...(hasOffer && { offer: offers.length > 0 ? offers.join(' and ') : 'no offer' }), ...definedParts(parts ?? {}) },
  };
}

const definedParts = (parts: NonNullable<CreateAbTest['variations'][number]['parts']>): VariationRequest['parts'] =>
  Object.fromEntries(Object.entries(parts).filter(([, text]) => text !== undefined));
