import type { EmailAddress, EmailBatch, EmailMessage } from './email.js';

/** The custom argument that carries our token to SendGrid and back in its events. Custom arguments are kept for ever there. */
export const SENDGRID_TOKEN_ARG = 'ms_token';

type Tags = { readonly subject: string; readonly html: string; readonly text: string };

/**
 * A batch as SendGrid's mail library takes it. A request has one subject and one content, so that each person's travel as
 * substitutions for the tags that stand there; one message alone needs no tags, and so may be of any size.
 */
export function sendgridMail(batch: EmailBatch) {
  const { from, replyTo, categories = [], tracking = { opens: false, clicks: false }, validateOnly = false, messages } = batch;
  const [first] = messages;
  if (first === undefined) throw new RangeError('a batch has at least one message');
  const alone = messages.length === 1;
  const shown: Tags = alone ? first : freeTags(messages);
  const replies = alone && first.replyTo !== undefined ? { email: first.replyTo } : replyTo;
  return {
    from: named(from),
    ...(replies && { replyTo: named(replies) }),
    subject: shown.subject,
    content: [
      { type: 'text/plain', value: shown.text },
      { type: 'text/html', value: shown.html },
    ] satisfies [unknown, unknown],
    personalizations: messages.map((message) => personalization(message, alone ? undefined : { tags: shown, replyTo })),
    // The tags are whole already: the library would put its own brackets around them.
    substitutionWrappers: ['', ''],
    ...(categories.length > 0 && { categories: [...categories] }),
    trackingSettings: {
      clickTracking: { enable: tracking.clicks, enableText: false },
      openTracking: { enable: tracking.opens },
      // Otherwise an account's setting would put its own link, and its own List-Unsubscribe, in the place of ours.
      subscriptionTracking: { enable: false },
    },
    ...(validateOnly && { mailSettings: { sandboxMode: { enable: true } } }),
  };
}

function personalization(message: EmailMessage, shared: { tags: Tags; replyTo: EmailAddress | undefined } | undefined) {
  const { token, to, subject, html, text, unsubscribeUrl, replyTo } = message;
  return {
    to: named(to),
    customArgs: { [SENDGRID_TOKEN_ARG]: token },
    ...(unsubscribeUrl !== undefined && {
      headers: { 'List-Unsubscribe': `<${unsubscribeUrl}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' },
    }),
    ...(shared && {
      substitutions: {
        [shared.tags.subject]: subject,
        [shared.tags.html]: html,
        [shared.tags.text]: text,
        // A Reply-To belongs to the request too, but substitutions are made in it. The shared address is the tag, so that a
        // reply arrives somewhere even where it is not replaced.
        ...(shared.replyTo && replyTo !== undefined && { [shared.replyTo.email]: replyTo }),
      },
    }),
  };
}

/** Tags that stand in none of the texts: a tag inside a value would be replaced again. */
function freeTags(messages: readonly EmailMessage[]): Tags {
  const taken = new Set<string>();
  for (const { subject, html, text, token } of messages) {
    for (const value of [subject, html, text, token]) {
      if (!value.includes('%ms')) continue;
      for (const [, number = ''] of value.matchAll(/%ms(\d+)-/g)) taken.add(number);
    }
  }
  let free = 0;
  while (taken.has(String(free))) free += 1;
  return { subject: `%ms${free}-subject%`, html: `%ms${free}-html%`, text: `%ms${free}-text%` };
}

/** SendGrid refuses a request of a thousand for a comma in one person's name. */
function named({ email, name }: EmailAddress): { email: string; name?: string } {
  const safe = name
    ?.replaceAll(/[\s,;<>"\0-\x1f]+/g, ' ')
    .toWellFormed()
    .trim();
  return safe ? { email, name: safe } : { email };
}
