import { Context, Liquid, type LiquidOptions, type Template } from 'liquidjs';

/**
 * Liquid, as far as a template needs it. What is left out reads files (`include`, `render`, `layout`), writes without escaping
 * (`raw`, `echo`), asks the clock (`date`), or can make a text of any size without being counted (`capture`).
 */
export const liquidTags = ['assign', 'break', 'case', 'comment', 'continue', 'for', 'if', 'unless', '#'] as const;

export const liquidFilters = (
  'append at_least at_most capitalize ceil compact concat default divided_by downcase first floor join last map minus plus prepend remove ' +
  'replace reverse round size slice split strip times truncate truncatewords uniq upcase url_encode where'
).split(' ');

/** In characters: of a template, and of what Liquid computes and writes for one user. What is fixed in a template is not counted. */
const PARSE_LIMIT = 250_000;
const MEMORY_LIMIT = 250_000;
/** Pieces of a template that are rendered, each as often as a loop comes to it; a large mail has some hundreds. */
export const STEP_LIMIT = 5_000;
/** A mail beyond this is no mail. Asked of the length before the text is touched: until then it costs no memory. */
export const RENDERED_LIMIT = 250_000;

/** Stands for a line's end in what a step says: HTML shows it as one. */
export const LINE_SEPARATOR = '\u2028';

const HTML_ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  [LINE_SEPARATOR]: '<br />',
};

export const escapeHtml = (text: string): string => text.replace(/[&<>"'\u2028]/g, (character) => HTML_ESCAPES[character] ?? character);

type Escaping = { readonly context: Context };

/** What a value of any kind prints. An object has no words: it prints nothing. */
function printed(value: unknown, { context }: Escaping): string {
  if (Array.isArray(value)) {
    context.memoryLimit.use(value.length);
    return value.map((item) => printed(item, { context })).join('');
  }
  const text = typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
  context.memoryLimit.use(text.length);
  return text;
}

function liquid(write: (text: string) => string, options: LiquidOptions = {}): Liquid {
  const engine = new Liquid({
    strictFilters: true,
    ownPropertyOnly: true,
    dynamicPartials: false,
    templates: {},
    parseLimit: PARSE_LIMIT,
    memoryLimit: MEMORY_LIMIT,
    outputEscape(this: Escaping, value: unknown) {
      return write(printed(value, this));
    },
    ...options,
  });
  for (const name of Object.keys(engine.tags)) if (!liquidTags.some((tag) => tag === name)) delete engine.tags[name];
  for (const name of Object.keys(engine.filters)) if (!liquidFilters.includes(name)) delete engine.filters[name];
  return engine;
}

export type Writing = 'html' | 'text';
const engines: Readonly<Record<Writing, Liquid>> = {
  html: liquid(escapeHtml),
  text: liquid((text) => text.replaceAll(LINE_SEPARATOR, '\n')),
};
/** Goes on after a fault, so that all are told. */
export const checkingLiquid = liquid(escapeHtml, { catchAllErrors: true });

/** Parsed templates by their text. A campaign sends the same few to everybody, and each is read from the database anew. */
const MOST_PARSED = 64;
const parsed: Readonly<Record<Writing, Map<string, readonly Template[]>>> = { html: new Map(), text: new Map() };

function parse(writing: Writing, source: string): readonly Template[] {
  const known = parsed[writing];
  const templates = known.get(source) ?? engines[writing].parse(source);
  known.delete(source);
  known.set(source, templates);
  const [oldest] = known.keys();
  if (known.size > MOST_PARSED && oldest !== undefined) known.delete(oldest);
  return templates;
}

export type LiquidResult = { readonly kind: 'rendered'; readonly text: string } | { readonly kind: 'refused'; readonly because: string };

/**
 * Renders within the limits, or says which was broken. Liquid's own limit of time is not used: a process that was held up in
 * that moment would break it with the best of templates. Steps are counted in the place where it would be asked.
 */
export function renderLiquid(writing: Writing, source: string, scope: object): LiquidResult {
  try {
    const engine = engines[writing];
    const context = new Context(scope, engine.options, { sync: true }, { liquid: engine });
    let steps = 0;
    context.renderLimit.check = () => {
      steps += 1;
      if (steps > STEP_LIMIT) throw new Error(TOO_LONG);
    };
    const text: unknown = engine.renderSync([...parse(writing, source)], context);
    if (typeof text !== 'string') throw new TypeError('Liquid rendered something that is no text');
    return text.length > RENDERED_LIMIT ? { kind: 'refused', because: TOO_LARGE } : { kind: 'rendered', text };
  } catch (error) {
    return { kind: 'refused', because: reasonOf(error) };
  }
}

const TOO_LONG = `it takes more than ${STEP_LIMIT} steps`;
const TOO_LARGE = `it makes more than ${RENDERED_LIMIT} characters`;

/** Why Liquid refused, in words. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (/^(memory alloc limit exceeded|parse length limit exceeded|Invalid string length)/.test(message)) return TOO_LARGE;
  return message.startsWith('Maximum call stack') ? 'it is nested too deeply' : message.replace(/, line:\d+, col:\d+[^]*$/, '');
}
