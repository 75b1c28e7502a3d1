import { DomainError } from '../core/errors.js';
import type { TenantId, UserId } from '../core/ids.js';
import { missingVariables, renderEmail, type EmailRendering } from '../core/template/render-email.js';
import { senderVariables } from '../core/template/sender.js';
import type { EmailWords } from '../core/template/template.js';
import type { TemplateVariables } from '../core/template/variables.js';
import type { TenantTransaction } from '../db/client.js';
import { findUser } from '../db/queries/audience.js';
import { findEmailSender } from '../db/queries/email-senders.js';
import { findTemplateFamily, LIBRARY_VERSION, readEmailTemplate } from '../db/queries/templates.js';
import { findAddress, readUserVariables } from '../db/queries/user-variables.js';

export type PreviewRequest = {
  readonly family: string;
  /** The version in force when absent; of a family without one, its latest. */
  readonly version?: number;
  readonly userId?: UserId;
  /** Go before what is known of the user and the sender. */
  readonly variables: Partial<TemplateVariables>;
  readonly words: EmailWords;
};

export type Preview = { readonly version: number; readonly rendering: EmailRendering; readonly missing: readonly string[] };

/** Stands where a sender, or a message's own link, is not known yet. A preview goes to nobody. */
const PLACEHOLDERS = {
  brand_name: '[brand name]',
  postal_address: '[postal address]',
  unsubscribe_url: 'https://example.com/unsubscribe',
  confirm_url: 'https://example.com/confirm',
} as const satisfies TemplateVariables;

/** A mail as a user would get it, and which variables without a fallback they lack. Throws `not_found`. */
export async function previewTemplate(tx: TenantTransaction, tenantId: TenantId, request: PreviewRequest): Promise<Preview> {
  const { family, userId, words } = request;
  const found = await findTemplateFamily(tx, tenantId, family);
  const version = request.version ?? found?.published ?? found?.versions[0]?.version ?? LIBRARY_VERSION;
  const template = found && (await readEmailTemplate(tx, tenantId, family, version));
  if (!template) throw new DomainError('not_found', found ? `${family} has no version ${version}` : 'there is no such template');
  const sender = await findEmailSender(tx, tenantId);
  const known = {
    ...(sender && senderVariables(sender)),
    ...(userId !== undefined && (await readPerson(tx, tenantId, userId))),
    ...request.variables,
  };
  // These links are made for each message; they are not missing here.
  const { unsubscribe_url, confirm_url } = PLACEHOLDERS;
  const missing = missingVariables(template, { unsubscribe_url, confirm_url, ...known });
  return { version, rendering: renderEmail(template, { ...PLACEHOLDERS, ...known }, words), missing };
}

async function readPerson(tx: TenantTransaction, tenantId: TenantId, id: UserId): Promise<Partial<TemplateVariables>> {
  const view = await findUser(tx, tenantId, id);
  if (!view) throw new DomainError('not_found', 'there is no such user');
  const { userId } = view.user;
  const email = await findAddress(tx, tenantId, userId, 'email');
  const variables = (await readUserVariables(tx, tenantId, [userId])).get(userId);
  return { ...variables, ...(email !== undefined && { email }) };
}
