import { readLiquid } from './liquid-uses.js';
import { personalFields } from './offer.js';
import type { CompiledTemplate, EmailWords } from './template.js';
import type { TemplateVariables } from './variables.js';

/** What is kept of a user that a template may say. */
export type UserFacts = {
  readonly traits: Readonly<Record<string, unknown>>;
  readonly segmentName: string | null;
  readonly lastEvent: string | null;
};

export type UserVariables = Pick<TemplateVariables, 'first_name' | 'last_name' | 'traits' | 'segment_name' | 'last_event'>;

/** Names are spelled in many ways; a full name gives its first word where nothing better is known. */
export function userVariablesOf({ traits, segmentName, lastEvent }: UserFacts): UserVariables {
  const fullName = textOf(traits.name);
  const firstName = textOf(traits.first_name) ?? textOf(traits.firstName) ?? fullName?.split(' ')[0];
  const lastName = textOf(traits.last_name) ?? textOf(traits.lastName);
  return {
    traits,
    ...(firstName !== undefined && { first_name: firstName }),
    ...(lastName !== undefined && { last_name: lastName }),
    ...(segmentName !== null && { segment_name: segmentName }),
    ...(lastEvent !== null && { last_event: lastEvent }),
  };
}

const MOST_NAME_CHARACTERS = 100;

/** A name in one line, or nothing: an address for a name, or a whole text, was never meant to greet somebody. */
function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.replace(/[\p{Cc}\s]+/gu, ' ').trim();
  return text === '' || text.length > MOST_NAME_CHARACTERS || text.includes('@') ? undefined : text;
}

/** What has to be looked up of a user, because a template or the words that fill it ask for it. */
export type UserLookups = { readonly segmentName: boolean; readonly lastEvent: boolean };

/** What has to be looked up where any of these is said. */
export const allLookups = (lookups: readonly UserLookups[]): UserLookups => ({
  segmentName: lookups.some(({ segmentName }) => segmentName),
  lastEvent: lookups.some(({ lastEvent }) => lastEvent),
});

export function lookupsFor(template: CompiledTemplate, words: EmailWords = {}): UserLookups {
  const inWords = liquidsOf(template, words).flatMap((liquid) => readLiquid(liquid).uses.map(({ path: [root] }) => root));
  const used = new Set([...template.variables.map(({ name }) => name), ...inWords]);
  return { segmentName: used.has('segment_name'), lastEvent: used.has('last_event') };
}

const liquidsOf = (template: CompiledTemplate, words: EmailWords): readonly string[] => {
  const { subject = '', text = '', cta = '' } = { ...template.words, ...words };
  return [subject, text, cta];
};

/** Whether texts say what is in an offer for one person alone: their code, or until when it holds. `needed`: also to who has none. */
export const sayPersonalOffer = (liquids: readonly string[], needed = false): boolean =>
  liquids.some((liquid) =>
    readLiquid(liquid).uses.some(({ path: [root, field], isSafe }) => root === 'offer' && isPersonal(field) && !(needed && isSafe)),
  );

/** Whether a mail does. */
export const mailSaysPersonalOffer = (template: CompiledTemplate, words: EmailWords = {}): boolean =>
  template.variables.some(({ name }) => name.startsWith('offer.') && isPersonal(name.slice('offer.'.length))) ||
  sayPersonalOffer(liquidsOf(template, words));

const isPersonal = (field: string | undefined): boolean => personalFields.some((personal) => personal === field);

/** Whether a mail says what to look at next. */
export const mailSaysRecommendations = (template: CompiledTemplate, words: EmailWords = {}): boolean =>
  template.variables.some(({ name }) => name === 'recommendations') ||
  liquidsOf(template, words).some((liquid) => readLiquid(liquid).uses.some(({ path: [root] }) => root === 'recommendations'));
