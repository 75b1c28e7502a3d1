import { claimableFrom } from '../consent/claim-hours.js';
import type { QuietRules, Recipient } from '../consent/quiet-hours.js';
import type { EntryClock } from '../journey/due-time.js';
import { tickFor } from '../journey/due-time.js';
import { next } from '../journey/next.js';
import type { Plan } from '../journey/plan.js';
import { newJourney, phaseOf, wakesAtMs } from '../journey/state.js';
import { clockTime } from './plan-words.js';
import { withinRate } from './rate-forecast.js';
import { localTimeAt, zoneOffsetsOr, type ZoneOffsets } from '../journey/zone-offsets.js';

/** Of those who can be reached with the first step: how many go by a time zone and best times. */
export type ClockShare = {
  readonly timeZone: string;
  readonly slots: EntryClock['slots'];
  readonly users: number;
  /** Where they are, on a channel that has hours. */
  readonly place?: Recipient;
};

/** When first messages go, by the hours of the tenant's clock in the day after launch. */
export type Forecast = {
  /** `fromMs` is when the hour began, `local` what the tenant's clock showed then; hours without a message are left out. */
  readonly hours: readonly { readonly fromMs: number; readonly local: string; readonly messages: number }[];
  /** Later than that day, or only after a reaction. */
  readonly later: number;
  /** Of all these, those that quiet hours hold: they stand where the hours allow them. */
  readonly held: number;
  /** Of all these, those that wait for their turn, because only so many go per second: they stand where it comes. */
  readonly slowed: number;
  /** Whose hours leave no moment within four weeks: they stand nowhere else. */
  readonly never: number;
};

export type ForecastFrame = {
  readonly launchMs: number;
  readonly homeZone: string;
  readonly recipients: number;
  /** The tenant's own hours; none, when absent. */
  readonly ownHours?: QuietRules['ownHours'];
  /** How fast first messages may go; as fast as they are due, when absent. */
  readonly perSecond?: number | undefined;
};

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Weekdays and slots may put a first step off by some days. */
const MARGIN_MS = 10 * DAY_MS;

/**
 * Lets a journey of each clock enter, as it would at launch, and sees when its first message is due, and when quiet hours let it go. An
 * estimate: people move, and caps may hold what nothing else does.
 */
export function forecastOf(plan: Plan, shares: readonly ClockShare[], frame: ForecastFrame): Forecast {
  const { launchMs, homeZone, recipients, ownHours = {}, perSecond = Infinity } = frame;
  const span = { fromMs: launchMs - DAY_MS, toMs: launchMs + (plan.steps[0]?.day ?? 0) * DAY_MS + MARGIN_MS };
  const zones = new Map<string, ZoneOffsets>();
  const zoneOf = (timeZone: string): ZoneOffsets => {
    const known = zones.get(timeZone) ?? zoneOffsetsOr(timeZone, homeZone, span);
    zones.set(timeZone, known);
    return known;
  };
  const home = zoneOf(homeZone);
  const byHour = new Map<number, number>();
  let [later, held, never] = [0, 0, 0];
  for (const { timeZone, slots, users, place } of shares) {
    const dueMs = firstMessageMs(plan, { zone: zoneOf(timeZone), slots, enteredMs: launchMs, tickMs: tickFor(recipients) });
    const goesMs = dueMs === null || !place ? dueMs : claimableFrom(dueMs, place, { tenantTimeZone: homeZone, ownHours });
    if (goesMs !== dueMs) held += users;
    if (goesMs === null && dueMs !== null) never += users;
    else if (goesMs === null || goesMs >= launchMs + DAY_MS) later += users;
    else byHour.set(hourStart(home, goesMs), (byHour.get(hourStart(home, goesMs)) ?? 0) + users);
  }
  const paced = withinRate(byHour, { perSecond, fromMs: launchMs, untilMs: launchMs + DAY_MS });
  const hours = [...paced.byHour]
    .sort(([a], [b]) => a - b)
    .map(([fromMs, messages]) => ({ fromMs, local: localText(home, fromMs), messages }));
  return { hours, later: later + paced.later, held, slowed: paced.slowed, never };
}

/** Null where a reaction has to come first. */
function firstMessageMs(plan: Plan, clock: EntryClock): number | null {
  const [state, commands] = next(plan, newJourney(0), { type: 'entered', atMs: clock.enteredMs }, clock);
  if (commands.some(({ type }) => type === 'send')) return clock.enteredMs;
  const waitsForReaction = phaseOf(state) === 'watching' && plan.steps[state[1]]?.trigger?.wanted === true;
  return waitsForReaction ? null : wakesAtMs(state);
}

/** Hours begin where the tenant's clock shows them to begin, which is half past one of ours in some places. */
function hourStart(zone: ZoneOffsets, ms: number): number {
  const wholeMinute = Math.floor(ms / 60_000) * 60_000;
  return wholeMinute - (localTimeAt(zone, ms).minuteOfDay % 60) * 60_000;
}

/** `2026-03-02 10:00` */
function localText(zone: ZoneOffsets, ms: number): string {
  const { day, minuteOfDay } = localTimeAt(zone, ms);
  return `${new Date(day * DAY_MS).toISOString().slice(0, 10)} ${clockTime(minuteOfDay)}`;
}
