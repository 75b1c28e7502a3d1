import { entryInWords, exitsInWords, stepsInWords } from '../core/campaign/plan-words.js';
import { entersBy, type Plan } from '../core/journey/plan.js';
import type { SmsLength } from '../core/message/sms-length.js';
import { formatNumber } from '../core/numbers.js';
import { isWalkAuthor } from '../core/outreach/drafting.js';
import type { JourneyCount, MessageCount } from '../db/queries/campaign-counts.js';
import type { EntryCount } from '../db/queries/campaign-entries.js';
import type { JourneyStory, MessageRow } from '../db/queries/campaign-journeys.js';
import { LATELY_DAYS } from '../db/queries/campaign-lately.js';
import type { Preflight } from '../db/queries/campaign-preflight.js';
import type { CampaignRow } from '../db/queries/campaigns.js';
import { tableLines } from './table.js';

/** Campaigns as people read them in a terminal. Times are UTC. */
const minuteOf = (time: Date): string => time.toISOString().slice(0, 16).replace('T', ' ');
const statusInWords = (status: string): string => (status === 'draft' ? 'a draft' : status);

export function listLines(rows: readonly CampaignRow[]): string[] {
  const cells = rows.map(({ campaignKey, status, launchedAt, recipients, campaignName }) => [
    campaignKey,
    status,
    launchedAt ? minuteOf(launchedAt) : '-',
    recipients === null ? '-' : formatNumber(recipients),
    campaignName ?? '-',
  ]);
  return tableLines([['campaign id', 'status', 'launched', 'recipients', 'name'], ...cells]);
}

export const planLines = (plan: Plan): string[] => [
  ...(entersBy(plan) === 'launch' ? [] : [`  ${entryInWords(plan)}`]),
  ...stepsInWords(plan).map((words, i) => `  ${plan.steps[i]?.key}. ${words}`),
  ...exitsInWords(plan).map((words) => `  ${words}`),
];

export function preflightLines(preflight: Preflight): string[] {
  const { recipients, lately, reach, overCap, forecast, blockers, warnings, smsLengths, codes } = preflight;
  const head = ['channel', 'reachable', 'no address', 'no consent', 'unconfirmed', 'suppressed', 'same address', 'over a cap now'];
  const cells = reach.map(({ channel, ...one }) => [
    channel,
    ...[one.reachable, one.noAddress, one.noConsent, one.unconfirmed, one.suppressed, one.sameAddress].map((users) => formatNumber(users)),
    formatNumber(overCap.find((over) => over.channel === channel)?.users ?? 0),
  ]);
  const hours = forecast.hours.map(({ local, messages }) => `  ${local}  ${formatNumber(messages)}`);
  return [
    `Recipients: ${formatNumber(recipients)}`,
    ...(lately === null ? [] : [`By the same rule ${formatNumber(lately)} would have entered in the ${LATELY_DAYS} days before`]),
    ...tableLines([head, ...cells]),
    ...[...smsLengths].map(([key, length]) => `Step ${key} takes ${segmentsInWords(length)}.`),
    ...codes.map(({ offerKey, free, people }) => `Codes of ${offerKey}: ${formatNumber(free)} free, for ${formatNumber(people)} people`),
    ...(hours.length > 0 ? ["First messages by the hours of the tenant's clock:", ...hours] : []),
    ...(forecast.held > 0 ? [`Put off by quiet hours, as far as is known now: ${formatNumber(forecast.held)}`] : []),
    ...(forecast.slowed > 0 ? [`Put off because only so many go per second: ${formatNumber(forecast.slowed)}`] : []),
    ...(forecast.never > 0 ? [`Whose hours allow no message: ${formatNumber(forecast.never)}`] : []),
    ...(forecast.later > 0 ? [`Later than a day from now, or after a reaction: ${formatNumber(forecast.later)}`] : []),
    ...(warnings.length > 0 ? ['Look at this before:', ...warnings.map((warning) => `  - ${warning}`)] : []),
    ...(blockers.length === 0 ? ['It can be launched.'] : ['It cannot be launched:', ...blockers.map((blocker) => `  - ${blocker}`)]),
  ];
}

const segmentsInWords = ({ segments, encoding }: SmsLength): string =>
  `${segments === 1 ? 'one segment of SMS' : `${segments} segments of SMS, each billed as a message`}` +
  (encoding === 'ucs2' ? '; they are short because of characters outside the SMS alphabet' : '');

export type CampaignView = {
  readonly plan: Plan;
  readonly segmentName: string;
  readonly messages: readonly MessageCount[];
  readonly journeys: readonly JourneyCount[];
  readonly entries: readonly EntryCount[];
  /** Those who are about to enter. */
  readonly waiting: number;
  readonly next: { readonly number: number; readonly at: Date } | null;
};

export function campaignLines(row: CampaignRow, view: CampaignView): string[] {
  const { plan, segmentName, messages, journeys } = view;
  const { campaignKey, campaignName, status, launchedAt, endedAt, recipients, createdBy } = row;
  return [
    `${campaignKey} is ${statusInWords(status)}: ${campaignName ?? segmentName}`,
    `For ${segmentName}${recipients === null ? '' : ` (${formatNumber(recipients)} recipients)`}${plan.goal === null ? '' : `, until ${plan.goal}`}`,
    ...(launchedAt ? [`Launched ${minuteOf(launchedAt)}${endedAt ? `, ended ${minuteOf(endedAt)}` : ''}`] : []),
    ...(isWalkAuthor(createdBy) ? [`Drafted by ${createdBy}`] : []),
    ...planLines(plan),
    ...enteringLines(view),
    ...(messages.length > 0 ? ['', ...stepCounts(messages), '', ...statusCounts(messages)] : []),
    ...(journeys.length > 0 ? ['', ...journeyCounts(journeys)] : []),
    ...waitingLines(messages),
  ];
}

/** Of a campaign that people enter more than at its launch: the latest entries, and who enters next. */
function enteringLines({ entries, waiting, next }: CampaignView): string[] {
  const head = ['entry', 'from', 'journeys', 'under way', 'stayed out', 'sent', 'opened', 'clicked', 'converted'];
  const cells = entries.map(({ entry, enteredAt, stillIn, ...one }) => [
    String(entry),
    minuteOf(enteredAt),
    ...[one.journeys, one.underWay].map((many) => formatNumber(many)),
    stillIn === null ? '-' : formatNumber(stillIn),
    ...[one.sent, one.opened, one.clicked, one.converted].map((many) => formatNumber(many)),
  ]);
  return [
    ...(cells.length > 0 ? ['', ...tableLines([head, ...cells])] : []),
    ...(waiting > 0 ? [`${formatNumber(waiting)} about to enter`] : []),
    ...(next ? [`Entry ${next.number}: ${minuteOf(next.at)}`] : []),
  ];
}

const COUNTED = ['sent', 'delivered', 'opened', 'clicked', 'replied', 'converted'] as const;

function stepCounts(messages: readonly MessageCount[]): string[] {
  const keys = [...new Set(messages.map(({ stepKey }) => stepKey))];
  const total = (key: number, name: (typeof COUNTED)[number]) =>
    messages.reduce((sum, one) => (one.stepKey === key ? sum + one[name] : sum), 0);
  return tableLines([['step', ...COUNTED], ...keys.map((key) => [String(key), ...COUNTED.map((name) => formatNumber(total(key, name)))])]);
}

const statusCounts = (messages: readonly MessageCount[]): string[] =>
  tableLines([
    ['step', 'messages', 'status', 'reason'],
    ...messages.map(({ stepKey, messages: many, status, reason }) => [String(stepKey), formatNumber(many), status, reason ?? '']),
  ]);

const journeyCounts = (journeys: readonly JourneyCount[]): string[] =>
  tableLines([
    ['journeys', 'ended'],
    ...journeys.map(({ journeys: many, leftBecause }) => [formatNumber(many), leftBecause ?? 'under way']),
  ]);

/** What waits for something: a time, or a provider's word. */
function waitingLines(messages: readonly MessageCount[]): string[] {
  const of = (status: string) => messages.filter((one) => one.status === status);
  const many = (counts: readonly MessageCount[]) => counts.reduce((sum, one) => sum + one.messages, 0);
  const [deferred, uncertain] = [of('deferred'), of('uncertain')];
  const due = deferred.flatMap(({ dueAt }) => dueAt?.getTime() ?? []);
  return [
    ...(due.length > 0 ? [`${formatNumber(many(deferred))} deferred, the first until ${minuteOf(new Date(Math.min(...due)))}`] : []),
    ...(uncertain.length > 0 ? [`${formatNumber(many(uncertain))} uncertain until the provider tells what became of them`] : []),
  ];
}

export const storyLines = (stories: readonly (JourneyStory & { readonly campaign: CampaignRow })[]): string[] =>
  stories.flatMap(({ journey, campaign, messages }) => [
    `${campaign.campaignKey} (${campaign.campaignName ?? 'without a name'}), entry ${journey.entry}, batch ${journey.batch}/${journey.idx}`,
    ...messages.map((message) => `  step ${message.stepKey} by ${message.channel}: ${messageInWords(message)}`),
    `  ${journey.leftBecause === null ? 'under way' : `left${journey.leftAt ? ` ${minuteOf(journey.leftAt)}` : ''}: ${journey.leftBecause}`}`,
  ]);

function messageInWords(message: MessageRow): string {
  const { status, reason, dueAt, sentAt, deliveredAt, openedAt, clickedAt, repliedAt, convertedAt } = message;
  const times = [
    ['deferred until', dueAt],
    ['sent', sentAt],
    ['delivered', deliveredAt],
    ['opened', openedAt],
    ['clicked', clickedAt],
    ['replied', repliedAt],
    ['converted', convertedAt],
  ] as const;
  const happened = times.flatMap(([what, at]) => (at ? [`${what} ${minuteOf(at)}`] : []));
  return [`${status}${reason === null ? '' : ` (${reason})`}`, ...happened].join(', ');
}
