import { formatNumber } from '../numbers.js';
import type { Interval } from '../stats/verdict.js';
import { treatmentsOf, variationNamer, type TestDesign } from './design.js';
import type { Look } from './look.js';
import { familyOf, metricInWords } from './metric.js';
import { verdictInWords } from './verdict.js';

const WIDTH = 900;
const HEIGHT = 500;
const PLOT = { left: 90, right: 660, top: 84, bottom: 440 };
const COLOURS = ['#1f6fb2', '#c8501e', '#3d8a3d', '#7a4fa3', '#a0770f', '#b0336d', '#2b8a8a', '#6b6b6b', '#8c3b2e'] as const;

type Point = { readonly look: number; readonly effect: number; readonly interval: Interval; readonly canDecide: boolean };
type Series = { readonly name: string; readonly colour: string; readonly points: readonly Point[] };

/**
 * The picture of a test: for each look and treatment the difference from the control with its interval. A whole bar is the rule's
 * interval, which decides when it leaves the line of no difference; a dashed one is the confidence sequence at a look that had no
 * boundary. SVG text, the same for the same looks.
 */
export function chartOf(design: TestDesign, looks: readonly Look[]): string {
  const series = seriesOf(design, looks);
  const scale = scaleOf(series, looks);
  const last = looks.at(-1);
  const title = `${design.name}: difference in ${metricInWords(design.primaryMetric.kind)} from the control`;
  const words = last === undefined ? 'No look was taken yet.' : verdictInWords(last.verdict, variationNamer(design));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="Helvetica, Arial, sans-serif" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    textAt(PLOT.left, 32, title, { size: 17, weight: 600 }),
    textAt(PLOT.left, 56, words, { size: 13, fill: '#555555' }),
    ...axes(scale, familyOf(design.primaryMetric.kind) === 'rate'),
    ...series.flatMap((one, i) => bars(one, scale, offsetOf(i, series.length))),
    ...legend(series),
    '</svg>',
    '',
  ].join('\n');
}

function seriesOf(design: TestDesign, looks: readonly Look[]): Series[] {
  return treatmentsOf(design).map(({ id, name }, i) => ({
    name,
    colour: COLOURS[i % COLOURS.length] ?? '#1f6fb2',
    points: looks.flatMap(({ number, comparisons }) => {
      const one = comparisons.find(({ variationId }) => variationId === id);
      const interval = one?.sequential?.interval ?? one?.anytime ?? null;
      return one === undefined || interval === null
        ? []
        : [{ look: number, effect: one.effect, interval, canDecide: one.sequential !== null }];
    }),
  }));
}

type Scale = {
  readonly x: (look: number) => number;
  readonly y: (effect: number) => number;
  readonly most: number;
  readonly looks: number;
};

/** Early intervals are far wider than all that matters, so the height is that of the narrower half, and the others are cut off. */
function scaleOf(series: readonly Series[], looks: readonly Look[]): Scale {
  const count = Math.max(1, looks.at(-1)?.number ?? 1);
  const ends = series
    .flatMap(({ points }) => points.map(({ interval }) => Math.max(Math.abs(interval.low), Math.abs(interval.high))))
    .sort((a, b) => a - b);
  const effects = series.flatMap(({ points }) => points.map(({ effect }) => Math.abs(effect)));
  const most = 1.15 * Math.max(ends[Math.floor(ends.length * 0.6)] ?? 0, ...effects, 1e-9);
  const middle = (PLOT.top + PLOT.bottom) / 2;
  const half = (PLOT.bottom - PLOT.top) / 2;
  return {
    x: (look) => PLOT.left + ((look - 0.5) / count) * (PLOT.right - PLOT.left),
    y: (effect) => middle - Math.max(-1, Math.min(1, effect / most)) * half,
    most,
    looks: count,
  };
}

const offsetOf = (index: number, count: number): number => (index - (count - 1) / 2) * 7;

function bars({ colour, points }: Series, { x, y }: Scale, offset: number): string[] {
  return points.flatMap(({ look, effect, interval, canDecide }) => {
    const at = x(look) + offset;
    const dash = canDecide ? '' : ' stroke-dasharray="3 3" opacity="0.55"';
    return [
      `<line x1="${at.toFixed(1)}" y1="${y(interval.low).toFixed(1)}" x2="${at.toFixed(1)}" y2="${y(interval.high).toFixed(1)}" stroke="${colour}" stroke-width="2.5"${dash}/>`,
      `<circle cx="${at.toFixed(1)}" cy="${y(effect).toFixed(1)}" r="3.5" fill="${colour}"/>`,
    ];
  });
}

function axes({ x, y, most, looks }: Scale, isRate: boolean): string[] {
  const step = niceStep(most / 2.5);
  const ticks = Array.from({ length: 2 * Math.floor(most / step) + 1 }, (_, i) => (i - Math.floor(most / step)) * step);
  const every = Math.ceil(looks / 14);
  const shown = Array.from({ length: looks }, (_, i) => i + 1).filter((look) => look % every === 0 || look === 1);
  return [
    ...ticks.flatMap((tick) => [
      `<line x1="${PLOT.left}" y1="${y(tick).toFixed(1)}" x2="${PLOT.right}" y2="${y(tick).toFixed(1)}" stroke="${Math.abs(tick) < step / 2 ? '#333333' : '#e4e4e4'}"/>`,
      textAt(PLOT.left - 10, y(tick) + 4, tickInWords(Math.abs(tick) < step / 2 ? 0 : tick, step, isRate), {
        size: 12,
        fill: '#555555',
        anchor: 'end',
      }),
    ]),
    ...shown.map((look) => textAt(x(look), PLOT.bottom + 20, String(look), { size: 12, fill: '#555555', anchor: 'middle' })),
    textAt((PLOT.left + PLOT.right) / 2, PLOT.bottom + 42, 'look', { size: 12, fill: '#555555', anchor: 'middle' }),
    ...(isRate ? [textAt(PLOT.left, PLOT.top - 8, 'percentage points', { size: 11, fill: '#777777' })] : []),
  ];
}

/** 1, 2 or 5 times a power of ten. */
function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const times = rough / power;
  return power * (times < 1.5 ? 1 : times < 3.5 ? 2 : times < 7.5 ? 5 : 10);
}

function tickInWords(value: number, step: number, isRate: boolean): string {
  const [shown, unit] = isRate ? [100 * value, 100 * step] : [value, step];
  const text = formatNumber(shown, Math.max(0, Math.min(6, -Math.floor(Math.log10(unit) + 1e-9))));
  return value > 0 ? `+${text}` : text;
}

function legend(series: readonly Series[]): string[] {
  const left = PLOT.right + 24;
  const lines = series.flatMap(({ name, colour }, i) => [
    `<rect x="${left}" y="${PLOT.top + 22 * i - 10}" width="12" height="12" fill="${colour}"/>`,
    textAt(left + 20, PLOT.top + 22 * i, shortened(name, 28), { size: 13 }),
  ]);
  const below = PLOT.top + 22 * series.length + 14;
  return [
    ...lines,
    `<line x1="${left}" y1="${below}" x2="${left + 16}" y2="${below}" stroke="#555555" stroke-width="2.5"/>`,
    textAt(left + 24, below + 4, 'interval that can decide', { size: 12, fill: '#555555' }),
    `<line x1="${left}" y1="${below + 20}" x2="${left + 16}" y2="${below + 20}" stroke="#555555" stroke-width="2.5" stroke-dasharray="3 3"/>`,
    textAt(left + 24, below + 24, 'before it may decide', { size: 12, fill: '#555555' }),
  ];
}

const shortened = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

type TextLook = { readonly size: number; readonly weight?: number; readonly fill?: string; readonly anchor?: 'start' | 'middle' | 'end' };

function textAt(x: number, y: number, text: string, { size, weight = 400, fill = '#222222', anchor = 'start' }: TextLook): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" font-size="${size}" font-weight="${weight}" fill="${fill}" text-anchor="${anchor}">${escaped(text)}</text>`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
/** Names come from outside: what XML would take for markup, or cannot hold at all, must not reach it. */
const escaped = (text: string): string =>
  text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '').replace(/[&<>"]/g, (sign) => ENTITIES[sign] ?? sign);
