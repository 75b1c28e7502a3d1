import type { MjmlFault } from 'mjml';
import { escapeHtml } from './liquid.js';
import { lineAt, type LiquidMarks } from './liquid-marks.js';
import type { TemplateFault } from './template.js';

export type CompiledMjml = { readonly html: string; readonly faults: readonly TemplateFault[] };

/** Makes HTML of MJML in which Liquid is hidden. Where there are faults, the HTML is not to be used. */
export async function compileMjml(mjml: string, preheader: string | undefined, marks: LiquidMarks): Promise<CompiledMjml> {
  const faults = structureFaults(mjml);
  if (preheader !== undefined && /<mj-preview[\s>]/.test(mjml)) {
    faults.push({ field: 'preheader', line: null, message: 'the MJML has an <mj-preview> already: one of the two is expected' });
  }
  if (faults.length > 0) return { html: '', faults };
  // Loaded by those who compile only: it is half a second of somebody's start.
  const { default: mjml2html } = await import('mjml');
  try {
    const options = { validationLevel: 'strict', ignoreIncludes: true, fonts: {} } as const;
    const { html } = await mjml2html(withPreheader(mjml, preheader), options);
    return { html: compact(html), faults: lostLiquid(html, marks) };
  } catch (error) {
    return { html: '', faults: thrownFaults(error, marks) };
  }
}

function thrownFaults(error: unknown, marks: LiquidMarks): TemplateFault[] {
  if (error instanceof RangeError) return [mjmlFault(null, 'it is nested too deeply')];
  if (!(error instanceof Error)) return [mjmlFault(null, String(error))];
  if (!('errors' in error)) return [mjmlFault(null, error.message)];
  const faults = error.errors as readonly MjmlFault[];
  return faults.map(({ line, message, tagName }) => mjmlFault(line, marks.restore(`<${tagName}>: ${message.trim()}`)));
}

const mjmlFault = (line: number | null, message: string): TemplateFault => ({ field: 'mjml', line, message });

const TAG = /<!--[^]*?-->|<(\/?)(mjml|mj-[a-z-]+)((?:"[^"]*"|'[^']*'|[^'">])*?)(\/?)>/g;

/** MJML reads files that it is told to include, and takes a tag that is never closed for one that is. */
function structureFaults(mjml: string): TemplateFault[] {
  const faults: TemplateFault[] = [];
  const open: { readonly name: string; readonly line: number }[] = [];
  for (const { 1: slash, 2: name, 4: isEmpty, index } of mjml.matchAll(TAG)) {
    if (name === undefined) continue;
    const line = lineAt(mjml, index);
    if (name === 'mj-include') faults.push(mjmlFault(line, '<mj-include> is not allowed: a template stands for itself'));
    if (slash === '' && isEmpty === '') open.push({ name, line });
    if (slash === '') continue;
    const opened = open.pop();
    if (opened?.name === name) continue;
    const expected = opened === undefined ? 'nothing is open' : `</${opened.name}> of line ${opened.line} is expected`;
    return [...faults, mjmlFault(line, `</${name}> closes nothing: ${expected}`)];
  }
  for (const { name, line } of open) faults.push(mjmlFault(line, `<${name}> is never closed`));
  return faults;
}

/** What a mailbox shows beside the subject. It is put where it moves no line. */
function withPreheader(mjml: string, preheader: string | undefined): string {
  if (preheader === undefined) return mjml;
  const preview = `<mj-preview>${escapeHtml(preheader)}</mj-preview>`;
  if (/<mj-head\s*>/.test(mjml)) return mjml.replace(/<mj-head\s*>/, (head) => head + preview);
  return mjml.replace(/<mjml[^>]*>/, (root) => `${root}<mj-head>${preview}</mj-head>`);
}

function lostLiquid(html: string, marks: LiquidMarks): TemplateFault[] {
  const kept = new Set(marks.in(html));
  return marks.pieces
    .filter((piece) => !kept.has(piece))
    .map(({ code, line }) => mjmlFault(line, `${code} stands where MJML keeps no text: put <mj-raw> around it`));
}

/** MJML indents by a third of the whole, and a provider takes mails of 50,000 bytes together. */
const compact = (html: string): string => (/<pre[\s>]/i.test(html) ? html : html.replace(/^[ \t]+|[ \t]+$/gm, '').replace(/\n{2,}/g, '\n'));
