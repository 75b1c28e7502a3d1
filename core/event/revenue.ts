import { safePrefix } from './json.js';
import { parseCurrency, parseMinorUnits, type Money } from './money.js';
import { amountIn, type Properties } from './properties.js';
import { moneyMeaningOf } from './vocabulary.js';

export type Revenue =
  /** The event keeps its name, but a purchase of less than nothing is a refund. */
  { readonly kind: 'read'; readonly event: string; readonly revenue?: Money } | { readonly kind: 'fault'; readonly reason: string };

/**
 * What an event earned: the first of its amounts, in the currency that it names or else the tenant's, never converted. Refunds
 * are negative. On an event of ours an amount that cannot be read is a fault; on a tenant's own event it is just a property.
 */
export function readRevenue(event: string, properties: Properties, tenantCurrency: string): Revenue {
  const meaning = moneyMeaningOf(event);
  if (meaning === 'none') return { kind: 'read', event };
  const found = meaning === 'own' ? amountIn(properties, ['revenue']) : amountIn(properties);
  if (!found) return { kind: 'read', event };
  const named = properties.currency;
  const currency = named === undefined || named === null || named === '' ? tenantCurrency : parseCurrency(named);
  const minor = currency === undefined ? undefined : parseMinorUnits(found.amount, currency);
  if (currency === undefined || minor === undefined) {
    if (meaning === 'own') return { kind: 'read', event };
    return currency === undefined
      ? { kind: 'fault', reason: `properties.currency is not a currency of ISO 4217: ${safePrefix(named, 40)}` }
      : { kind: 'fault', reason: `properties.${found.name} is not an amount: ${safePrefix(found.amount, 40)}` };
  }
  if (meaning === 'returned') return { kind: 'read', event, revenue: { minor: minor === 0 ? 0 : -Math.abs(minor), currency } };
  return { kind: 'read', event: event === 'purchase' && minor < 0 ? 'refund' : event, revenue: { minor, currency } };
}
