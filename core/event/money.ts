/** Money as it is kept everywhere: whole minor units (cents, yen, fils) of one currency. */
export type Money = { readonly minor: number; readonly currency: string };

/** The currencies of ISO 4217, and those that the euro replaced, which old purchases are in. */
const CURRENCIES: ReadonlySet<string> = new Set(
  (
    'AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CLF CLP CNY ' +
    'COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD ' +
    'IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR ' +
    'MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC ' +
    'SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG ZWL ' +
    'ATS BEF CYP DEM EEK ESP FIM FRF GRD IEP ITL LTL LUF LVL MTL NLG PTE SIT SKK'
  ).split(' '),
);

/** How many decimal places a currency has, where they are not two. */
const MINOR_DIGITS: ReadonlyMap<string, number> = new Map([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF BEF ESP GRD ITL LUF PTE'
    .split(' ')
    .map((code) => [code, 0] as const),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code) => [code, 3] as const),
  ...'CLF UYW'.split(' ').map((code) => [code, 4] as const),
]);

/** The decimal places of a currency by ISO 4217: 2 for most, 0 for JPY, 3 for BHD. */
export function minorDigitsOf(currency: string): number {
  return MINOR_DIGITS.get(currency) ?? 2;
}

/** The code of a currency as it is kept (`usd` is USD), or nothing when ISO 4217 knows none of that name. */
export function parseCurrency(sent: unknown): string | undefined {
  if (typeof sent !== 'string') return undefined;
  const code = sent.trim().toUpperCase();
  return CURRENCIES.has(code) ? code : undefined;
}

/** Beyond this an amount is a mistake, not a purchase; and sums of many still fit. */
const MOST_MINOR = 1e15;
const DECIMAL = /^([+-]?)(\d{0,24})(?:\.(\d{0,340}))?(?:e([+-]?\d{1,3}))?$/i;

/**
 * An amount in minor units, exactly: 11.77 USD is 1177 however it was written, as a number or as a decimal text. What lies
 * between two minor units is rounded away from zero at the half. Nothing when it is no finite decimal number, or absurdly large.
 */
export function parseMinorUnits(sent: unknown, currency: string): number | undefined {
  const text = typeof sent === 'number' ? String(sent) : typeof sent === 'string' ? sent.trim() : '';
  const [, sign, whole = '', fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? [];
  if (sign === undefined || whole.length + fraction.length === 0) return undefined;
  const shift = minorDigitsOf(currency) + Number(exponent);
  const digits = (whole + fraction).replace(/^0+(?=\d)/, '');
  if (/^0*$/.test(digits)) return 0;
  // The number is digits × 10^places. Only as many digits as can matter are made a number: those before the point and one after.
  const places = shift - fraction.length;
  if (digits.length + places > 16) return undefined;
  const minor = places >= 0 ? Number(digits) * 10 ** places : roundedAt(digits, -places);
  if (minor > MOST_MINOR) return undefined;
  return sign === '-' && minor !== 0 ? -minor : minor;
}

/** The digits without their last `places`, rounded at the half. */
function roundedAt(digits: string, places: number): number {
  const kept = digits.length - places;
  if (kept < 0) return 0;
  const whole = kept === 0 ? 0 : Number(digits.slice(0, kept));
  return whole + ((digits[kept] ?? '0') >= '5' ? 1 : 0);
}
