import { z } from 'zod';
import { DomainError } from '../../core/errors.js';
import { wordsFaults } from '../../core/template/compile-template.js';
import type { EmailWords } from '../../core/template/template.js';
import type { Database } from '../../db/client.js';
import { storableText, UserIdField } from '../fields.js';
import { defineRoute, type Route } from '../route.js';
import { FamilyParams, PreviewVariables, templateProblem, VersionField } from '../template-fields.js';
import { previewTemplate } from '../template-preview.js';

const PreviewBody = z.strictObject({
  user_id: UserIdField.optional().describe('Whose mail it would be.'),
  variables: PreviewVariables.default({}).describe('Go before what is known of the user and the sender.'),
  subject: storableText(1, 1_000).optional().describe("A step's own subject, with Liquid."),
  content: storableText(1, 10_000).optional().describe("A step's own text, with Liquid."),
  version: VersionField.optional().describe('The one in force when absent, or else the latest.'),
});

export function createPreviewRoute({ database }: { readonly database: Database }): Route {
  return defineRoute({
    method: 'post',
    path: '/v1/templates/{family}/preview',
    tag: 'Templates',
    summary: 'See a mail as a user would get it',
    scope: 'read',
    params: FamilyParams,
    body: PreviewBody,
    responses: {
      200: z
        .object({
          family: z.string(),
          version: VersionField,
          subject: z.string(),
          html: z.string(),
          text: z.string(),
          missing_variables: z.array(z.string()).describe('Used without a fallback, and not known of this user.'),
        })
        .describe('The mail. It was sent to nobody.'),
    },
  }).handledBy(async ({ tenantId, params: { family }, body: { user_id: userId, variables, subject, content, version } }) => {
    const words: EmailWords = { ...(subject !== undefined && { subject }), ...(content !== undefined && { text: content }) };
    const faults = wordsFaults(words);
    if (faults.length > 0) throw templateProblem(faults, { text: 'content' });
    const preview = await database.withTenant(tenantId, (tx) =>
      previewTemplate(tx, tenantId, {
        family,
        variables,
        words,
        ...(userId !== undefined && { userId }),
        ...(version !== undefined && { version }),
      }),
    );
    const { rendering, missing } = preview;
    if (rendering.kind === 'refused') throw new DomainError('invalid', `this mail cannot be sent: ${rendering.because}`);
    const { kind: _, ...mail } = rendering;
    return { status: 200, body: { family, version: preview.version, ...mail, missing_variables: [...missing] } };
  });
}
