import { areaCodes, otherAreaCodes, type AreaCodes } from './places/area-codes.js';
import { callingCodes } from './places/calling-codes.js';
import { countryZones } from './places/country-zones.js';
import { canadianLetters, zipPrefixes } from './places/postal-codes.js';

/** Where somebody may be, as far as laws and clocks tell places apart: a country of ISO 3166, and in some a state, province or department. */
export type Place = { readonly country: string; readonly region: string | null; readonly zones: readonly string[] };

/** The states of the United States and the provinces of Canada, each with all its zones. */
const regions: ReadonlyMap<string, Place> = new Map(
  areaCodes.map(({ country, region }) => {
    const zones = areaCodes.filter((row) => row.country === country && row.region === region).flatMap((row) => row.zones);
    return [`${country}-${region}`, { country, region, zones: [...new Set(zones)] }] as const;
  }),
);
const byAreaCode = groupByCode(areaCodes);
const countryByAreaCode = new Map(
  Object.entries(otherAreaCodes).flatMap(([country, codes]) => codes.split(' ').map((code) => [code, country] as const)),
);
const SHARING_CODE_1: readonly string[] = ['US', 'CA'];
const LONGEST_CALLING_CODE = 3;

function groupByCode(rows: readonly AreaCodes[]): ReadonlyMap<string, readonly Place[]> {
  const found = new Map<string, Place[]>();
  for (const { country, region, zones, codes } of rows) {
    for (const code of codes.split(' ')) found.set(code, [...(found.get(code) ?? []), { country, region, zones }]);
  }
  return found;
}

/** A country code of ISO 3166 in capitals, or nothing. */
export function parseCountry(sent: unknown): string | undefined {
  if (typeof sent !== 'string') return undefined;
  const code = sent.trim().toUpperCase();
  const country = code === 'UK' ? 'GB' : code;
  return SHARING_CODE_1.includes(country) || Object.hasOwn(countryZones, country) ? country : undefined;
}

/** Everywhere in a country: each of its states where it has some, since they have laws and clocks of their own. */
export function placesInCountry(country: string): readonly Place[] {
  if (SHARING_CODE_1.includes(country)) return [...regions.values()].filter((place) => place.country === country);
  const zones = Object.hasOwn(countryZones, country) ? countryZones[country] : undefined;
  return zones === undefined ? [] : [{ country, region: null, zones: zones.split(' ') }];
}

/** Where a number in E.164 may be: by its area code in North America, by its country elsewhere. Nowhere known: no place. */
export function placesOfPhone(phone: string): readonly Place[] {
  const digits = /^\+(\d{4,15})$/.exec(phone)?.[1];
  if (digits === undefined) return [];
  if (digits.startsWith('1')) {
    const code = digits.slice(1, 4);
    const country = countryByAreaCode.get(code);
    if (country !== undefined) return placesInCountry(country);
    return byAreaCode.get(code) ?? SHARING_CODE_1.flatMap(placesInCountry);
  }
  for (let length = LONGEST_CALLING_CODE; length > 0; length -= 1) {
    const code = digits.slice(0, length);
    if (Object.hasOwn(callingCodes, code)) return (callingCodes[code] ?? '').split(' ').flatMap(placesInCountry);
  }
  return [];
}

/** Where a postal code is, in countries whose parts matter here; no place where it says nothing. 75001 is in Paris and in Texas. */
export function placesOfPostalCode(country: string, postalCode: string): readonly Place[] {
  const code = postalCode.trim().toUpperCase();
  if (country === 'US' && /^\d{5}/.test(code)) return regionsNamed(country, [stateOfZip(Number(code.slice(0, 3)))]);
  if (country === 'CA' && /^[A-Z]\d/.test(code)) return regionsNamed(country, (canadianLetters[code.slice(0, 1)] ?? '').split(' '));
  if (country === 'FR' && /^\d{5}$/.test(code)) return placesInCountry(country).map((place) => ({ ...place, region: code.slice(0, 2) }));
  return [];
}

const stateOfZip = (prefix: number): string | undefined => zipPrefixes.find(([from, to]) => from <= prefix && prefix <= to)?.[2];

const regionsNamed = (country: string, names: readonly (string | undefined)[]): readonly Place[] =>
  names.flatMap((name) => regions.get(`${country}-${name}`) ?? []);
