import assert from 'node:assert/strict';
import { compileTemplate } from '../../../core/template/compile-template.js';
import { renderEmail, type RenderedEmail } from '../../../core/template/render-email.js';
import type { CompiledTemplate, EmailWords, TemplateSource } from '../../../core/template/template.js';
import type { TemplateVariables } from '../../../core/template/variables.js';

/** A user of whom nothing is known, of a tenant with a sender. */
export const NOBODY: TemplateVariables = {
  brand_name: 'Northwind & Co',
  postal_address: '1 Example Street, Springfield',
  unsubscribe_url: 'https://mail.example.com/u/1?a=1&b=2',
};

const FOOTER =
  '<mj-section><mj-column><mj-text>{{ brand_name }}, {{ postal_address }} <a href="{{ unsubscribe_url }}">Unsubscribe</a></mj-text></mj-column></mj-section>';

/** A template with what the law asks for and, before it, this MJML of a column, on its third line. */
export const source = (column: string, changes: Partial<TemplateSource> = {}): TemplateSource => ({
  subject: 'Hello',
  mjml: `<mjml><mj-head></mj-head><mj-body>\n<mj-section><mj-column>\n${column}\n</mj-column></mj-section>\n${FOOTER}\n</mj-body></mjml>`,
  ...changes,
});

export const text = (html: string, changes: Partial<TemplateSource> = {}): TemplateSource => source(`<mj-text>${html}</mj-text>`, changes);

export async function compiled(wanted: TemplateSource): Promise<CompiledTemplate> {
  const compilation = await compileTemplate(wanted);
  assert.ok(compilation.kind === 'compiled', JSON.stringify(compilation));
  return compilation.template;
}

/** All faults as `field line: message`. */
export async function faultsOf(wanted: TemplateSource): Promise<string[]> {
  const compilation = await compileTemplate(wanted);
  return compilation.kind === 'compiled' ? [] : compilation.faults.map(({ field, line, message }) => `${field} ${line ?? '-'}: ${message}`);
}

export function rendered(template: CompiledTemplate, variables: Partial<TemplateVariables> = {}, words?: EmailWords): RenderedEmail {
  const rendering = renderEmail(template, { ...NOBODY, ...variables }, words);
  assert.ok(rendering.kind === 'rendered', JSON.stringify(rendering));
  return rendering;
}

export function refusalOf(template: CompiledTemplate, variables: Partial<TemplateVariables> = {}, words?: EmailWords): string {
  const rendering = renderEmail(template, { ...NOBODY, ...variables }, words);
  assert.ok(rendering.kind === 'refused', `it was rendered: ${JSON.stringify(rendering).slice(0, 300)}`);
  return rendering.because;
}

/** What something costs in time of a core: the machine may have other things to do. */
export async function cpuMs(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
