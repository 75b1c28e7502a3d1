import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { areaCodes, otherAreaCodes } from '../../../core/consent/places/area-codes.js';
import { callingCodes } from '../../../core/consent/places/calling-codes.js';
import { countryZones } from '../../../core/consent/places/country-zones.js';
import { parseOwnHours } from '../../../core/consent/own-hours.js';
import { allowedFrom, type QuietRules, type Recipient } from '../../../core/consent/quiet-hours.js';
import { parseWeekHours } from '../../../core/consent/week-hours.js';

const nobody: Recipient = { channel: 'sms', timeZone: null, phone: null, country: null, postalCode: null };
const rules: QuietRules = { tenantTimeZone: 'UTC', ownHours: {} };
const withHours = (hours: string): QuietRules => ({ ...rules, ownHours: { sms: parseWeekHours(hours), email: parseWeekHours(hours) } });
const by = (phone: string): Recipient => ({ ...nobody, phone });
const at = (text: string): number => Date.parse(text);
const shown = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString().replace(':00.000Z', 'Z'));

describe('a message to somebody in', () => {
  // phone, asked at, allowed from, why; July is summer time in the north, 2026-07-01 a Wednesday
  const rows: readonly [string, string, string, string][] = [
    ['+12125550100', '2026-07-01T15:00Z', '2026-07-01T15:00Z', 'New York at eleven: now'],
    ['+12125550100', '2026-07-01T06:00Z', '2026-07-01T12:00Z', 'New York at night: eight in the morning there'],
    ['+12125550100', '2026-07-02T00:59Z', '2026-07-02T00:59Z', 'New York, a minute before nine in the evening: now'],
    ['+12125550100', '2026-07-02T01:00Z', '2026-07-02T12:00Z', 'New York at nine: the next morning'],
    ['+13055550100', '2026-07-02T00:00Z', '2026-07-02T12:00Z', 'Miami at eight: Florida ends at eight'],
    ['+18505550100', '2026-07-01T12:00Z', '2026-07-01T13:00Z', 'west Florida: eight in both of its zones'],
    ['+18505550100', '2026-07-02T00:30Z', '2026-07-02T13:00Z', 'west Florida: past eight in one of its zones'],
    ['+14055550100', '2026-07-02T01:30Z', '2026-07-02T13:00Z', 'Oklahoma at half past eight'],
    ['+12065550100', '2026-07-02T03:30Z', '2026-07-02T15:00Z', 'Seattle at half past eight'],
    ['+12145550100', '2026-07-01T13:00Z', '2026-07-01T14:00Z', 'Dallas at eight: Texas begins at nine'],
    ['+12145550100', '2026-07-05T14:00Z', '2026-07-05T17:00Z', 'Dallas on a Sunday: noon'],
    ['+14015550100', '2026-07-03T21:30Z', '2026-07-06T13:00Z', 'Rhode Island, a holiday that is kept on Friday: Monday at nine'],
    ['+14015550100', '2026-07-11T13:30Z', '2026-07-11T14:00Z', 'Rhode Island on a Saturday: ten'],
    ['+18015550100', '2026-07-23T18:00Z', '2026-07-23T18:00Z', 'Utah: now'],
    ['+18015550100', '2026-07-24T18:00Z', '2026-07-25T14:00Z', 'Utah on Pioneer Day: the day after'],
    ['+19075550100', '2026-07-01T16:00Z', '2026-07-01T17:00Z', 'Alaska: eight on the Aleutians too'],
    ['+18085550100', '2026-07-01T17:00Z', '2026-07-01T18:00Z', 'Honolulu'],
    ['+14165550100', '2026-07-01T12:30Z', '2026-07-01T13:00Z', 'Toronto: Canada begins at nine'],
    ['+14165550100', '2026-07-04T22:00Z', '2026-07-05T14:00Z', 'Toronto on a Saturday at six: Sunday at ten'],
    ['+18765550100', '2026-07-01T12:00Z', '2026-07-01T13:00Z', 'Jamaica: eight, by default'],
    ['+33612345678', '2026-07-04T17:59Z', '2026-07-04T17:59Z', 'France on a Saturday, a minute before eight: now'],
    ['+33612345678', '2026-07-04T18:00Z', '2026-07-06T06:00Z', 'France on a Saturday at eight: not on Sunday'],
    ['+33612345678', '2026-07-14T09:00Z', '2026-07-15T06:00Z', 'France on its national day: the day after'],
    ['+33612345678', '2027-05-06T09:00Z', '2027-05-07T06:00Z', 'France on Ascension Day'],
    ['+33612345678', '2026-04-06T09:00Z', '2026-04-07T06:00Z', 'France on Easter Monday'],
    ['+4915112345678', '2026-07-05T06:00Z', '2026-07-05T06:00Z', 'Germany on a Sunday at eight: now, by default'],
    ['+34612345678', '2026-07-01T06:30Z', '2026-07-01T07:00Z', 'Spain: eight on the Canary Islands too'],
    ['+79161234567', '2026-07-01T00:00Z', '2026-07-01T06:00Z', 'Russia: eight in Kaliningrad, when it is six in the evening in Kamchatka'],
    ['+919876543210', '2026-07-01T00:00Z', '2026-07-01T02:30Z', 'India, half an hour beside'],
    ['+18005550100', '2026-07-01T15:00Z', '2026-07-01T18:00Z', 'nobody knows where in North America: eight on Hawaii'],
    ['+18005550100', '2026-07-05T18:00Z', '2026-07-06T18:00Z', 'nobody knows where in North America, on a Sunday: some states have none'],
  ];
  for (const [phone, asked, expected, where] of rows) {
    it(`${where} (${phone}, ${asked})`, () => assert.equal(shown(allowedFrom(at(asked), by(phone), rules)), expected));
  }

  it('the summer waits for eight o’clock as it is shown after the clock has changed', () => {
    // America/New_York changes on 2026-03-08 and 2026-11-01, Europe/Berlin on 2026-03-29.
    assert.equal(shown(allowedFrom(at('2026-03-08T04:00Z'), by('+12125550100'), rules)), '2026-03-08T12:00Z');
    assert.equal(shown(allowedFrom(at('2026-11-01T04:00Z'), by('+12125550100'), rules)), '2026-11-01T13:00Z');
    assert.equal(shown(allowedFrom(at('2026-03-29T00:00Z'), by('+4915112345678'), rules)), '2026-03-29T06:00Z');
  });
});

describe('the clock that counts', () => {
  const asked = at('2026-07-01T09:00Z');
  const everything: Recipient = { channel: 'sms', timeZone: 'Asia/Tokyo', phone: '+12125550100', country: 'US', postalCode: '94103' };
  const rows: readonly [string, Partial<Recipient>, string][] = [
    ['is that of the contact’s own zone', {}, '2026-07-01T09:00Z'],
    ['is else that of the phone’s area', { timeZone: null }, '2026-07-01T12:00Z'],
    ['is else that of the postal code', { timeZone: null, phone: null }, '2026-07-01T15:00Z'],
    ['is else that of the whole country', { timeZone: null, phone: null, postalCode: null }, '2026-07-01T18:00Z'],
    [
      'is else the tenant’s, by the strictest of all laws',
      { timeZone: null, phone: null, postalCode: null, country: null },
      '2026-07-01T10:00Z',
    ],
    ['is not one that does not exist', { timeZone: 'America/Springfield' }, '2026-07-01T12:00Z'],
    ['is not that of a country that does not exist', { timeZone: null, phone: null, country: 'ZZ' }, '2026-07-01T10:00Z'],
    ['is not that of a phone that cannot be one', { timeZone: null, phone: 'call me', country: null }, '2026-07-01T10:00Z'],
  ];
  for (const [title, changes, expected] of rows) {
    it(title, () => {
      // Tokyo: 18:00, and New York's, California's and the federal hours on that clock.
      assert.equal(shown(allowedFrom(asked, { ...everything, ...changes }, rules)), expected);
    });
  }

  it('is no reason to forget the law of any place that somebody may be in', () => {
    const floridian: Recipient = { ...nobody, phone: '+12125550100', country: 'US', postalCode: '33101' };
    assert.equal(shown(allowedFrom(at('2026-07-02T00:30Z'), floridian, rules)), '2026-07-02T12:00Z', 'a New York phone in Miami');
    const american: Recipient = { ...by('+12125550100'), country: 'US' };
    assert.equal(shown(allowedFrom(at('2026-07-05T13:00Z'), american, rules)), '2026-07-05T13:00Z', 'nor a reason for those of all states');
    const expat: Recipient = { ...by('+12125550100'), country: 'FR' };
    assert.equal(shown(allowedFrom(at('2026-07-05T13:00Z'), expat, rules)), '2026-07-06T12:00Z', 'a New York phone in France, on a Sunday');
    const moved: Recipient = { ...by('+13055550100'), timeZone: 'America/Los_Angeles' };
    assert.equal(
      shown(allowedFrom(at('2026-07-02T03:30Z'), moved, rules)),
      '2026-07-02T15:00Z',
      'a Florida phone in California, at half past eight there',
    );
  });

  it('knows states and departments by postal codes', () => {
    const addressed = (country: string, postalCode: string): Recipient => ({ ...nobody, country, postalCode });
    const from = (text: string, recipient: Recipient) => shown(allowedFrom(at(text), recipient, rules));
    assert.equal(from('2026-07-01T12:00Z', addressed('US', '75201-1234')), '2026-07-01T15:00Z', 'Texas: nine in El Paso too');
    assert.equal(from('2026-04-03T09:00Z', addressed('FR', '67000')), '2026-04-04T06:00Z', 'Good Friday in Strasbourg');
    assert.equal(from('2026-04-03T09:00Z', addressed('FR', '75001')), '2026-04-03T09:00Z', 'and in Paris');
    assert.equal(from('2026-07-01T11:00Z', addressed('ca', 'b3h 4r2')), '2026-07-01T12:00Z', 'Nova Scotia');
    assert.equal(from('2026-07-01T12:00Z', addressed('CA', 'X0A 0H0')), '2026-07-01T15:00Z', 'Nunavut: all of its zones');
    assert.equal(from('2026-07-01T12:00Z', addressed('US', '00000')), '2026-07-01T18:00Z', 'nowhere in particular');
  });
});

describe('the hours of channels', () => {
  const night = at('2026-07-01T02:00Z');
  const german = { ...by('+4915112345678') };

  it('are the law’s for texts and WhatsApp alone', () => {
    for (const channel of ['sms', 'whatsapp'] as const)
      assert.equal(shown(allowedFrom(night, { ...german, channel }, rules)), '2026-07-01T06:00Z');
    for (const channel of ['email', 'push', 'social', 'in_app'] as const)
      assert.equal(allowedFrom(night, { ...german, channel }, rules), night);
  });

  it('are the tenant’s own too, on the recipient’s clock, where it has set some', () => {
    const strict = withHours('Mon-Fri 10:00-18:00');
    assert.equal(shown(allowedFrom(night, { ...german, channel: 'email' }, strict)), '2026-07-01T08:00Z');
    assert.equal(shown(allowedFrom(at('2026-07-03T16:00Z'), { ...german, channel: 'email' }, strict)), '2026-07-06T08:00Z');
    assert.equal(shown(allowedFrom(night, german, withHours('daily 00:00-24:00'))), '2026-07-01T06:00Z', 'never longer than the law');
  });

  it('are none where the tenant’s leave nothing of the law’s', () => {
    assert.equal(allowedFrom(night, german, withHours('daily 22:00-23:00')), null);
    assert.equal(allowedFrom(night, by('+33612345678'), withHours('Sun 10:00-18:00')), null);
  });
});

/** Who is where by which rule, said here again in other words than the code's. */
type Known = {
  readonly who: Recipient;
  readonly zones: readonly string[];
  readonly isOpen: (weekday: string, minute: number, date: string) => boolean;
  readonly rules?: QuietRules;
};
const within = (from: number, to: number) => (minute: number) => minute >= from * 60 && minute < to * 60;
const EACH_YEAR = ['01-01', '05-01', '05-08', '07-14', '08-15', '11-01', '11-11', '12-25'];
const BY_EASTER = ['2026-04-06', '2026-05-14', '2026-05-25', '2027-03-29', '2027-05-06', '2027-05-17'];
const isFrenchHoliday = (date: string): boolean => EACH_YEAR.includes(date.slice(5)) || BY_EASTER.includes(date);
const knownPeople: readonly Known[] = [
  { who: by('+12125550100'), zones: ['America/New_York'], isOpen: (_, minute) => within(8, 21)(minute) },
  { who: by('+18505550100'), zones: ['America/New_York', 'America/Chicago'], isOpen: (_, minute) => within(8, 20)(minute) },
  {
    who: by('+12145550100'),
    zones: ['America/Chicago'],
    isOpen: (day, minute) => (day === 'Sun' ? within(12, 21) : within(9, 21))(minute),
  },
  { who: by('+15415550100'), zones: ['America/Los_Angeles', 'America/Boise'], isOpen: (_, minute) => within(8, 21)(minute) },
  {
    who: by('+14165550100'),
    zones: ['America/Toronto'],
    isOpen: (day, minute) => (day === 'Sat' || day === 'Sun' ? within(10, 18) : within(9, 21.5))(minute),
  },
  {
    who: by('+33612345678'),
    zones: ['Europe/Paris'],
    isOpen: (day, minute, date) => day !== 'Sun' && !isFrenchHoliday(date) && within(8, 20)(minute),
  },
  {
    who: by('+351912345678'),
    zones: ['Europe/Lisbon', 'Atlantic/Madeira', 'Atlantic/Azores'],
    isOpen: (_, minute) => within(8, 21)(minute),
  },
  { who: by('+64211234567'), zones: ['Pacific/Auckland', 'Pacific/Chatham'], isOpen: (_, minute) => within(8, 21)(minute) },
  // Own hours that lie where clocks change.
  ...['Australia/Lord_Howe', 'Europe/Berlin', 'America/New_York', 'Africa/Casablanca', 'America/Havana'].map((timeZone) => ({
    who: { ...nobody, channel: 'email' as const, timeZone },
    zones: [timeZone],
    rules: withHours('Mon-Sat 00:30-01:30, Sun 00:15-02:45'),
    isOpen: (day: string, minute: number) => (day === 'Sun' ? within(0.25, 2.75) : within(0.5, 1.5))(minute),
  })),
];

const clocks = new Map<string, Intl.DateTimeFormat>();
function wallOf(zone: string, ms: number): [weekday: string, minute: number, date: string] {
  const clock =
    clocks.get(zone) ??
    new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      weekday: 'short',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    });
  clocks.set(zone, clock);
  const [, weekday, month, date, year, hour, minute] = /^(\w+), (\d+)\/(\d+)\/(\d+), (\d+):(\d+)$/.exec(clock.format(ms)) ?? assert.fail();
  return [weekday ?? '', Number(hour) * 60 + Number(minute), `${year}-${month}-${date}`];
}
const isAllowed = ({ zones, isOpen }: Known, ms: number): boolean => zones.every((zone) => isOpen(...wallOf(zone, ms)));

/** Around the moments at which clocks change, and anywhere else in two years. */
const CHANGES = [
  '2026-03-08T07:00Z',
  '2026-11-01T06:00Z',
  '2026-03-29T01:00Z',
  '2026-10-25T01:00Z',
  '2026-04-04T15:00Z',
  '2026-10-03T15:30Z',
  '2027-02-07T02:00Z',
  '2026-02-15T02:00Z',
];
const moment = fc.oneof(
  fc.integer({ min: at('2026-01-01T00:00Z'), max: at('2027-12-01T00:00Z') }),
  fc.tuple(fc.constantFrom(...CHANGES), fc.integer({ min: -3_000, max: 600 })).map(([change, minutes]) => at(change) + minutes * 60_000),
);

describe('the first allowed moment', () => {
  it('is allowed, and no minute before it is', () => {
    let held = 0;
    fc.assert(
      fc.property(fc.constantFrom(...knownPeople), moment, (known, asked) => {
        const first = allowedFrom(asked, known.who, known.rules ?? rules) ?? assert.fail('there is one');
        assert.ok(isAllowed(known, first), `${shown(first)} is allowed`);
        if (first === asked) return;
        held += 1;
        assert.ok(!isAllowed(known, asked));
        for (let ms = Math.ceil((asked + 1) / 60_000) * 60_000; ms < first; ms += 60_000)
          assert.ok(!isAllowed(known, ms), `${shown(ms)} was allowed already`);
        assert.equal(first % 60_000, 0);
      }),
      { numRuns: 400 },
    );
    assert.ok(held > 100, `${held} held: too few to mean something`);
  });

  const recipient = fc.record({
    channel: fc.constantFrom('sms', 'whatsapp', 'email'),
    timeZone: fc.option(fc.constantFrom('America/New_York', 'Pacific/Honolulu', 'Asia/Kathmandu', 'Nowhere/At_All', 'Pacific/Apia')),
    phone: fc.option(
      fc.constantFrom(
        '+12125550100',
        '+18005550100',
        '+14015550100',
        '+33612345678',
        '+79161234567',
        '+999123456',
        '+8613812345678',
        'none',
      ),
    ),
    country: fc.option(fc.constantFrom('US', 'FR', 'BR', 'ZZ', 'CA')),
    postalCode: fc.option(fc.constantFrom('33101', '67000', 'H2X 1Y4', '')),
  });
  const hours = fc.constantFrom('daily 09:00-17:00', 'Mon-Fri 08:30-19:15', 'Sat-Sun 10:00-24:00', 'Tue 00:00-24:00');

  it('is not earlier for who asks later, and is its own', () => {
    fc.assert(
      fc.property(recipient, moment, fc.nat(3 * 86_400_000), (who, asked, later) => {
        const first = allowedFrom(asked, who, rules);
        const second = allowedFrom(asked + later, who, rules);
        assert.ok(first !== null && second !== null && first >= asked && second >= first, `${first} ${second}`);
        assert.equal(allowedFrom(first, who, rules), first);
      }),
      { numRuns: 500 },
    );
  });

  it('is never earlier by the tenant’s own hours', () => {
    fc.assert(
      fc.property(recipient, hours, moment, (who, own, asked) => {
        const free = allowedFrom(asked, who, rules) ?? assert.fail();
        const held = allowedFrom(asked, who, withHours(own));
        assert.ok(held === null || (held >= free && allowedFrom(held, who, rules) === held));
      }),
      { numRuns: 500 },
    );
  });

  it('is never later for knowing in which of the zones somebody is', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...knownPeople.filter(({ zones }) => zones.length > 1)),
        fc.nat(2),
        moment,
        ({ who, zones }, i, asked) => {
          const timeZone = zones[i % zones.length] ?? null;
          assert.ok((allowedFrom(asked, { ...who, timeZone }, rules) ?? Infinity) <= (allowedFrom(asked, who, rules) ?? assert.fail()));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('exists everywhere: for each country, calling code and area code, on each day of a week', () => {
    const phones = [
      ...Object.keys(callingCodes),
      ...[...areaCodes.map(({ codes }) => codes), ...Object.values(otherAreaCodes)].flatMap((codes) =>
        codes.split(' ').map((code) => `1${code}`),
      ),
    ];
    const people = [
      ...phones.map((code) => by(`+${code}5550100`.slice(0, 16))),
      ...[...Object.keys(countryZones), 'US', 'CA'].map((country) => ({ ...nobody, country })),
      nobody,
    ];
    assert.ok(people.length > 800);
    for (const [i, who] of people.entries()) {
      const asked = at('2026-12-20T00:00Z') + (i % 14) * 86_400_000;
      const first = allowedFrom(asked, who, rules);
      assert.ok(first !== null && first - asked < 4 * 86_400_000, JSON.stringify(who));
    }
  });
});

describe('hours as people write them', () => {
  it('are read day by day', () => {
    const [mon, , , , , sat, sun] = parseWeekHours('Mon-Fri 9:00-18:00, Sat 10:00-24:00');
    assert.deepEqual([mon, sat, sun], [{ fromMinute: 540, toMinute: 1080 }, { fromMinute: 600, toMinute: 1440 }, null]);
  });

  const faults: readonly [string, RegExp][] = [
    ['', /not hours of a week/],
    ['9-18', /not hours of a week/],
    ['Mon-Fri 18:00-09:00', /the first earlier/],
    ['Mon 09:00-25:00', /up to 24:00/],
    ['Mon 09:61-10:00', /not hours of a day/],
    ['Fri-Mon 09:00-18:00', /not days of a week/],
    ['Montag 09:00-18:00', /not hours of a week/],
    ['Mox 09:00-18:00', /not days of a week/],
    ['Mon 09:00-10:00, Mon 11:00-12:00', /a day has its hours once/],
    [`Mon 09:00-10:00${', Tue 09:00-10:00'.repeat(20)}`, /at most 200 characters/],
  ];
  for (const [text, message] of faults) {
    it(`are refused where they make no sense: ${JSON.stringify(text.slice(0, 40))}`, () =>
      assert.throws(() => parseWeekHours(text), message));
  }

  it('come by channel, and are refused with the channel’s name', () => {
    assert.deepEqual(parseOwnHours({ sms: 'daily 08:00-20:00' }), { sms: parseWeekHours('daily 08:00-20:00') });
    assert.deepEqual(parseOwnHours(undefined), {});
    assert.throws(() => parseOwnHours({ sms: 'at night' }), /^RangeError: sms: not hours of a week/);
    assert.throws(() => parseOwnHours({ fax: 'daily 08:00-20:00' }), /not a channel: fax/);
    assert.throws(() => parseOwnHours({ sms: 8 }), /sms: hours are a text/);
    assert.throws(() => parseOwnHours('daily 08:00-20:00'), /not hours by channel/);
  });
});
