import { Router, type Request, type Response } from 'express';
import { readToken } from '../core/message/token.js';
import type { Database } from '../db/client.js';
import { unsubscribe } from '../db/queries/unsubscribing.js';
import { readRawBody } from './raw-body.js';
import { requestState } from './requests.js';

export type UnsubscribeDependencies = {
  readonly database: Database;
  /** Of the tokens that our messages carry. */
  readonly ledgerKey: Buffer;
  readonly now: () => Date;
};

const ROUTE = '/v1/unsubscribe/:token';
/** One field of a form, in whichever of its two encodings. */
const BODY = { maxBytes: 10_000, timeoutMs: 10_000 };

/**
 * Where the link in a mail leads. Whoever follows it sees a page with a button: programs that look through mail follow every link,
 * and so nothing changes by that. The button, and a mail program's one-click unsubscribe (RFC 8058), post; nobody has to log in. To
 * post again changes nothing. Nothing is kept from anybody who holds a link but whether it is one of ours.
 */
export function createUnsubscribePages({ database, ledgerKey, now }: UnsubscribeDependencies): Router {
  const router = Router({ caseSensitive: true });
  router.get(ROUTE, (request, response) => {
    requestState(request).route = ROUTE;
    if (readToken(ledgerKey, request.params.token) === undefined) return sendPage(response, 404, UNKNOWN);
    sendPage(response, 200, QUESTION);
  });
  router.post(ROUTE, async (request: Request<{ token: string }>, response) => {
    requestState(request).route = ROUTE;
    // What is said in it is always the same: it is read so that the connection can be used again.
    await readRawBody(request, BODY);
    const message = readToken(ledgerKey, request.params.token);
    if (message === undefined) return sendPage(response, 404, UNKNOWN);
    const { tenantId, messageId } = message;
    await unsubscribe(database, tenantId, { messageId, at: now() });
    sendPage(response, 200, DONE);
  });
  return router;
}

type Page = { readonly title: string; readonly text: string; readonly button?: string };

const QUESTION: Page = {
  title: 'Unsubscribe?',
  text: 'You will get no more of these mails at this address.',
  button: 'Unsubscribe',
};
const DONE: Page = {
  title: 'You are unsubscribed',
  text: 'You will get no more of these mails at this address. It may take a moment for one that is on its way.',
};
const UNKNOWN: Page = {
  title: 'This link is not complete',
  text: 'Please follow the link in the mail once more, or copy all of it: a part of it seems to be missing.',
};

const STYLE = `
  :root { color-scheme: light dark; font: 1.0625rem/1.6 system-ui, sans-serif; }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: Canvas; color: CanvasText; }
  main { max-width: 26rem; padding: 2rem; text-align: center; }
  h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 0.75rem; }
  p { margin: 0 0 1.75rem; }
  button { font: inherit; font-weight: 600; padding: 0.75rem 2rem; border: 0; border-radius: 0.5rem; background: #1f4ed8; color: #fff; cursor: pointer; }
  button:focus-visible { outline: 3px solid #93b4ff; outline-offset: 2px; }
`;

function sendPage(response: Response, status: number, { title, text, button }: Page): void {
  const form =
    button === undefined
      ? ''
      : `<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click" /><button>${button}</button></form>`;
  response
    .status(status)
    .set('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
    .type('html')
    .send(
      `<!doctype html><html lang="en"><head><meta charset="utf-8" /><meta name="viewport" content="width=device-width, initial-scale=1" />` +
        `<meta name="robots" content="noindex" /><title>${title}</title><style>${STYLE}</style></head>` +
        `<body><main><h1>${title}</h1><p>${text}</p>${form}</main></body></html>`,
    );
}
