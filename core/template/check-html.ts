import { visitTags, type HtmlAttribute, type HtmlTag } from './html-tags.js';
import type { LiquidMarks, LiquidPiece } from './liquid-marks.js';
import type { TemplateFault } from './template.js';

/** No mail program runs or shows them, but whoever shows a mail on a page would. */
const FORBIDDEN = ['script', 'iframe', 'frame', 'object', 'embed', 'applet', 'form', 'base', 'svg', 'math', 'template', 'plaintext'];

/** What is wrong with the HTML of a template whose Liquid is hidden. */
export function htmlFaults(html: string, marks: LiquidMarks): TemplateFault[] {
  const faults: TemplateFault[] = [];
  visitTags(html, (tag) => faults.push(...tagFaults(tag, marks)));
  return faults;
}

function tagFaults({ name, attributes, rawText }: HtmlTag, marks: LiquidMarks): TemplateFault[] {
  const loose = [name, ...attributes.map((attribute) => attribute.name + (attribute.isQuoted ? '' : attribute.value))];
  const shownName = marks.restore(name);
  const faults = loose.flatMap((text) => marks.in(text)).map((piece) => at(piece, `stands in <${shownName}> outside of quotation marks`));
  if (FORBIDDEN.includes(name)) faults.push(fault(`<${name}> has no place in a mail`));
  if (name === 'meta' && attributes.some(({ value }) => /^refresh$/i.test(value)))
    faults.push(fault('a mail cannot lead elsewhere by <meta>'));
  if (name === 'style') faults.push(...styleFaults(rawText, marks));
  if (name === 'img') faults.push(...pictureFaults(attributes, marks));
  for (const { name: attribute, value } of attributes) {
    if (attribute.startsWith('on')) faults.push(fault(`${attribute} has no place in a mail (in <${shownName}>)`));
    if (attribute === 'style') faults.push(...styleFaults(value, marks));
  }
  return faults;
}

function pictureFaults(attributes: readonly HtmlAttribute[], marks: LiquidMarks): TemplateFault[] {
  const valueOf = (wanted: string) => attributes.find(({ name }) => name === wanted)?.value.trim() ?? '';
  return valueOf('alt') === '' ? [fault(`the picture ${marks.restore(valueOf('src'))} has no alt text: say what it shows`)] : [];
}

/** A value that is escaped for HTML is not safe in a style. */
function styleFaults(style: string, marks: LiquidMarks): TemplateFault[] {
  const faults = marks.in(style).map((piece) => at(piece, 'stands in a style, where no Liquid may'));
  for (const [, address = ''] of style.matchAll(/url\(\s*["']?([^"')]*)/gi)) {
    if (!/^https:\/\//i.test(address)) faults.push(fault(`a style loads ${JSON.stringify(address)}: https is expected`));
  }
  return faults;
}

const fault = (message: string): TemplateFault => ({ field: 'mjml', line: null, message });
const at = ({ code, line }: LiquidPiece, message: string): TemplateFault => ({ field: 'mjml', line, message: `${code} ${message}` });
