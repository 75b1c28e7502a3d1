import { jsonFault, textFault } from '../event/json.js';

/** One person's in-app message, rendered. Its words are plain text, which a page shows as text. */
export type InAppMessage = {
  readonly title: string;
  readonly body: string;
  /** Where its action leads: an address, or a path of the page that shows it. */
  readonly actionUrl?: string;
  /** For the page, which knows what it means. */
  readonly data?: Readonly<Record<string, unknown>>;
};

export const IN_APP_LIMITS = { titleChars: 200, bodyChars: 10_000, actionUrlChars: 2_000, dataBytes: 8_192 };

/** Why a message cannot stand in an inbox, or nothing. */
export function inAppFault({ title, body, actionUrl, data = {} }: InAppMessage): string | undefined {
  const { titleChars, bodyChars, actionUrlChars, dataBytes } = IN_APP_LIMITS;
  if (title.trim() === '') return 'it has no title';
  for (const [name, text, most] of [['title', title, titleChars] as const, ['text', body, bodyChars] as const]) {
    if (text.length > most) return `its ${name} is longer than ${most} characters`;
    const fault = textFault(text);
    if (fault) return `its ${name} ${fault}`;
  }
  if (actionUrl !== undefined && (actionUrl.length > actionUrlChars || !isSafeAction(actionUrl))) {
    return `its action is no http, https, mailto or tel address of up to ${actionUrlChars} characters, and no path of a page either`;
  }
  const fault = jsonFault(data, 'data');
  if (fault) return `its ${fault}`;
  return Buffer.byteLength(JSON.stringify(data)) > dataBytes ? `its data is larger than ${dataBytes} bytes` : undefined;
}

const PAGE = 'https://page.invalid';

/** What a page may put into a link without looking: it leads somewhere, and runs nothing. */
function isSafeAction(address: string): boolean {
  const isPath = address.startsWith('/');
  if (textFault(address) !== undefined || !URL.canParse(address, isPath ? PAGE : undefined)) return false;
  const url = new URL(address, isPath ? PAGE : undefined);
  // Browsers read `//host` and `/\host` as another site.
  return isPath ? url.origin === PAGE : ['http:', 'https:', 'mailto:', 'tel:'].includes(url.protocol);
}
