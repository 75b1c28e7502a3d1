import type { Response } from 'express';
import { escapeHtml } from '../core/template/liquid.js';

/** A small page for somebody who has followed a link in a message. Its words are shown as they are, whoever's they are. */
export type Page = { readonly title: string; readonly text: string; readonly button?: string };

const STYLE = `
  :root { color-scheme: light dark; font: 1.0625rem/1.6 system-ui, sans-serif; }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: Canvas; color: CanvasText; }
  main { max-width: 26rem; padding: 2rem; text-align: center; }
  h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 0.75rem; }
  p { margin: 0 0 1.75rem; }
  button { font: inherit; font-weight: 600; padding: 0.75rem 2rem; border: 0; border-radius: 0.5rem; background: #1f4ed8; color: #fff; cursor: pointer; }
  button:focus-visible { outline: 3px solid #93b4ff; outline-offset: 2px; }
`;

/** Shows a page that loads nothing. A button posts to where it stands. */
export function sendPage(response: Response, status: number, { title, text, button }: Page): void {
  const form =
    button === undefined
      ? ''
      : `<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click" /><button>${escapeHtml(button)}</button></form>`;
  response
    .status(status)
    .set('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
    .type('html')
    .send(
      `<!doctype html><html lang="en"><head><meta charset="utf-8" /><meta name="viewport" content="width=device-width, initial-scale=1" />` +
        `<meta name="robots" content="noindex" /><title>${escapeHtml(title)}</title><style>${STYLE}</style></head>` +
        `<body><main><h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p>${form}</main></body></html>`,
    );
}
