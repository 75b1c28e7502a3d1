import type { PlanFault, StepRequest } from '../journey/campaign-request.js';
import type { TestDesign } from './design.js';
import { variedParts, type VariedPart } from './variation.js';

/** What a step can show of an arm. Its time is decided before the step is due, so that a test of times must be told of from elsewhere. */
const SHOWN: Readonly<Record<string, readonly VariedPart[]>> = {
  email: ['subject', 'content', 'cta', 'offer'],
  sms: ['content'],
  whatsapp: ['content'],
  social: ['content'],
  push: ['subject', 'content'],
  in_app: ['subject', 'content'],
};

/** Why a step cannot show the arms of a test. */
export function slotFaults(
  { channel, offer }: Pick<StepRequest, 'channel' | 'offer'>,
  design: Pick<TestDesign, 'channel' | 'variations'>,
  field: string,
): PlanFault[] {
  if (design.channel !== channel) return [{ field, message: `it is a test of ${design.channel}, and the step goes by ${channel}` }];
  const varied = variedParts.filter((part) => design.variations.some(({ parts }) => parts[part] !== undefined));
  const unshown = varied.filter((part) => !(SHOWN[channel] ?? []).includes(part));
  const promises = offer?.offer_id !== undefined && varied.includes('offer');
  return [
    ...unshown.map((part) => ({ field, message: `its arms vary the ${part}, which a step on ${channel} cannot show` })),
    ...(promises ? [{ field, message: "its arms vary the offer, and the step's codes give one and the same" }] : []),
  ];
}
