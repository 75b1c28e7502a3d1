import { compile } from 'html-to-text';

const convert = compile({
  wordwrap: false,
  selectors: [
    { selector: 'a', options: { hideLinkHrefIfSameAsText: true, linkBrackets: ['<', '>'] } },
    { selector: 'img', format: 'skip' },
    // The preheader: the mailbox shows the first words of a text part by itself.
    { selector: 'div[style*="display:none"]', format: 'skip' },
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, options: { uppercase: false } })),
    ...['table', 'tr'].map((selector) => ({ selector, format: 'block' })),
  ],
});

/** The plain-text part of a mail whose Liquid is hidden. Made once, when a template is published. Nothing of HTML that is nested too deeply. */
export function textPartOf(html: string): string | undefined {
  try {
    // Braces that were written as entities are none of Liquid's.
    return convert(html).replace(/\{(?=[{%])/g, '{\u200b');
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
