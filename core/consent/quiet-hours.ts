import { parseTimeZone } from '../event/time-zone.js';
import { localTimeAt, zoneOffsets, type ZoneOffsets } from '../journey/zone-offsets.js';
import { isoWeekdayOf, type Holidays } from './holidays.js';
import { parseCountry, placesInCountry, placesOfPhone, placesOfPostalCode, type Place } from './places.js';
import { DEFAULT_HOURS, quietLaws } from './quiet-laws.js';
import type { WeekHours } from './week-hours.js';

export const messageChannels = ['email', 'sms', 'whatsapp', 'social', 'push', 'in_app'] as const;
export type MessageChannel = (typeof messageChannels)[number];

/** What is known of somebody's place. Everything may be missing, and what is impossible counts as missing. */
export type Recipient = {
  readonly channel: MessageChannel;
  /** Their own, an IANA name. */
  readonly timeZone: string | null;
  /** In E.164. */
  readonly phone: string | null;
  /** ISO 3166, two letters. */
  readonly country: string | null;
  readonly postalCode: string | null;
};

export type QuietRules = {
  readonly tenantTimeZone: string;
  /** The tenant's own hours for a channel. They hold in addition to the law, and can only shorten its hours. */
  readonly ownHours: Readonly<Partial<Record<MessageChannel, WeekHours>>>;
};

/** Whether there are hours on a channel at all, be they the law's or the tenant's own. */
export const hasHours = (channel: MessageChannel, { ownHours }: Pick<QuietRules, 'ownHours'>): boolean =>
  BY_LAW.includes(channel) || ownHours[channel] !== undefined;

/** Hours that have to be kept on one zone's clock. */
type Constraint = { readonly hours: WeekHours; readonly holidays: Holidays | null; readonly zone: string };

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const MOST_DAYS = 28;
const BY_LAW: readonly MessageChannel[] = ['sms', 'whatsapp'];

/**
 * The first moment, at or after one, at which a message may go to somebody; null where there is none within four weeks, which own
 * hours can bring about that leave nothing of the law's.
 *
 * The clock is that of the contact's own zone, else of the phone's area, else of the postal code or country, else the tenant's. Where
 * that leaves several zones open, it must be allowed in each of them; where it leaves the state open, by the laws of all states.
 */
export function allowedFrom(atMs: number, recipient: Recipient, rules: QuietRules): number | null {
  const constraints = constraintsOf(recipient, rules);
  const untilMs = atMs + MOST_DAYS * DAY_MS;
  // Each constraint only ever moves the moment to the first that it allows itself, so nothing that all of them allow is passed over.
  for (let ms = atMs; ms < untilMs;) {
    const next = constraints.reduce((moved, constraint) => nextOpenMs(constraint, moved, untilMs), ms);
    if (next === ms) return ms;
    ms = next;
  }
  return null;
}

function constraintsOf(recipient: Recipient, { tenantTimeZone, ownHours }: QuietRules): readonly Constraint[] {
  const own = parseTimeZone(recipient.timeZone);
  const { places, clock } = placesOf(recipient);
  const byClock = clock.flatMap((place) => place.zones);
  const zones = own !== undefined ? [own] : byClock.length > 0 ? byClock : [parseTimeZone(tenantTimeZone) ?? 'UTC'];
  // The laws of a place hold on its own clocks where it gave them, and on all that there are otherwise.
  const zonesFor = (place: Place) => (own === undefined && clock.includes(place) ? place.zones : zones);
  const byLaw = () =>
    places.length === 0
      ? quietLaws.flatMap((law) => on(zones, law))
      : places.flatMap((place) => lawsOf(place).flatMap((law) => on(zonesFor(place), law)));
  const hours = ownHours[recipient.channel];
  return distinct([
    ...(BY_LAW.includes(recipient.channel) ? byLaw() : []),
    ...(hours === undefined ? [] : on(zones, { hours, holidays: null })),
  ]);
}

/**
 * Where somebody may be, and which of these places tell the time: those of the phone, else of the postal code, else all of the country.
 * A country that is not the phone's adds its own law, but not those of all its states: they stand for a place that is not known.
 */
function placesOf({ phone, country, postalCode }: Recipient): { readonly places: readonly Place[]; readonly clock: readonly Place[] } {
  const known = parseCountry(country);
  const byPhone = phone === null ? [] : placesOfPhone(phone);
  const byPostalCode = known === undefined || postalCode === null ? [] : placesOfPostalCode(known, postalCode);
  const found = [...byPhone, ...byPostalCode];
  if (found.length === 0 || known === undefined) {
    const everywhere = found.length > 0 || known === undefined ? found : placesInCountry(known);
    return { places: everywhere, clock: everywhere };
  }
  const elsewhere = found.some((place) => place.country === known) ? [] : [{ country: known, region: null, zones: [] }];
  return { places: [...found, ...elsewhere], clock: byPhone.length > 0 ? byPhone : byPostalCode };
}

const on = (zones: readonly string[], { hours, holidays }: Omit<Constraint, 'zone'>): readonly Constraint[] =>
  zones.map((zone) => ({ hours, holidays, zone }));

function lawsOf({ country, region }: Place): readonly { readonly hours: WeekHours; readonly holidays: Holidays | null }[] {
  const laws = quietLaws.filter((law) => law.country === country && (law.region === null || law.region === region));
  return laws.length > 0 ? laws : [{ hours: DEFAULT_HOURS, holidays: null }];
}

/** A large country leaves many zones open, most of which show the same time. */
function distinct(constraints: readonly Constraint[]): readonly Constraint[] {
  return constraints.filter(
    ({ hours, holidays, zone }, i) =>
      constraints.findIndex((one) => one.hours === hours && one.holidays === holidays && one.zone === zone) === i,
  );
}

/** The first moment, at or after one, within the hours on the zone's clock, through all changes of it; the end, where there is none. */
function nextOpenMs({ hours, holidays, zone }: Constraint, fromMs: number, untilMs: number): number {
  const offsets = offsetsAround(zone, fromMs);
  for (let ms = fromMs; ms < untilMs;) {
    const { day, minuteOfDay } = localTimeAt(offsets, ms);
    const open = holidays?.(day) ? null : (hours[isoWeekdayOf(day) - 1] ?? null);
    if (open !== null && open.fromMinute <= minuteOfDay && minuteOfDay < open.toMinute) return ms;
    const nextMinute = open !== null && minuteOfDay < open.fromMinute ? open.fromMinute : 1440;
    const thereMs = ms - (ms % MINUTE_MS) + (nextMinute - minuteOfDay) * MINUTE_MS;
    // The clock may change before it gets there.
    const changeMs = offsets.find(([changedMs]) => changedMs > ms)?.[0] ?? Infinity;
    ms = Math.min(thereMs, changeMs);
  }
  return untilMs;
}

/** A zone's offsets from a moment on for as long as anything here looks ahead, by periods that all moments share. */
function offsetsAround(zone: string, ms: number): ZoneOffsets {
  const span = MOST_DAYS * DAY_MS;
  const fromMs = Math.floor(ms / span) * span;
  return zoneOffsets(zone, { fromMs, toMs: fromMs + 2 * span });
}
