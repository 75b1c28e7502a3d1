import { minorDigitsOf } from '../event/money.js';
import { formatNumber } from '../numbers.js';

const SYMBOLS: Readonly<Record<string, string>> = { USD: '$', EUR: '€', GBP: '£', JPY: '¥', INR: '₹', BRL: 'R$', KRW: '₩' };

/** `$1,234.50`, `¥1,235`, `CHF 1,234.50`: an amount in major units, to the currency's own places. */
export function formatMoney(amount: number, currency: string, places = minorDigitsOf(currency)): string {
  const number = formatNumber(amount, places);
  const sign = number.startsWith('-') ? '-' : '';
  return `${sign}${SYMBOLS[currency] ?? `${currency} `}${number.slice(sign.length)}`;
}

/** A sum, where cents say nothing: without them from 1,000. */
export function formatSum(amount: number, currency: string): string {
  return formatMoney(amount, currency, Math.abs(amount) >= 1000 ? 0 : minorDigitsOf(currency));
}

/** `1 user`, `2 users` */
export const counted = (count: number, noun: string): string => `${formatNumber(count)} ${count === 1 ? noun : `${noun}s`}`;

/** `1998-07-01 00:00 UTC` of an ISO 8601 time in UTC. */
export const formatMoment = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;

/** Breaks a text at spaces into lines of at most `width` characters, with `first` before the first line and `rest` before the others. */
export function wrap(text: string, width: number, first: string, rest: string): readonly string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(/\s+/).filter((each) => each !== '')) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = rest;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}
