import { afterEaster, holidays, onDate, onDateOrObserved, onElectionDay, onWeekday, type Holiday, type Holidays } from './holidays.js';
import { parseWeekHours, type WeekHours } from './week-hours.js';

/**
 * When marketing by text message may arrive in a place. The laws speak of telephone solicitation; courts and newer statutes count
 * texts as calls, so texts and WhatsApp are held to them, also where a state exempts who has consented: an hour later costs nothing.
 */
export type QuietLaw = {
  readonly country: string;
  /** Of a part of the country, in addition to the country's own. */
  readonly region: string | null;
  readonly hours: WeekHours;
  /** Days without any hours. */
  readonly holidays: Holidays | null;
  readonly source: string;
};

const FEDERAL: readonly Holiday[] = [
  onDateOrObserved(1, 1),
  onWeekday(3, 1, 1), // Martin Luther King Jr.
  onWeekday(3, 1, 2), // Washington's birthday
  onWeekday(-1, 1, 5), // Memorial Day
  onDateOrObserved(6, 19),
  onDateOrObserved(7, 4),
  onWeekday(1, 1, 9), // Labor Day
  onWeekday(2, 1, 10), // Columbus Day
  onDateOrObserved(11, 11),
  onWeekday(4, 4, 11), // Thanksgiving
  onDateOrObserved(12, 25),
];
const GOOD_FRIDAY = afterEaster(-2);

const FRENCH: readonly Holiday[] = [
  onDate(1, 1),
  afterEaster(1),
  onDate(5, 1),
  onDate(5, 8),
  afterEaster(39), // Ascension
  afterEaster(50), // Whit Monday
  onDate(7, 14),
  onDate(8, 15),
  onDate(11, 1),
  onDate(11, 11),
  onDate(12, 25),
];

const TABLE = 'dropcowboy.com/state-compliance, 2025-11-01';
const FCC = '47 CFR 64.1200(c)(1)';
const CODE_DU_TRAVAIL =
  'French practice for commercial SMS (smsenvoi.com, sendtargetsms.com): Mon-Sat 8-20; holidays: Code du travail L3133-1';

type Row = readonly [country: string, region: string | null, hours: string, source: string, ...days: Holiday[]];

const rows: readonly Row[] = [
  ['US', null, 'daily 08:00-21:00', FCC],
  ['PR', null, 'daily 08:00-21:00', FCC],
  ['VI', null, 'daily 08:00-21:00', FCC],
  ['GU', null, 'daily 08:00-21:00', FCC],
  ['MP', null, 'daily 08:00-21:00', FCC],
  ['AS', null, 'daily 08:00-21:00', FCC],
  // Confederate Memorial Day, Jefferson Davis' birthday, Rosa Parks Day.
  [
    'US',
    'AL',
    'Mon-Sat 08:00-20:00',
    `Alabama PSC, Telephone Rules; ${TABLE}`,
    ...FEDERAL,
    onWeekday(4, 1, 4),
    onWeekday(1, 1, 6),
    onDate(12, 1),
  ],
  ['US', 'CT', 'daily 09:00-20:00', 'Conn. Gen. Stat. 42-288a, as amended by P.A. 23-98'],
  ['US', 'FL', 'daily 08:00-20:00', 'Fla. Stat. 501.616(6)(a)'],
  ['US', 'KY', 'daily 10:00-21:00', 'KRS 367.46955'],
  // Mardi Gras, the day after Thanksgiving.
  [
    'US',
    'LA',
    'Mon-Sat 08:00-20:00',
    'La. PSC General Order R-29617, V(A)',
    ...FEDERAL,
    GOOD_FRIDAY,
    afterEaster(-47),
    (year) => onWeekday(4, 4, 11)(year).map((day) => day + 1),
  ],
  ['US', 'MA', 'daily 08:00-20:00', 'Mass. Gen. Laws ch. 159C, 3; 201 CMR 12.00'],
  ['US', 'MD', 'daily 08:00-20:00', 'Md. Code, Com. Law 14-4502 (Stop the Spam Calls Act of 2023)'],
  ['US', 'MI', 'daily 09:00-21:00', TABLE],
  ['US', 'MN', 'daily 09:00-21:00', 'Minn. Stat. 325E.30'],
  ['US', 'MS', 'Mon-Sat 08:00-20:00', `Miss. Code 77-3-603, 77-3-723; ${TABLE}`],
  ['US', 'NM', 'daily 09:00-21:00', `N.M. Stat. 57-12-22; ${TABLE}`],
  ['US', 'NV', 'daily 09:00-20:00', TABLE],
  ['US', 'OK', 'daily 08:00-20:00', '15 O.S. 775C.4 (Telephone Solicitation Act of 2022)'],
  // Flag Day.
  [
    'US',
    'PA',
    'daily 08:00-21:00',
    `${FCC}; holidays: dnc.com/holiday-alerts, 2023`,
    ...FEDERAL,
    GOOD_FRIDAY,
    onDate(6, 14),
    onElectionDay,
  ],
  // Rhode Island Independence Day, Victory Day.
  [
    'US',
    'RI',
    'Mon-Fri 09:00-18:00, Sat 10:00-17:00',
    'R.I. Gen. Laws 5-61-2, 5-61-3.6',
    ...FEDERAL,
    onDate(5, 4),
    onWeekday(2, 1, 8),
    onElectionDay,
  ],
  ['US', 'SD', 'Mon-Sat 09:00-21:00', `S.D. Codified Laws 37-30-28, 37-30A-3`],
  ['US', 'TX', 'Mon-Sat 09:00-21:00, Sun 12:00-21:00', 'Tex. Bus. & Com. Code 301.051; texts: S.B. 140 of 2025'],
  // Pioneer Day.
  ['US', 'UT', 'Mon-Sat 08:00-21:00', 'Utah Code 13-25a-103(3)', ...FEDERAL, onDateOrObserved(7, 24)],
  ['US', 'WA', 'daily 08:00-20:00', 'RCW 19.158.040(2)'],
  ['US', 'WY', 'daily 08:00-20:00', `Wyo. Stat. 40-12-302; ${TABLE}`],
  ['CA', null, 'Mon-Fri 09:00-21:30, Sat-Sun 10:00-18:00', 'CRTC Unsolicited Telecommunications Rules, Part III: calling hours'],
  ['FR', null, 'Mon-Sat 08:00-20:00', CODE_DU_TRAVAIL, ...FRENCH],
  // Alsace and Moselle keep two days more.
  ['FR', '57', 'Mon-Sat 08:00-20:00', 'Code du travail L3134-13', ...FRENCH, GOOD_FRIDAY, onDate(12, 26)],
  ['FR', '67', 'Mon-Sat 08:00-20:00', 'Code du travail L3134-13', ...FRENCH, GOOD_FRIDAY, onDate(12, 26)],
  ['FR', '68', 'Mon-Sat 08:00-20:00', 'Code du travail L3134-13', ...FRENCH, GOOD_FRIDAY, onDate(12, 26)],
  // Overseas, the day on which slavery ended; Code du travail L3422-2.
  ['GP', null, 'Mon-Sat 08:00-20:00', CODE_DU_TRAVAIL, ...FRENCH, onDate(5, 27)],
  ['MQ', null, 'Mon-Sat 08:00-20:00', CODE_DU_TRAVAIL, ...FRENCH, onDate(5, 22)],
  ['GF', null, 'Mon-Sat 08:00-20:00', CODE_DU_TRAVAIL, ...FRENCH, onDate(6, 10)],
  ['RE', null, 'Mon-Sat 08:00-20:00', CODE_DU_TRAVAIL, ...FRENCH, onDate(12, 20)],
  ['YT', null, 'Mon-Sat 08:00-20:00', CODE_DU_TRAVAIL, ...FRENCH, onDate(4, 27)],
  ['PM', null, 'Mon-Sat 08:00-20:00', CODE_DU_TRAVAIL, ...FRENCH],
];

export const quietLaws: readonly QuietLaw[] = rows.map(([country, region, hours, source, ...days]) => ({
  country,
  region,
  hours: parseWeekHours(hours),
  holidays: days.length > 0 ? holidays(...days) : null,
  source,
}));

/** Where no law is known to us: what most of them agree on. */
export const DEFAULT_HOURS: WeekHours = parseWeekHours('daily 08:00-21:00');
