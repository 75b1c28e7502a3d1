import { z } from 'zod';
import { MOST_SOURCE_CHARACTERS } from '../core/template/compile-template.js';
import {
  parseTemplateFamily,
  type EmailWords,
  type TemplateFault,
  type TemplateSource,
  type UsedVariable,
} from '../core/template/template.js';
import type { TemplateVariables } from '../core/template/variables.js';
import { LIBRARY_VERSION, type StoredTemplate, type TemplateFamily, type TemplateVersionRow } from '../db/queries/templates.js';
import { RequestProblem, type RequestFault } from './errors.js';
import { JsonObject, parsedBy, storableText, Timestamp } from './fields.js';

export const FamilyField = parsedBy(parseTemplateFamily, z.string().meta({ description: 'Such as `win_back`.', maxLength: 64 }));
export const FamilyParams = z.strictObject({ family: FamilyField });
export const VersionField = z.int().min(LIBRARY_VERSION).max(2_147_483_647).describe("0 is the library's own.");

/** A template as a person writes it. */
export const Source = z.strictObject({
  subject: storableText(1, MOST_SOURCE_CHARACTERS.subject).describe('With Liquid; 150 characters at most when rendered.'),
  preheader: storableText(1, MOST_SOURCE_CHARACTERS.preheader).optional().describe('What a mailbox shows beside the subject, with Liquid.'),
  mjml: storableText(1, MOST_SOURCE_CHARACTERS.mjml).describe('MJML with Liquid: docs/templates.md says what may stand in it.'),
});

export const sourceOf = ({ subject, preheader, mjml }: z.output<typeof Source>): TemplateSource => ({
  subject,
  mjml,
  ...(preheader !== undefined && { preheader }),
});

const Version = z.object({
  version: VersionField,
  is_published: z.boolean(),
  created_by: z.string().describe('The id of a key, or `command line`; `library`.'),
  created_at: Timestamp.nullable(),
});

export const Family = z.object({
  family: z.string(),
  channel: z.literal('email'),
  published_version: VersionField.nullable().describe('The version in force. Null where a family of your own has none yet.'),
  latest_version: VersionField,
  url: z.string(),
});

const Variable = z.object({
  name: z.string(),
  has_fallback: z.boolean().describe('Whether a mail reads well for a user who lacks it.'),
});

export const FamilyWithSource = Family.extend({
  version: VersionField.describe('The one that is shown here.'),
  source: Source,
  variables: z.array(Variable),
  content: z.enum(['absent', 'optional', 'needed']).describe("Whether a step's own text has a place in it."),
  test_words: z
    .object({ subject: z.string(), content: z.string(), cta: z.string(), offer: z.string() })
    .partial()
    .nullable()
    .describe("What the winner of a test has put in the place of the template's own words."),
  versions: z.array(Version).describe('The latest first.'),
});

export const NewVersion = z.object({ family: z.string(), version: VersionField, variables: z.array(Variable), url: z.string() });

export const familyUrl = (family: string): string => `/v1/templates/${family}`;

export function familyOf({ family, published, versions }: TemplateFamily): z.input<typeof Family> {
  const latest_version = versions[0]?.version ?? LIBRARY_VERSION;
  return { family, channel: 'email', published_version: published, latest_version, url: familyUrl(family) };
}

const variableOf = ({ name, hasFallback }: UsedVariable): z.input<typeof Variable> => ({ name, has_fallback: hasFallback });

export type ShownTemplate = {
  readonly version: number;
  readonly stored: StoredTemplate;
  readonly words: EmailWords;
  readonly isInLibrary: boolean;
};

export function familyWithSource(family: TemplateFamily, shown: ShownTemplate): z.input<typeof FamilyWithSource> {
  const { stored, words, version, isInLibrary } = shown;
  const { text: content, ...others } = words;
  const library = { version: LIBRARY_VERSION, is_published: family.published === LIBRARY_VERSION, created_by: 'library', created_at: null };
  const own = family.versions.map((row) => versionOf(row, family.published));
  return {
    ...familyOf(family),
    version,
    source: stored.source,
    variables: stored.compiled.variables.map(variableOf),
    content: stored.compiled.slots.content ?? 'absent',
    test_words: Object.keys(words).length === 0 ? null : { ...others, ...(content !== undefined && { content }) },
    versions: isInLibrary ? [...own, library] : own,
  };
}

const versionOf = ({ version, actor, createdAt }: TemplateVersionRow, published: number | null): z.input<typeof Version> => ({
  version,
  is_published: version === published,
  created_by: actor,
  created_at: createdAt,
});

export const newVersionOf = ({ family, version }: TemplateVersionRow, variables: readonly UsedVariable[]): z.input<typeof NewVersion> => ({
  family,
  version,
  variables: variables.map(variableOf),
  url: `${familyUrl(family)}?version=${version}`,
});

/** All that is wrong with a template, each at its field of the body. */
export function templateProblem(
  faults: readonly TemplateFault[],
  fieldNames: Readonly<Partial<Record<TemplateFault['field'], string>>> = {},
) {
  const shown = faults.map(({ field, line, message }): RequestFault => {
    return { in: 'body', path: fieldNames[field] ?? field, message: line === null ? message : `line ${line}: ${message}` };
  });
  return new RequestProblem('invalid', shown.map(({ path, message }) => `${path}: ${message}`).join('; '), { faults: shown });
}

const Word = storableText(0, 1_000);
/** The variables that a preview is given; docs/templates.md explains them. */
export const PreviewVariables = z
  .strictObject({
    first_name: Word,
    last_name: Word,
    email: Word,
    traits: JsonObject,
    segment_name: Word,
    last_event: Word,
    brand_name: Word,
    brand_url: Word,
    postal_address: Word,
    unsubscribe_url: Word,
    view_url: Word,
    confirm_url: Word,
    offer: z
      .strictObject({
        type: Word,
        value: z.number(),
        unit: Word,
        expiry_days: z.int(),
        label: Word,
        code: Word,
        expires_at: Word,
        days_left: z.int(),
      })
      .partial(),
    incentive: Word,
    recommendations: z.array(z.strictObject({ name: Word, url: Word, price: Word.optional() })).max(20),
  })
  .partial()
  // JSON has no undefined, so that what is there has a value.
  .transform((variables) => variables as Partial<TemplateVariables>);
