import { htmlFaults } from './check-html.js';
import { compileMjml } from './compile-mjml.js';
import type { TemplatePurpose } from './purpose.js';
import { countLiquid, LiquidMarks, MOST_LIQUID_PIECES } from './liquid-marks.js';
import { readLiquid, type VariableUse } from './liquid-uses.js';
import { sampleFaults } from './sample-renders.js';
import type { CompiledTemplate, EmailWords, TemplateFault, TemplateSource, UsedVariable } from './template.js';
import { textPartOf } from './text-part.js';
import { slots, variableFault, type Slot } from './variables.js';

export type Compilation =
  | { readonly kind: 'compiled'; readonly template: CompiledTemplate }
  | { readonly kind: 'faulty'; readonly faults: readonly TemplateFault[] };

/** Characters of a source. What MJML makes of more would be beyond what mail programs show. */
export const MOST_SOURCE_CHARACTERS = { subject: 1_000, preheader: 1_000, mjml: 60_000 } as const;

/**
 * Does, once, all that can be done before there is a user: MJML becomes HTML, the HTML becomes a text part, Liquid is read. Gives
 * all faults that it finds, those too that only show when the template is rendered for somebody of whom everything is known, and
 * for somebody of whom nothing is.
 */
export async function compileTemplate(source: TemplateSource, purpose: TemplatePurpose = 'campaign'): Promise<Compilation> {
  const long = lengthFaults(source);
  if (long.length > 0) return { kind: 'faulty', faults: long };
  const { subject, preheader, mjml } = source;
  const readings = [
    read('subject', subject, { purpose }),
    ...(preheader === undefined ? [] : [read('preheader', preheader, { purpose })]),
    read('mjml', mjml, { purpose, allowedSlots: purpose === 'campaign' ? slots : [] }),
  ];
  const marks = new LiquidMarks([mjml, preheader ?? '']);
  const hidden = marks.hide(mjml);
  const { html, faults: mjmlFaults } = await compileMjml(hidden, preheader === undefined ? undefined : marks.hide(preheader), marks);
  const faults = [...readings.flatMap((reading) => reading.faults), ...mjmlFaults, ...htmlFaults(html, marks)];
  if (faults.length > 0) return { kind: 'faulty', faults: distinct(faults) };
  const uses = readings.flatMap((reading) => reading.uses);
  const text = textPartOf(html);
  if (text === undefined) return { kind: 'faulty', faults: [{ field: 'mjml', line: null, message: 'it is nested too deeply' }] };
  const template = {
    subject,
    html: marks.restore(html),
    text: marks.restore(text),
    variables: usedVariables(uses),
    slots: usedSlots(uses),
  };
  const shown = sampleFaults(template, purpose);
  return shown.length === 0 ? { kind: 'compiled', template } : { kind: 'faulty', faults: distinct(shown) };
}

/** What is wrong with the words of a step or a variation, by themselves and for this template. */
export function wordsFaults(words: EmailWords, template?: CompiledTemplate): TemplateFault[] {
  const { offer: _, ...liquid } = words;
  const faults = Object.entries(liquid).flatMap(([field, text]) => read(field as keyof EmailWords, text).faults);
  for (const [field, slot] of [
    ['text', 'content'],
    ['cta', 'cta'],
  ] as const) {
    if (words[field] !== undefined && template !== undefined && template.slots[slot] === undefined) {
      faults.push({ field, line: null, message: `the template has no place for it: {{ ${slot} }}` });
    }
  }
  return faults;
}

/** Of what most people lack: no step brings a `cta`, and where nothing is known to recommend, nothing is recommended. */
const FALLBACKS: Readonly<Record<string, string>> = {
  cta: 'cta needs a fallback: {{ cta | default: "Go" }}',
  recommendations:
    'recommendations need a fallback: {% if recommendations.size > 0 %}…{% endif %} around them, or {% for item in recommendations %}',
};

function read(
  field: TemplateFault['field'],
  text: string,
  { purpose = 'campaign', allowedSlots = [] }: { readonly purpose?: TemplatePurpose; readonly allowedSlots?: readonly Slot[] } = {},
): { uses: readonly VariableUse[]; faults: TemplateFault[] } {
  const { uses, faults } = readLiquid(text);
  const unknown = uses.flatMap(({ path, line, isSafe }) => {
    const message = variableFault(path, allowedSlots, purpose) ?? (isSafe ? undefined : FALLBACKS[path[0] ?? '']);
    return message === undefined ? [] : { field, line, message };
  });
  return { uses, faults: [...faults.map(({ line, message }) => ({ field, line, message })), ...unknown] };
}

function lengthFaults(source: TemplateSource): TemplateFault[] {
  const faults: TemplateFault[] = [];
  for (const field of ['subject', 'preheader', 'mjml'] as const) {
    const most = MOST_SOURCE_CHARACTERS[field];
    const text = source[field] ?? '';
    if (text.length > most) faults.push({ field, line: null, message: `it has more than ${most} characters` });
    else if (countLiquid(text) > MOST_LIQUID_PIECES)
      faults.push({ field, line: null, message: `it has more than ${MOST_LIQUID_PIECES} pieces of Liquid` });
  }
  return faults;
}

/** One line for each variable, however often it is used: it has a fallback when it has one everywhere. */
function usedVariables(uses: readonly VariableUse[]): UsedVariable[] {
  const safe = new Map<string, boolean>();
  for (const { path, isSafe } of uses) {
    const [root = '', field] = path;
    if (slots.some((slot) => slot === root)) continue;
    const name = field !== undefined && (root === 'traits' || root === 'offer') ? `${root}.${field}` : root;
    safe.set(name, isSafe && (safe.get(name) ?? true));
  }
  return [...safe].map(([name, hasFallback]) => ({ name, hasFallback }));
}

function usedSlots(uses: readonly VariableUse[]): CompiledTemplate['slots'] {
  const used: Partial<Record<Slot, 'optional' | 'needed'>> = {};
  for (const slot of slots) {
    const places = uses.filter(({ path: [root] }) => root === slot);
    if (places.length > 0) used[slot] = places.every(({ isSafe }) => isSafe) ? 'optional' : 'needed';
  }
  return used;
}

/** Each fault once; what a person reads and mends, not a copy of the template. */
function distinct(faults: readonly TemplateFault[]): TemplateFault[] {
  const short = faults.map((fault) => ({ ...fault, message: fault.message.slice(0, 500) }));
  return [...new Map(short.map((fault) => [JSON.stringify(fault), fault])).values()].slice(0, 50);
}
