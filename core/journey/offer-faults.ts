import type { PlanFault, StepRequest } from './campaign-request.js';

export const LONGEST_OFFER_DAYS = 366;
const LONGEST_LABEL = 100;
export const LONGEST_INCENTIVE = 200;

/** What is wrong with what a step offers: templates say it in words, so that half of an offer would be half a sentence. */
export function offerFaults({ offer, incentive }: StepRequest, field: string): PlanFault[] {
  const faults: PlanFault[] = [];
  const check = (isFine: boolean, part: string, message: string) => {
    if (!isFine) faults.push({ field: `${field}.${part}`, message });
  };
  check(incentive === undefined || isText(incentive, LONGEST_INCENTIVE), 'incentive', `1 to ${LONGEST_INCENTIVE} characters are expected`);
  if (offer === undefined) return faults;
  const { type, value, unit, expiry_days, label } = offer;
  const isNamed = type !== undefined || value !== undefined || label !== undefined;
  check(isNamed, 'offer', 'a value with its unit, a type such as free_shipping, or a label is expected');
  check(label === undefined || isText(label, LONGEST_LABEL), 'offer.label', `1 to ${LONGEST_LABEL} characters are expected`);
  check(type === undefined || isText(type, LONGEST_LABEL), 'offer.type', `1 to ${LONGEST_LABEL} characters are expected`);
  check(
    value === undefined || (value > 0 && (unit !== 'percent' || value <= 100)),
    'offer.value',
    `more than 0${unit === 'percent' ? ' and at most 100' : ''} is expected, not ${value}`,
  );
  check((value === undefined) === (unit === undefined), 'offer.unit', 'value and unit go together');
  check(
    unit === undefined || unit === 'percent' || /^[A-Z]{3}$/.test(unit),
    'offer.unit',
    'percent, or a currency such as USD, is expected',
  );
  check(
    expiry_days === undefined || (Number.isSafeInteger(expiry_days) && expiry_days >= 1 && expiry_days <= LONGEST_OFFER_DAYS),
    'offer.expiry_days',
    `1 to ${LONGEST_OFFER_DAYS} whole days are expected, not ${expiry_days}`,
  );
  return faults;
}

const isText = (text: string, longest: number): boolean => text.trim().length > 0 && text.length <= longest;
