import { smsLength } from '../../core/message/sms-length.js';

/** A message that Twilio has, in either direction, as it is at this moment. */
export type StoredText = {
  readonly sid: string;
  readonly direction: 'outbound-api' | 'inbound';
  readonly to: string;
  readonly from: string;
  readonly serviceSid: string | null;
  readonly body: string;
  readonly createdAtMs: number;
  status: string;
  errorCode: number | null;
  sentAtMs: number | null;
  updatedAtMs: number;
};

export type MessageStore = ReturnType<typeof openMessages>;

/** Every message of the account. */
export function openMessages(accountSid: string) {
  const bySid = new Map<string, StoredText>();
  const byRecipient = new Map<string, StoredText[]>();
  return {
    add(message: StoredText): void {
      bySid.set(message.sid, message);
      const others = byRecipient.get(message.to);
      if (others) others.push(message);
      else byRecipient.set(message.to, [message]);
    },
    get: (sid: string): StoredText | undefined => bySid.get(sid),
    /** Those that fit a list's query, the latest first: by when they were sent, and before all those that were not yet. */
    list(query: URLSearchParams): readonly StoredText[] {
      const to = query.get('To');
      const all = to === null ? [...bySid.values()] : (byRecipient.get(to) ?? []);
      const from = query.get('From');
      return all
        .filter((message) => (from === null || message.from === from) && isSentWhen(message, query))
        .toSorted((a, b) => orderOf(b) - orderOf(a) || b.createdAtMs - a.createdAtMs);
    },
    resource: (message: StoredText) => resourceOf(message, accountSid),
  };
}

const orderOf = ({ sentAtMs }: StoredText): number => sentAtMs ?? Number.MAX_SAFE_INTEGER;

/** DateSent, DateSent< and DateSent>, each of which lets through nothing that was not sent yet. */
function isSentWhen({ sentAtMs }: StoredText, query: URLSearchParams): boolean {
  const [on, before, after] = ['DateSent', 'DateSent<', 'DateSent>'].map((name) => query.get(name));
  const isSince = (text: string | null | undefined) => !text || (sentAtMs !== null && sentAtMs >= Date.parse(text));
  const isUntil = (text: string | null | undefined) => !text || (sentAtMs !== null && sentAtMs <= Date.parse(text));
  const isOn = !on || (sentAtMs !== null && new Date(sentAtMs).toISOString().slice(0, 10) === on.slice(0, 10));
  return isOn && isSince(after) && isUntil(before);
}

const rfc2822 = (atMs: number): string => new Date(atMs).toUTCString().replace('GMT', '+0000');

/** As Twilio shows a message. The address of its status callback is not in it. */
function resourceOf(message: StoredText, accountSid: string) {
  const { sid, direction, to, from, serviceSid, body, status, errorCode, createdAtMs, sentAtMs, updatedAtMs } = message;
  const uri = `/2010-04-01/Accounts/${accountSid}/Messages/${sid}.json`;
  return {
    account_sid: accountSid,
    api_version: '2010-04-01',
    body,
    date_created: rfc2822(createdAtMs),
    date_sent: sentAtMs === null ? null : rfc2822(sentAtMs),
    date_updated: rfc2822(updatedAtMs),
    direction,
    error_code: errorCode,
    error_message: errorCode === null ? null : `error ${errorCode}`,
    from,
    messaging_service_sid: serviceSid,
    num_media: '0',
    num_segments: serviceSid !== null && sentAtMs === null ? '0' : String(to.startsWith('whatsapp:') ? 1 : smsLength(body).segments),
    price: null,
    price_unit: 'USD',
    sid,
    status,
    subresource_uris: { media: uri.replace('.json', '/Media.json') },
    to,
    uri,
  };
}

const MOST_IN_A_PAGE = 1_000;

/** One page of a list, in the form in which Twilio gives it. */
export function pageOf(store: MessageStore, path: string, query: URLSearchParams) {
  const size = Math.min(MOST_IN_A_PAGE, Math.max(1, Number(query.get('PageSize') ?? 50) || 50));
  const page = Math.max(0, Math.floor(Number(query.get('Page') ?? 0)) || 0);
  const found = store.list(query);
  const shown = found.slice(page * size, (page + 1) * size);
  const uriOf = (number: number) => {
    const other = new URLSearchParams(query);
    other.set('PageSize', String(size));
    other.set('Page', String(number));
    return `${path}?${other.toString()}`;
  };
  return {
    messages: shown.map(store.resource),
    page,
    page_size: size,
    start: page * size,
    end: page * size + Math.max(0, shown.length - 1),
    uri: uriOf(page),
    first_page_uri: uriOf(0),
    next_page_uri: found.length > (page + 1) * size ? uriOf(page + 1) : null,
    previous_page_uri: page > 0 ? uriOf(page - 1) : null,
  };
}
