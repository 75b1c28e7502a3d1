import { formatNumber, roundTo } from '../numbers.js';

/** What a step offers. `value` counts in `unit`: percent, or a currency in major units. `label` says it in words: `20% off`. */
export type Offer = {
  readonly type?: string;
  readonly value?: number;
  readonly unit?: string;
  readonly expiry_days?: number;
  readonly label?: string;
};

/** An offer as a step names it: with `offer_id`, each person gets a code of their own of that offer of the tenant's. */
export type StepOffer = Offer & { readonly offer_id?: string };

/** An offer as one person gets it: their code, the last day on which it holds (`2026-03-09`), and how many days are left until then. */
export type PersonalOffer = Offer & { readonly code?: string; readonly expires_at?: string; readonly days_left?: number };
export const personalFields = ['code', 'expires_at', 'days_left'] as const satisfies readonly (keyof PersonalOffer)[];

const SYMBOLS: ReadonlyMap<string, string> = new Map([
  ['USD', '$'],
  ['EUR', '€'],
  ['GBP', '£'],
  ['JPY', '¥'],
  ['INR', '₹'],
]);

/** An offer with its label: `20% off`, `$10 off`, `Free shipping`. One that comes with a label keeps it. */
export function labelledOffer<O extends Offer>(offer: O): O {
  const label = offer.label ?? labelOf(offer);
  return label === undefined ? offer : { ...offer, label };
}

function labelOf({ type, value, unit }: Offer): string | undefined {
  const what = type === undefined ? '' : type.replaceAll('_', ' ').trim();
  if (value === undefined || value <= 0 || unit === undefined) return what === '' ? undefined : sentenceCase(what);
  const amount = amountOf(value, unit);
  return what === '' || what === 'discount' ? `${amount} off` : `${amount} ${what}`;
}

function amountOf(value: number, unit: string): string {
  if (unit === 'percent' || unit === '%') return `${roundTo(value, 2)}%`;
  return shownAmount(value, unit);
}

/** Money in major units as people write it: `$19.99`, `20 CHF`. */
export function shownAmount(value: number, currency: string): string {
  const number = formatNumber(value, Number.isInteger(value) ? 0 : 2);
  const symbol = SYMBOLS.get(currency.toUpperCase());
  return symbol === undefined ? `${number} ${currency}` : `${symbol}${number}`;
}

const sentenceCase = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
