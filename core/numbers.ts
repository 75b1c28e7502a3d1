/** Numbers for people and payloads, the same on every machine: no locale, no ICU. */

/** Half away from zero at so many decimal places; never -0. */
export function roundTo(value: number, places: number): number {
  const scale = 10 ** places;
  const rounded = (Math.sign(value) * Math.round(Math.abs(value) * scale + 1e-9)) / scale;
  return rounded === 0 ? 0 : rounded;
}

/** `1,234,567` or, with places, `1,234.50`. */
export function formatNumber(value: number, places = 0): string {
  const [whole = '', fraction] = Math.abs(roundTo(value, places)).toFixed(places).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return `${roundTo(value, places) < 0 ? '-' : ''}${grouped}${fraction === undefined ? '' : `.${fraction}`}`;
}

/** A fraction as percent: `18 %`, and below ten `4.2 %`. */
export function formatPercent(fraction: number): string {
  const percent = fraction * 100;
  return `${formatNumber(percent, Math.abs(percent) < 9.95 ? 1 : 0)} %`;
}

/** A change as percent with its sign: `+18 %`, `-4.2 %`, `±0 %`. */
export function formatChange(fraction: number): string {
  const text = formatPercent(fraction);
  if (/^-?0\.0 %$/.test(text)) return '±0 %';
  return fraction > 0 ? `+${text}` : text;
}
