import type { z } from 'zod';
import { MailRequest, type Personalization } from './mail-request.js';

/** An error as SendGrid writes it in the body of its answer. */
export type SendgridError = { readonly message: string; readonly field: string | null; readonly help: string | null };

export type Checked = { readonly mail: MailRequest } | { readonly errors: readonly SendgridError[] };

export const MAX_BODY_BYTES = 30_000_000;
const MAX_RECIPIENTS = 1_000;
const MAX_SUBSTITUTION_BYTES = 50_000;
const CUSTOM_ARGS_BYTES = 10_000;
const MAX_AHEAD_S = 72 * 3_600;

export const sendgridError = (message: string, field: string | null = null): SendgridError => ({ message, field, help: null });

/** Checks a body against the published rules: its form first, then what no form can say. */
export function checkMail(body: unknown, nowMs: number): Checked {
  const parsed = MailRequest.safeParse(body);
  if (!parsed.success) {
    return { errors: parsed.error.issues.map((issue) => sendgridError(reasonOf(issue), issue.path.join('.') || null)) };
  }
  const mail = parsed.data;
  const errors = [
    ...wholeFaults(mail, nowMs),
    ...recipientFaults(mail),
    ...mail.personalizations.flatMap((each, i) => partFaults(mail, each, i)),
  ];
  return errors.length > 0 ? { errors } : { mail };
}

/** Of a key that is not allowed, the reason lies one level deeper. */
const reasonOf = (issue: z.core.$ZodIssue): string => (issue.code === 'invalid_key' && issue.issues[0]?.message) || issue.message;

function wholeFaults(mail: MailRequest, nowMs: number): SendgridError[] {
  const { subject, personalizations, content = [], template_id, categories = [], reply_to, reply_to_list, send_at } = mail;
  const faults: SendgridError[] = [];
  if (template_id !== undefined) faults.push(sendgridError('The template_id must be a valid template.', 'template_id'));
  if (subject === undefined && personalizations.some((each) => each.subject === undefined)) {
    faults.push(sendgridError('The subject is required. You can get around this requirement if you use a template.', 'subject'));
  }
  if (content.length === 0) faults.push(sendgridError('The content parameter is required.', 'content'));
  const types = content.map(({ type }) => type.toLowerCase());
  if (types.indexOf('text/plain') > 0 || types.indexOf('text/html') > Math.max(0, types.indexOf('text/plain') + 1)) {
    faults.push(sendgridError('If present, text/plain must be first, followed by text/html, followed by any other content.', 'content'));
  }
  if (new Set(categories).size < categories.length) faults.push(sendgridError('Categories must be unique.', 'categories'));
  if (reply_to && reply_to_list) faults.push(sendgridError('Use either reply_to or reply_to_list, not both.', 'reply_to_list'));
  if (send_at !== undefined && send_at > nowMs / 1_000 + MAX_AHEAD_S) {
    faults.push(sendgridError('Scheduling more than 72 hours in advance is forbidden.', 'send_at'));
  }
  return faults;
}

function recipientFaults({ personalizations }: MailRequest): SendgridError[] {
  const faults: SendgridError[] = [];
  const seen = new Set<string>();
  let recipients = 0;
  for (const [position, { to, cc = [], bcc = [] }] of personalizations.entries()) {
    for (const [kind, addresses] of [
      ['to', to],
      ['cc', cc],
      ['bcc', bcc],
    ] as const) {
      for (const { email } of addresses) {
        recipients += 1;
        const address = email.toLowerCase();
        if (seen.has(address)) {
          const message = `Each unique email address in the personalizations array should only be included once. You have included [${email}] more than once.`;
          faults.push(sendgridError(message, `personalizations.${position}.${kind}`));
        }
        seen.add(address);
      }
    }
  }
  if (recipients > MAX_RECIPIENTS) {
    faults.push(sendgridError('There is a limit of 1000 total recipients (to + cc + bcc) per request.', 'personalizations'));
  }
  return faults;
}

function partFaults(
  mail: MailRequest,
  { substitutions = {}, custom_args = {}, headers = {} }: Personalization,
  position: number,
): SendgridError[] {
  const field = `personalizations.${position}`;
  const faults: SendgridError[] = [];
  if (jsonBytes(substitutions) > MAX_SUBSTITUTION_BYTES) {
    faults.push(sendgridError('Substitutions are limited to 50000 bytes per personalization block.', `${field}.substitutions`));
  }
  if (jsonBytes({ ...mail.custom_args, ...custom_args }) >= CUSTOM_ARGS_BYTES) {
    faults.push(sendgridError('The total size of custom arguments must be less than 10000 bytes.', `${field}.custom_args`));
  }
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  if (new Set(names).size < names.length) faults.push(sendgridError('Headers must be unique.', `${field}.headers`));
  return faults;
}

const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
