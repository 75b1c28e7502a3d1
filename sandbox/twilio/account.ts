/** What an account of Twilio has. */
export type TwilioAccount = {
  /** Begins with `AC`. */
  readonly accountSid: string;
  readonly authToken: string;
  /** API keys by their SID, with their secrets. */
  readonly apiKeys?: Readonly<Record<string, string>>;
  /** Its senders, in E.164. */
  readonly smsNumbers: readonly string[];
  readonly whatsappNumbers?: readonly string[];
  /** Messaging Services by their SID, with the senders that each may use: `+1…` for SMS, `whatsapp:+1…`. */
  readonly services?: Readonly<Record<string, readonly string[]>>;
  /** Content templates by their SID. */
  readonly templates?: Readonly<Record<string, ContentTemplate>>;
};

/** Its places are `{{1}}` or `{{name}}`. Meta lets no marketing through to numbers in the US. */
export type ContentTemplate = { readonly text: string; readonly category?: 'marketing' | 'utility' };

export const SANDBOX_ACCOUNT: TwilioAccount = {
  accountSid: `AC${'0'.repeat(32)}`,
  authToken: 'sandbox-auth-token',
  smsNumbers: ['+15005550006'],
  whatsappNumbers: ['+15005550006'],
  templates: {
    [`HX${'0'.repeat(32)}`]: { text: 'Hello {{1}}, is there anything that we can do for you?', category: 'utility' },
    [`HX${'0'.repeat(31)}1`]: { text: 'Hello {{1}}, have a look: {{2}}', category: 'utility' },
  },
};

export const placesOf = ({ text }: ContentTemplate): readonly string[] => [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name = '']) => name);

export const fillTemplate = ({ text }: ContentTemplate, variables: Readonly<Record<string, string>>): string =>
  text.replaceAll(/\{\{(\w+)\}\}/g, (place, name: string) => variables[name] ?? place);

/** Twilio's published test numbers: whoever writes to one of these is refused with this code. */
export const REFUSING_RECIPIENTS: ReadonlyMap<string, number> = new Map([
  ['+15005550001', 21211],
  ['+15005550002', 21612],
  ['+15005550003', 21408],
  ['+15005550004', 21610],
  ['+15005550009', 21614],
]);
/** And whoever writes from one of these. */
export const REFUSING_SENDERS: ReadonlyMap<string, number> = new Map([
  ['+15005550001', 21212],
  ['+15005550007', 21606],
  ['+15005550008', 21611],
]);
