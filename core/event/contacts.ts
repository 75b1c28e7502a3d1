export type ContactChannel = 'email' | 'sms' | 'whatsapp' | 'social' | 'push';

/** An address of a user on a channel. `provider` names the network of a social one, and is empty otherwise. */
export type ContactAddress = { readonly channel: ContactChannel; readonly provider: string; readonly address: string };

const EMAIL = /^[^\s@<>,;"]+@[^\s@<>,;".]+(?:\.[^\s@<>,;".]+)+$/u;

/** An e-mail address as it is kept: trimmed, in lower case. Nothing when it cannot be one. */
export function parseEmail(sent: unknown): string | undefined {
  if (typeof sent !== 'string') return undefined;
  const address = sent.trim().toLowerCase();
  return address.length <= 254 && EMAIL.test(address) ? address : undefined;
}

/** A telephone number in E.164 (`+14155550100`). Nothing without a country code: which country it is in would be a guess. */
export function parsePhone(sent: unknown): string | undefined {
  if (typeof sent !== 'string') return undefined;
  const digits = sent
    .trim()
    .replace(/[\s().\u00a0/-]/g, '')
    .replace(/^00/, '+');
  return /^\+[1-9]\d{6,14}$/.test(digits) ? digits : undefined;
}

const PROVIDERS: Readonly<Record<string, string>> = {
  instagram: 'instagram',
  messenger: 'messenger',
  facebook: 'messenger',
  x: 'x',
  twitter: 'x',
  tiktok: 'tiktok',
  linkedin: 'linkedin',
  youtube: 'youtube',
};

/** The network that a column or trait of this name holds a handle of, or nothing. */
export function socialProviderOf(name: string): string | undefined {
  const folded = name.toLowerCase().replace(/[\s_-]*(handle|username|user|id|account|profile)$/, '');
  return Object.hasOwn(PROVIDERS, folded) ? PROVIDERS[folded] : undefined;
}

/** A handle without the `@` and the address of its network around it, in lower case. */
export function parseHandle(sent: unknown): string | undefined {
  if (typeof sent !== 'string') return undefined;
  const handle = sent
    .trim()
    .toLowerCase()
    .replace(/^(https?:\/\/)?(www\.|m\.)?[\w-]+\.com\//, '')
    .replace(/^@/, '')
    .replace(/[/?#].*$/, '');
  return /^[\p{L}\p{N}._-]{1,100}$/u.test(handle) ? handle : undefined;
}

/** The contacts that a user's traits name: `email` and `phone`. What cannot be an address stays a trait. */
export function contactsOf(traits: Readonly<Record<string, unknown>>): readonly ContactAddress[] {
  const email = parseEmail(traits.email);
  const phone = parsePhone(traits.phone);
  return [
    ...(email ? [{ channel: 'email', provider: '', address: email } as const] : []),
    ...(phone ? [{ channel: 'sms', provider: '', address: phone } as const] : []),
  ];
}
