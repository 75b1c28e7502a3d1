import { compileTemplate } from '../compile-template.js';
import { CONFIRMATION_FAMILY, purposeOf } from '../purpose.js';
import type { CompiledTemplate, TemplateSource } from '../template.js';
import { confirmSubscription } from './confirm-subscription.js';
import { conversationalNurture } from './conversational-nurture.js';
import { educationalDrip } from './educational-drip.js';
import { educationalSeries } from './educational-series.js';
import { engagementFollowUp } from './engagement-follow-up.js';
import { featureHighlight } from './feature-highlight.js';
import { feedbackRequest } from './feedback-request.js';
import { limitedOffer } from './limited-offer.js';
import { welcomeSeries1 } from './welcome-series-1.js';
import { winBack } from './win-back.js';

/** The starters: what a tenant sends who has no version of its own of the family. */
export const library = {
  welcome_series_1: welcomeSeries1,
  engagement_follow_up: engagementFollowUp,
  feature_highlight: featureHighlight,
  limited_offer: limitedOffer,
  educational_series: educationalSeries,
  conversational_nurture: conversationalNurture,
  win_back: winBack,
  feedback_request: feedbackRequest,
  educational_drip: educationalDrip,
  [CONFIRMATION_FAMILY]: confirmSubscription,
} as const satisfies Readonly<Record<string, TemplateSource>>;

export type LibraryFamily = keyof typeof library;
export const isInLibrary = (family: string): family is LibraryFamily => Object.hasOwn(library, family);

const compiled = new Map<LibraryFamily, Promise<CompiledTemplate>>();

/** A starter, compiled when it is first asked for. */
export function libraryTemplate(family: LibraryFamily): Promise<CompiledTemplate> {
  const known = compiled.get(family) ?? compileStarter(family);
  compiled.set(family, known);
  return known;
}

async function compileStarter(family: LibraryFamily): Promise<CompiledTemplate> {
  const compilation = await compileTemplate(library[family], purposeOf(family));
  if (compilation.kind === 'compiled') return compilation.template;
  throw new Error(
    `${family} of the library is faulty: ${compilation.faults.map(({ field, message }) => `${field}: ${message}`).join('; ')}`,
  );
}
