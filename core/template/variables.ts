import { personalFields, type PersonalOffer } from './offer.js';
import type { TemplatePurpose } from './purpose.js';

/** What a template may say of a user, the tenant and the step; docs/templates.md lists them. Their names are those that templates use. */
export type TemplateVariables = {
  readonly first_name?: string;
  readonly last_name?: string;
  readonly email?: string;
  readonly traits?: Readonly<Record<string, unknown>>;
  readonly segment_name?: string;
  readonly last_event?: string;
  readonly brand_name: string;
  readonly brand_url?: string;
  readonly postal_address: string;
  readonly unsubscribe_url: string;
  readonly view_url?: string;
  readonly confirm_url?: string;
  readonly offer?: PersonalOffer;
  readonly incentive?: string;
  readonly recommendations?: readonly Recommendation[];
};

/** Something to look at next: what recommends it is not this module's matter. The price is in words, `$19.99`. */
export type Recommendation = { readonly name: string; readonly url: string; readonly price?: string };

export type VariableName = keyof TemplateVariables;

/** Each variable with its meaning; `fields` is what stands after the dot, where that is a closed list. */
export const templateVariables: Readonly<Record<VariableName, { readonly meaning: string; readonly fields?: readonly string[] }>> = {
  first_name: { meaning: 'the trait `first_name`, or else the first word of `name`' },
  last_name: { meaning: 'the trait `last_name`' },
  email: { meaning: 'the address that the mail goes to' },
  traits: { meaning: 'any trait of the user: `traits.plan`, `traits["favourite colour"]`' },
  segment_name: { meaning: "the user's segment as of the last walk" },
  last_event: { meaning: 'what the user did last: `cart_abandoned`' },
  brand_name: { meaning: "the sender's brand" },
  brand_url: { meaning: "the sender's web site" },
  postal_address: { meaning: "the sender's postal address, which marketing mail must show" },
  unsubscribe_url: { meaning: 'where this person unsubscribes' },
  view_url: { meaning: 'this mail as a web page' },
  confirm_url: { meaning: 'where this person confirms a yes: in `confirm_subscription` alone' },
  offer: { meaning: "the step's offer", fields: ['type', 'value', 'unit', 'expiry_days', 'label', ...personalFields] },
  incentive: { meaning: "the step's thank-you: `$10 gift card`" },
  recommendations: { meaning: 'what to look at next: a list of `name`, `url` and, where it is known, `price`; empty when there is none' },
};

/** Every mail has these: without a sender and a way out of the list none is sent. */
export const requiredVariables = ['brand_name', 'postal_address', 'unsubscribe_url'] as const satisfies readonly VariableName[];

/** What a step or a test fills in the body, beside the variables. */
export const slots = ['content', 'cta'] as const;
export type Slot = (typeof slots)[number];

/**
 * What such a mail may say that asks for a confirmation. Anybody may have typed the address, and beside it a name: nothing that they have
 * typed, and nothing that is advertised, goes to somebody who has not confirmed yet.
 */
const confirmationVariables: readonly string[] = [
  'email',
  'brand_name',
  'brand_url',
  'postal_address',
  'confirm_url',
] satisfies readonly VariableName[];

const variablesFor = (purpose: TemplatePurpose): readonly string[] =>
  purpose === 'confirmation' ? confirmationVariables : Object.keys(templateVariables).filter((name) => name !== 'confirm_url');

/** Why a template cannot use a variable of this path (`['offer', 'value']`), or nothing. */
export function variableFault(
  path: readonly string[],
  allowedSlots: readonly Slot[],
  purpose: TemplatePurpose = 'campaign',
): string | undefined {
  const [root = '', field] = path;
  if (allowedSlots.some((slot) => slot === root)) return undefined;
  const allowed = variablesFor(purpose);
  const known = isVariable(root) && allowed.includes(root) ? templateVariables[root] : undefined;
  if (known === undefined) {
    return `there is no variable ${root}; there are ${[...allowed, ...allowedSlots].join(', ')}`;
  }
  if (root === 'traits' && field === undefined) return 'traits needs the name of one: traits.plan';
  if (field !== undefined && known.fields !== undefined && !known.fields.includes(field)) {
    return `${root} has no ${field}; it has ${known.fields.join(', ')}`;
  }
  return undefined;
}

const isVariable = (name: string): name is VariableName => Object.hasOwn(templateVariables, name);

/** Whether a user has the variable that a template names (`first_name`, `traits.plan`, `offer.label`). */
export function hasVariable(variables: Partial<TemplateVariables>, name: string): boolean {
  const [root = '', ...rest] = name.split('.');
  let value: unknown = isVariable(root) ? variables[root] : undefined;
  // A trait's own name may hold dots.
  if (rest.length > 0) value = isRecord(value) ? value[rest.join('.')] : undefined;
  if (typeof value === 'string') return value.trim() !== '';
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;
