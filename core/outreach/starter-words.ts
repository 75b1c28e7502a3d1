import type { Archetype } from '../segment/statistics.js';
import type { templates } from '../suggestion/payload.js';

/** What a plan says on a channel whose templates have no words: in Liquid, for everybody, without a promise or an offer. */
export type StarterWords = {
  readonly title: string;
  readonly template: (typeof templates)[number];
  readonly inApp: { readonly subject: string; readonly content: string };
  readonly text: string;
};

/** Of a text that is also an SMS: within 160 characters, for a name and a brand of usual length. */
export const asSms = (text: string): string => `{% if brand_name %}{{ brand_name }}: {% endif %}${text} Reply STOP to opt out.`;

/** By the kind of a segment, with the aim that its playbook has. */
export const starterWords: Readonly<Record<Archetype, StarterWords>> = {
  champions: {
    title: 'What Is New',
    template: 'feature_highlight',
    inApp: {
      subject: 'New since your last visit',
      content: 'You are here more than most. See what is new, before you hear of it elsewhere.',
    },
    text: 'Hi {{ first_name | default: "there" }}, you are here more than most. See what is new.',
  },
  loyal_customers: {
    title: 'More of What You Like',
    template: 'feature_highlight',
    inApp: {
      subject: 'More of what you like',
      content: 'There is more here that goes well with what you have chosen so far. Have a look around.',
    },
    text: 'Hi {{ first_name | default: "there" }}, there is more that goes well with what you like.',
  },
  potential_loyalists: {
    title: 'Good to Know',
    template: 'educational_drip',
    inApp: { subject: 'Good to know', content: 'A few minutes now make the rest easier. Try one thing that you have not used before.' },
    text: 'Hi {{ first_name | default: "there" }}, try one thing that you have not used before.',
  },
  at_risk: {
    title: 'Good to See You',
    template: 'engagement_follow_up',
    inApp: { subject: 'Good to see you', content: 'It has been a while. Here is what has changed since you were here last.' },
    text: 'Hi {{ first_name | default: "there" }}, it has been a while. See what has changed.',
  },
  lost: {
    title: 'Welcome Back',
    template: 'win_back',
    inApp: { subject: 'Welcome back', content: 'Much has changed since you were here last. Take a look, and tell us what you miss.' },
    text: 'Hi {{ first_name | default: "there" }}, much has changed since you were here last.',
  },
};
