import type { Offer, StepOffer } from '../template/offer.js';
import type { PlanFault, StepRequest } from './campaign-request.js';

export const LONGEST_OFFER_DAYS = 366;
const LONGEST_LABEL = 100;
export const LONGEST_INCENTIVE = 200;

/** What is wrong with what a step offers: templates say it in words, so that half of an offer would be half a sentence. */
export function offerFaults({ offer, incentive }: StepRequest, field: string): PlanFault[] {
  const faults: PlanFault[] =
    incentive === undefined || isText(incentive, LONGEST_INCENTIVE)
      ? []
      : [{ field: `${field}.incentive`, message: `1 to ${LONGEST_INCENTIVE} characters are expected` }];
  return offer === undefined ? faults : [...faults, ...wordsOfOfferFaults(offer, `${field}.offer`)];
}

/** Likewise with an offer by itself. One that names an offer of the tenant's needs no words of its own. */
export function wordsOfOfferFaults({ offer_id, type, value, unit, expiry_days, label }: StepOffer, field: string): PlanFault[] {
  const faults: PlanFault[] = [];
  const check = (isFine: boolean, part: string, message: string) => {
    if (!isFine) faults.push({ field: part === '' ? field : `${field}.${part}`, message });
  };
  const isNamed = offer_id !== undefined || type !== undefined || value !== undefined || label !== undefined;
  check(isNamed, '', 'a value with its unit, a type such as free_shipping, or a label is expected');
  check(label === undefined || isText(label, LONGEST_LABEL), 'label', `1 to ${LONGEST_LABEL} characters are expected`);
  check(type === undefined || isText(type, LONGEST_LABEL), 'type', `1 to ${LONGEST_LABEL} characters are expected`);
  check(
    value === undefined || (value > 0 && (unit !== 'percent' || value <= 100)),
    'value',
    `more than 0${unit === 'percent' ? ' and at most 100' : ''} is expected, not ${value}`,
  );
  check((value === undefined) === (unit === undefined), 'unit', 'value and unit go together');
  check(unit === undefined || unit === 'percent' || /^[A-Z]{3}$/.test(unit), 'unit', 'percent, or a currency such as USD, is expected');
  check(
    expiry_days === undefined || (Number.isSafeInteger(expiry_days) && expiry_days >= 1 && expiry_days <= LONGEST_OFFER_DAYS),
    'expiry_days',
    `1 to ${LONGEST_OFFER_DAYS} whole days are expected, not ${expiry_days}`,
  );
  return faults;
}

/**
 * What is wrong with a step's offer beside that of the tenant's which it names: the words may say it in their own way, and must not promise
 * what the codes do not give.
 */
export function promiseFaults({ type, value, unit, expiry_days }: StepOffer, given: Offer, field: string): PlanFault[] {
  const differs = (part: string, said: string | number | undefined, is: string | number | undefined): PlanFault[] =>
    said === undefined || said === is
      ? []
      : [{ field: `${field}.${part}`, message: `the offer's codes give ${is ?? 'none'}, not ${said}; leave it out` }];
  const isLonger = expiry_days !== undefined && given.expiry_days !== undefined && expiry_days > given.expiry_days;
  return [
    ...differs('type', type, given.type),
    ...differs('value', value, given.value),
    ...differs('unit', unit, given.unit),
    ...(isLonger
      ? [{ field: `${field}.expiry_days`, message: `the offer's codes hold for ${given.expiry_days} days, not ${expiry_days}` }]
      : []),
  ];
}

const isText = (text: string, longest: number): boolean => text.trim().length > 0 && text.length <= longest;
