import type { Plan, PlanContent, PlanStep } from '../journey/plan.js';
import { inAppMessageOf } from '../message/in-app-words.js';
import { pushWordsOf } from '../message/push-words.js';
import { LINK_TOKEN_CHARS } from '../message/link-token.js';
import { MAX_SMS_SEGMENTS, MAX_TEXT_CHARS } from '../message/phone-message.js';
import { socialLengthFault } from '../message/social-message.js';
import { smsLength, type SmsLength } from '../message/sms-length.js';
import { replaceLinks, writtenOrigins } from './followed-links.js';
import { renderText, textWordsFaults, variablesUsed, type TextVariables } from './text-message.js';

const SAMPLE_URL = 'https://audience.example.com';
const SAMPLE_BRAND_URL = 'https://example.com';
const SAMPLE_LINK = `${SAMPLE_URL}/l/${'x'.repeat(LINK_TOKEN_CHARS)}`;

/** Somebody of whom all is known that a text may say, with a name of usual length. */
const SAMPLE: TextVariables = {
  first_name: 'Alexandra',
  last_name: 'Featherstone',
  segment_name: 'Potential Loyalists',
  last_event: 'cart_abandoned',
  brand_name: 'Northwind',
  brand_url: SAMPLE_BRAND_URL,
  postal_address: '1 Example Street, Springfield',
  unsubscribe_url: `${SAMPLE_URL}/v1/unsubscribe/${'x'.repeat(54)}`,
  offer: { type: 'discount', value: 20, unit: 'percent', expiry_days: 7, code: 'WELC-OME77', expires_at: '2026-03-09', days_left: 7 },
  incentive: '$10 gift card',
};

/** How long an SMS of these words is for a usual person, with links of ours in it; nothing where they cannot be rendered. */
export function smsLengthOf(words: string): SmsLength | undefined {
  const rendered = renderText(words, SAMPLE);
  if ('because' in rendered) return undefined;
  const rule = { origins: writtenOrigins([words, SAMPLE_BRAND_URL]), ownUrl: SAMPLE_URL };
  return smsLength(replaceLinks({ kind: 'text', words: rendered.text }, rule, () => SAMPLE_LINK));
}

/** Why an SMS of a step could not be written or sent, in words. */
export function smsStepFaults({ key }: PlanStep, text: string | undefined): string[] {
  if (text === undefined) return [`step ${key}: an SMS step needs words of its own (message): no template has its words`];
  const faults = textWordsFaults(text);
  if (faults.length > 0) return faults.map((fault) => `step ${key}, message: ${fault}`);
  const length = smsLengthOf(text);
  const tooLong = length !== undefined && length.segments > MAX_SMS_SEGMENTS;
  return tooLong ? [`step ${key}, message: it takes ${length.segments} segments, ${MAX_SMS_SEGMENTS} at most`] : [];
}

/**
 * Likewise of WhatsApp. Words of its own reach those alone who have written within a day: a step that has nothing else must be for those
 * who have replied to an earlier one.
 */
export function whatsappStepFaults(
  plan: Plan,
  { key, template, trigger }: PlanStep,
  { text, isKnown }: { readonly text: string | undefined; readonly isKnown: boolean },
): string[] {
  const faults = (text === undefined ? [] : textWordsFaults(text)).map((fault) => `step ${key}, message: ${fault}`);
  if (text !== undefined && text.length > MAX_TEXT_CHARS)
    faults.push(`step ${key}, message: it has more than ${MAX_TEXT_CHARS} characters`);
  const isAnswer =
    trigger?.wanted === true &&
    trigger.watches === 'replied' &&
    plan.steps.some(({ channel, marks }) => channel === 'whatsapp' && ((marks.replied ?? 0) & trigger.bit) !== 0);
  if (isKnown || (text !== undefined && isAnswer)) return faults;
  return [
    ...faults,
    `step ${key}: no approved template is named ${template} (PUT /v1/whatsapp-templates/${template}), ` +
      'and WhatsApp lets nothing else through to those who have not written within a day',
  ];
}

/** Likewise of a message on a social network, in as much as it is the same for everybody. */
export function socialStepFaults({ key, provider }: PlanStep, text: string | undefined): string[] {
  if (text === undefined) return [`step ${key}: a social step needs words of its own (message): no template has its words`];
  const faults = textWordsFaults(text);
  if (faults.length > 0) return faults.map((fault) => `step ${key}, message: ${fault}`);
  const rendered = renderText(text, SAMPLE);
  if ('because' in rendered) return [`step ${key}, message: ${rendered.because}`];
  const fault = socialLengthFault(provider ?? 'messenger', rendered.text);
  return fault === undefined ? [] : [`step ${key}, message: for a usual person ${fault}`];
}

/** Likewise of an in-app message. Nobody unsubscribes from an inbox. */
export function inAppStepFaults({ key, template }: PlanStep, content: Omit<PlanContent, 'key'>): string[] {
  const faults = shownWordsFaults(key, { subject: content.subject, message: content.text }, 'an in-app message');
  if (faults.length > 0) return faults;
  const shown = inAppMessageOf({ template, content }, SAMPLE);
  return 'because' in shown ? [`step ${key}: ${shown.because}`] : [];
}

/** Likewise of a push message. A browser has a place where its permission is taken back. */
export function pushStepFaults({ key }: PlanStep, content: Omit<PlanContent, 'key'>): string[] {
  const faults = shownWordsFaults(key, { subject: content.subject, message: content.text, url: content.url }, 'a push message');
  if (faults.length > 0) return faults;
  const shown = pushWordsOf(content, SAMPLE);
  return 'because' in shown ? [`step ${key}: ${shown.because}`] : [];
}

function shownWordsFaults(key: number, words: Readonly<Record<string, string | undefined>>, what: string): string[] {
  return Object.entries(words).flatMap(([field, liquid]) => {
    if (liquid === undefined) return [];
    const told = textWordsFaults(liquid);
    if (variablesUsed([liquid]).has('unsubscribe_url')) told.push(`${what} has no unsubscribe_url`);
    return told.map((fault) => `step ${key}, ${field}: ${fault}`);
  });
}
