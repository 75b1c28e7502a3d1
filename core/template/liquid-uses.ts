import { analyzeSync, LiquidError, TypeGuards, Value, type Arguments, type Template } from 'liquidjs';
import { lineAt } from './liquid-marks.js';
import { checkingLiquid, liquidFilters, liquidTags, reasonOf } from './liquid.js';

/** A place where a template names a variable. `isSafe`: without the variable that place still says something, or is left out. */
export type VariableUse = { readonly path: readonly string[]; readonly line: number; readonly isSafe: boolean };
export type LiquidFault = { readonly line: number; readonly message: string };
export type LiquidReading = { readonly uses: readonly VariableUse[]; readonly faults: readonly LiquidFault[] };

/** Reads a text with Liquid in it: which variables it is given from outside, and what is wrong with it. */
export function readLiquid(source: string): LiquidReading {
  try {
    return { uses: [...usesIn(checkingLiquid.parse(source), new Set(), new Set())], faults: [] };
  } catch (error) {
    return { uses: usesInOutputs(source), faults: faultsOf(error) };
  }
}

/** What the outputs name that can be read by themselves, in a text that cannot be read as a whole. */
function usesInOutputs(source: string): VariableUse[] {
  const made = [...source.matchAll(/\{%-?\s*(?:assign|for)\s+([\w-]+)/g)].map(([, name = '']) => name);
  return [...source.matchAll(/\{\{[^]*?\}\}/g)].flatMap(({ 0: output, index }) => {
    try {
      const uses = [...usesIn(checkingLiquid.parse(output), new Set(), new Set(['forloop', ...made]))];
      return uses.map((use) => ({ ...use, line: lineAt(source, index) + use.line - 1 }));
    } catch {
      return []; // told with the faults of the whole
    }
  });
}

/**
 * `guards` are the variables that the conditions around the place ask for, `locals` the names that the template itself has made.
 * Whether a condition asks for a variable to be there or not to be there makes no difference.
 */
function* usesIn(templates: readonly Template[], guards: ReadonlySet<string>, locals: Set<string>): Generator<VariableUse> {
  for (const template of templates) {
    const hasBody = template.children !== undefined;
    const named = namesIn(template).filter(({ path: [root = ''] }) => !locals.has(root));
    for (const { path, line, hasDefault } of named) {
      yield { path, line, isSafe: hasDefault || hasBody || path.some((_, last) => guards.has(keyOf(path.slice(0, last + 1)))) };
    }
    for (const { content } of template.localScope?.() ?? []) locals.add(content);
    if (!hasBody) continue;
    const own = [...(template.blockScope?.() ?? [])].filter((name) => !locals.has(name));
    for (const name of own) locals.add(name);
    yield* usesIn(bodyOf(template), new Set([...guards, ...named.map(({ path }) => keyOf(path))]), locals);
    for (const name of own) locals.delete(name);
  }
}

const keyOf = (path: readonly string[]): string => JSON.stringify(path);

function bodyOf(template: Template): readonly Template[] {
  const reading = template.children?.(false, true);
  for (let step = reading?.next(); step !== undefined; step = reading?.next()) if (step.done) return step.value;
  return [];
}

type Named = { readonly path: readonly string[]; readonly line: number; readonly hasDefault: boolean };

/** The variables of a tag or an output itself, without what stands in its body. */
function namesIn(template: Template): Named[] {
  return [...(template.arguments?.() ?? [])].flatMap((argument) => {
    if (!(argument instanceof Value)) return variablesIn(template, [argument], false);
    const { initial, filters } = argument;
    const hasDefault = filters.some(({ name }) => name === 'default');
    // What a filter is given, as in `default: last_name`, has no fallback of its own.
    const given = filters.flatMap(({ args }) => args.flatMap((arg) => (Array.isArray(arg) ? (arg[1] ?? []) : arg)));
    return [
      ...variablesIn(template, initial.postfix.filter(TypeGuards.isValueToken), hasDefault),
      ...variablesIn(template, given.filter(TypeGuards.isValueToken), false),
    ];
  });
}

function variablesIn({ token }: Template, values: Arguments, hasDefault: boolean): Named[] {
  const { variables } = analyzeSync([{ token, render: () => undefined, arguments: () => values }]);
  return Object.values(variables)
    .flat()
    .map(({ segments, location }) => ({ path: leadingNames(segments), line: location.row, hasDefault }));
}

/** Of `traits[last_event].size`, what is known before it is rendered: `traits`. */
function leadingNames(segments: readonly unknown[]): string[] {
  const end = segments.findIndex((segment) => typeof segment !== 'string');
  return segments.slice(0, end === -1 ? undefined : end).map(String);
}

function faultsOf(error: unknown): LiquidFault[] {
  if (!LiquidError.is(error)) return [{ line: 1, message: reasonOf(error) }];
  const single = 'errors' in error && Array.isArray(error.errors) ? error.errors.filter(LiquidError.is) : [error];
  return single.map((fault) => ({ line: fault.token.getPosition()[0] ?? 1, message: inOurWords(reasonOf(fault)) }));
}

/** Liquid says what it does not know, and not what it would. */
function inOurWords(message: string): string {
  const [, tag] = /^tag "([^"]*)" not found$/.exec(message) ?? [];
  if (tag !== undefined) {
    return /^(end|else|when)/.test(tag) ? `{% ${tag} %} belongs to nothing` : `there is no tag ${tag}; there are ${liquidTags.join(', ')}`;
  }
  const [, filter] = /^undefined filter: (.*)$/.exec(message) ?? [];
  return filter === undefined ? message : `there is no filter ${filter}; there are ${liquidFilters.join(', ')}`;
}
