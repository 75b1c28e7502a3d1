import { isTopic } from '../consent/consent.js';
import { socialProviderOf } from '../event/contacts.js';
import { parseSocialProvider, socialProviders } from '../message/social-message.js';
import { frequencies, type CampaignRequest, type PlanFault, type StepRequest } from './campaign-request.js';
import { offerFaults } from './offer-faults.js';
import { stepKeys, type EarlierPlan } from './references.js';
import { parseSendTime } from './send-time.js';
import { pathFaults } from './path-faults.js';
import { campaignChannels } from './triggers.js';

const MOST_STEPS = 30;
const MOST_DAYS = 365;
const MOST_LIFETIME_DAYS = 2 * MOST_DAYS;
const GREATEST_KEY = 32_767;
const LONGEST_TEMPLATE = 255;
const LONGEST_SUBJECT = 500;
const LONGEST_TEXT = 50_000;
const LONGEST_URL = 2_000;
const WITHOUT_SUBJECT: ReadonlySet<string> = new Set(['sms', 'whatsapp', 'social']);

/** Everything that is wrong with a campaign, so that nobody has to ask twice. */
export function planFaults(request: CampaignRequest, earlier: EarlierPlan | null): PlanFault[] {
  const entering = [...entryFaults(request), ...lifetimeFaults(request), ...standingFaults(request)];
  const { sequence } = request;
  if (sequence.length === 0) return [fault('sequence', 'at least one step is expected'), ...entering];
  if (sequence.length > MOST_STEPS) return [fault('sequence', `${sequence.length} steps, and ${MOST_STEPS} is the most`), ...entering];
  return [
    ...sequence.flatMap((step, i) => stepFaults(step, `sequence[${i}]`)),
    ...orderFaults(sequence),
    ...keyFaults(sequence, earlier),
    ...pathFaults(request, stepKeys(sequence, earlier)),
    ...entering,
  ];
}

type Check = PlanFault | false;
const fault = (field: string, message: string): PlanFault => ({ field, message });
const found = (...checks: readonly Check[]): PlanFault[] => checks.filter((check): check is PlanFault => check !== false);
const quoted = (value: unknown): string => JSON.stringify(value) ?? String(value);
const isWhole = (value: number, least: number, most: number): boolean => Number.isSafeInteger(value) && value >= least && value <= most;
const isText = (value: unknown, longest: number): boolean =>
  typeof value === 'string' && value.trim().length > 0 && value.length <= longest;

function entryFaults({ segment, goal, entry, frequency, re_entry, exit_on_segment_left }: CampaignRequest): PlanFault[] {
  const byEvent = typeof entry === 'object';
  const knownReentry = re_entry === undefined || re_entry === 'never' || re_entry === 'after_leaving' || typeof re_entry === 'object';
  return found(
    !byEvent && !isText(segment, LONGEST_TEMPLATE) && fault('segment', 'the segment that enters is expected, by its name or id'),
    segment === undefined && exit_on_segment_left === true && fault('exit_on_segment_left', 'there is no segment that anybody could leave'),
    goal !== undefined && !isText(goal, LONGEST_TEMPLATE) && fault('goal', `1 to ${LONGEST_TEMPLATE} characters are expected`),
    byEvent && !isText(entry.event, LONGEST_TEMPLATE) && fault('entry.event', 'the name of the event that lets users enter is expected'),
    !byEvent &&
      entry !== undefined &&
      entry !== 'launch' &&
      entry !== 'segment' &&
      fault('entry', `launch, segment or {"event": "…"} is expected, not ${quoted(entry)}`),
    frequency !== undefined &&
      !frequencies.some((one) => one === frequency) &&
      fault('frequency', `one of ${frequencies.join(', ')} is expected, not ${quoted(frequency)}`),
    frequency !== undefined &&
      entry !== undefined &&
      entry !== 'launch' &&
      fault('frequency', 'a recurring campaign enters its whole segment each time, so its entry is launch'),
    frequency !== undefined && re_entry !== undefined && fault('re_entry', 'a recurring campaign enters users by its frequency alone'),
    (entry === undefined || entry === 'launch') &&
      frequency === undefined &&
      (re_entry === 'after_leaving' || typeof re_entry === 'object') &&
      fault('re_entry', 'whoever enters at the launch enters once; a frequency, or entry by segment or by event, lets them in again'),
    !knownReentry && fault('re_entry', `never, after_leaving or {"after_days": 30} is expected, not ${quoted(re_entry)}`),
    typeof re_entry === 'object' &&
      !isWhole(re_entry.after_days, 1, MOST_LIFETIME_DAYS) &&
      fault('re_entry.after_days', `1 to ${MOST_LIFETIME_DAYS} whole days are expected, not ${quoted(re_entry.after_days)}`),
  );
}

function lifetimeFaults({ lifetime_days, sequence }: CampaignRequest): PlanFault[] {
  if (lifetime_days === undefined) return [];
  const lastDay = sequence.at(-1)?.day ?? 0;
  return found(
    !isWhole(lifetime_days, lastDay + 1, MOST_LIFETIME_DAYS) &&
      fault(
        'lifetime_days',
        `${lastDay + 1} (a day more than the last step's) to ${MOST_LIFETIME_DAYS} whole days are expected, not ${lifetime_days}`,
      ),
  );
}

function standingFaults({ topic, priority }: CampaignRequest): PlanFault[] {
  return found(
    topic !== undefined &&
      !isTopic(topic) &&
      fault('topic', `the name of one topic is expected (small letters, digits, "-" and "_", at most 64), not ${quoted(topic)}`),
    priority !== undefined && !isWhole(priority, 0, 9) && fault('priority', `0 to 9 is expected, not ${quoted(priority)}`),
  );
}

function stepFaults(step: StepRequest, field: string): PlanFault[] {
  const { day, channel, template, step_key, send_time } = step;
  return found(
    step_key !== undefined && !isWhole(step_key, 1, GREATEST_KEY) && fault(`${field}.step_key`, `1 to ${GREATEST_KEY} is expected`),
    !isWhole(day, 0, MOST_DAYS) && fault(`${field}.day`, `0 to ${MOST_DAYS} whole days after entry are expected, not ${quoted(day)}`),
    !campaignChannels.some((one) => one === channel) &&
      fault(`${field}.channel`, `one of ${campaignChannels.join(', ')} is expected, not ${quoted(channel)}`),
    ...providerFaults(step, field),
    !isText(template, LONGEST_TEMPLATE) && fault(`${field}.template`, 'the name of a template is expected'),
    step.test !== undefined && !isText(step.test, LONGEST_TEMPLATE) && fault(`${field}.test`, 'the id of a test is expected'),
    send_time !== undefined &&
      (typeof send_time !== 'string' || parseSendTime(send_time) === undefined) &&
      fault(`${field}.send_time`, `optimal, or an hour such as "10:00 AM user_timezone", is expected, not ${quoted(send_time)}`),
    ...wordFaults(step, field),
    ...offerFaults(step, field),
  );
}

function providerFaults({ channel, provider }: StepRequest, field: string): Check[] {
  if (provider === undefined) return [];
  return [
    channel !== 'social' && fault(`${field}.provider`, `only a social step goes over a network, and this one is on ${channel}`),
    parseSocialProvider(socialProviderOf(provider)) === undefined &&
      fault(`${field}.provider`, `${socialProviders.join(' or ')} is expected, not ${quoted(provider)}`),
  ];
}

function wordFaults({ channel, subject, message, content, url }: StepRequest, field: string): Check[] {
  return [
    subject !== undefined &&
      !isText(subject, LONGEST_SUBJECT) &&
      fault(`${field}.subject`, `1 to ${LONGEST_SUBJECT} characters are expected`),
    subject !== undefined && WITHOUT_SUBJECT.has(channel) && fault(`${field}.subject`, `${channel} has no subject`),
    message !== undefined && !isText(message, LONGEST_TEXT) && fault(`${field}.message`, `1 to ${LONGEST_TEXT} characters are expected`),
    content !== undefined && !isText(content, LONGEST_TEXT) && fault(`${field}.content`, `1 to ${LONGEST_TEXT} characters are expected`),
    message !== undefined && content !== undefined && fault(`${field}.content`, 'either message or content is expected, one of the two'),
    url !== undefined && channel !== 'push' && fault(`${field}.url`, 'only a push message has one; write the address into the text'),
    url !== undefined && !isText(url, LONGEST_URL) && fault(`${field}.url`, `1 to ${LONGEST_URL} characters are expected`),
  ];
}

function orderFaults(steps: readonly StepRequest[]): PlanFault[] {
  return steps.flatMap(({ day }, i) => {
    const before = steps[i - 1]?.day ?? 0;
    return day < before ? [fault(`sequence[${i}].day`, `${day} comes after ${before}; steps stand in the order of their days`)] : [];
  });
}

function keyFaults(steps: readonly StepRequest[], earlier: EarlierPlan | null): PlanFault[] {
  return steps.flatMap(({ step_key, channel }, i) => {
    if (step_key === undefined) return [];
    const field = `sequence[${i}].step_key`;
    const before = earlier?.steps.find(({ key }) => key === step_key);
    return found(
      steps.findIndex((other) => other.step_key === step_key) < i && fault(field, `${step_key} is there twice`),
      before === undefined &&
        earlier !== null &&
        step_key <= earlier.lastKey &&
        fault(field, `${step_key} was a step's that is gone, and keys are never reused; leave it out to get a new one`),
      before !== undefined &&
        before.channel !== channel &&
        fault(field, `${step_key} is a step on ${before.channel}; one on ${channel} is another step, so leave its key out`),
    );
  });
}
