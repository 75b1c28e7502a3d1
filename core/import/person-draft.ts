import { MAX_EVENT_BYTES } from '../event/intake.js';
import { parseEmail, parseHandle, parsePhone, type ContactAddress } from '../event/contacts.js';
import { jsonFault, safePrefix } from '../event/json.js';
import { parseTimeZone } from '../event/time-zone.js';
import { isAcceptedTime } from '../event/time.js';
import { parseConsent, type Consent } from './consent.js';
import type { PersonField } from './person-fields.js';
import type { TimeReader } from './times.js';
import { idFault, textOf, valueOf } from './values.js';

export type ImportedContact = ContactAddress & {
  readonly verifiedAtMs?: number;
  readonly consent?: Consent;
  readonly consentSource?: string;
  readonly consentAtMs?: number;
};

export type ImportedPerson = {
  /** Absent: who has the first of the contacts, and else a new user who is called by it. */
  readonly userId?: string;
  /** JSON. */
  readonly traits: string;
  readonly timeZone?: string;
  readonly contacts: readonly ImportedContact[];
};

/** Where consent came from, and when, for rows that do not say. */
export type ConsentDefaults = { readonly consentSource: string; readonly consentAtMs?: number };

type Channel = 'email' | 'sms' | 'whatsapp';

/** One person while their row is being read. */
export class PersonDraft {
  private userId: string | undefined;
  private timeZone: string | undefined;
  private verifiedAtMs: number | undefined;
  private source: string | undefined;
  private consentAtMs: number | undefined;
  private readonly traits: Record<string, unknown> = {};
  private readonly addresses: ContactAddress[] = [];
  private readonly consents = new Map<Channel | 'all', Consent>();

  constructor(
    private readonly readTime: TimeReader,
    private readonly nowMs: number,
  ) {}

  /** Takes a cell in; gives the reason why the row is none where there is one. */
  take(field: PersonField, column: string, sent: unknown): string | undefined {
    switch (field.kind) {
      case 'user':
        this.userId ??= textOf(sent);
        return this.userId === undefined ? undefined : withColumn(column, idFault(this.userId));
      case 'email':
        return this.takeAddress('email', '', parseEmail(sent), 'email', sent);
      case 'phone':
        return this.takeAddress('sms', '', parsePhone(textOf(sent)), 'phone', sent);
      case 'whatsapp':
        return this.takeAddress('whatsapp', '', parsePhone(textOf(sent)), 'whatsapp', sent);
      case 'handle':
        return this.takeAddress('social', field.provider, parseHandle(textOf(sent)), field.provider, sent);
      case 'time_zone':
        this.timeZone ??= parseTimeZone(sent);
        return undefined;
      case 'consent_source':
        this.source ??= textOf(sent);
        return undefined;
      case 'verified_at':
        return this.takeTime(column, sent, (ms) => (this.verifiedAtMs = ms));
      case 'consent_at':
        return this.takeTime(column, sent, (ms) => (this.consentAtMs = ms));
      case 'consent':
      case 'refusal':
        return this.takeConsent(field, column, sent);
      case 'trait':
        return this.takeTrait(field.name, sent);
    }
  }

  /** What cannot be an address stays a trait, as when it comes by HTTP. */
  private takeAddress(
    channel: ContactAddress['channel'],
    provider: string,
    address: string | undefined,
    trait: string,
    sent: unknown,
  ): undefined {
    if (address !== undefined) this.addresses.push({ channel, provider, address });
    return this.takeTrait(trait, textOf(sent));
  }

  private takeTrait(name: string, sent: unknown): undefined {
    const value = valueOf(sent);
    if (value !== undefined && !Object.hasOwn(this.traits, name)) this.traits[name] = value;
  }

  private takeTime(column: string, sent: unknown, keep: (ms: number) => void): string | undefined {
    if (textOf(sent) === undefined) return undefined;
    const ms = this.readTime(sent);
    if (ms === undefined || !isAcceptedTime(ms, this.nowMs))
      return `column ${column} is not a time between 1990 and a day from now: ${safePrefix(sent, 40)}`;
    keep(ms);
    return undefined;
  }

  private takeConsent(field: PersonField & { kind: 'consent' | 'refusal' }, column: string, sent: unknown): string | undefined {
    const said = parseConsent(sent);
    if (said === 'unclear') return `column ${column} says neither yes nor no: ${safePrefix(sent, 40)}`;
    if (said === 'unsaid') return undefined;
    // That somebody did not unsubscribe is no consent.
    if (field.kind === 'refusal' && said === 'denied') return undefined;
    const key = field.channel ?? 'all';
    if (this.consents.get(key) !== 'denied') this.consents.set(key, field.kind === 'refusal' ? 'denied' : said);
    return undefined;
  }

  finish({ consentSource, consentAtMs }: ConsentDefaults): ImportedPerson | string {
    if (this.userId === undefined && this.addresses.length === 0) return 'has neither an id nor an address that can be read';
    const fault = jsonFault(this.traits, 'traits');
    if (fault) return fault;
    const traits = JSON.stringify(this.traits);
    if (Buffer.byteLength(traits) > MAX_EVENT_BYTES) return `its traits are larger than ${MAX_EVENT_BYTES / 1024} KB`;
    const atMs = this.consentAtMs ?? consentAtMs;
    return {
      ...(this.userId !== undefined && { userId: this.userId }),
      traits,
      ...(this.timeZone !== undefined && { timeZone: this.timeZone }),
      contacts: byRank(this.addresses).map((address) => {
        const consent = this.consentFor(address.channel);
        return {
          ...address,
          ...(this.verifiedAtMs !== undefined && address.channel === 'email' && { verifiedAtMs: this.verifiedAtMs }),
          ...(consent && { consent, consentSource: this.source ?? consentSource, ...(atMs !== undefined && { consentAtMs: atMs }) }),
        };
      }),
    };
  }

  private consentFor(channel: ContactAddress['channel']): Consent | undefined {
    const all = this.consents.get('all');
    const own = channel === 'email' || channel === 'sms' || channel === 'whatsapp' ? this.consents.get(channel) : undefined;
    return all === 'denied' ? 'denied' : (own ?? all);
  }
}

const RANK: readonly ContactAddress['channel'][] = ['email', 'sms', 'whatsapp', 'social', 'push'];

/** The address that says best who somebody is comes first: e-mail, else phone, else WhatsApp, else a handle. */
const byRank = (addresses: readonly ContactAddress[]): ContactAddress[] =>
  [...addresses].sort((a, b) => RANK.indexOf(a.channel) - RANK.indexOf(b.channel));

const withColumn = (column: string, fault: string | undefined): string | undefined => fault && `column ${column} ${fault}`;
