import { paragraphs, recommended, starter } from './layout.js';

export const educationalDrip = starter({
  subject: 'Getting started{% if first_name %}, {{ first_name }}{% endif %}: the next step',
  preheader: 'Small steps, in the order in which they help.',
  heading: 'Your next step',
  body: paragraphs(
    'Hi {{ first_name | default: "there" }},',
    'Getting started is easier in small steps. Here are three that fit into ten minutes:',
    '<strong>1.</strong> Complete your profile, so that what you see fits you.<br /><strong>2.</strong> Find one thing that you want to come back to.<br /><strong>3.</strong> Decide when: a fixed time in the week works best.',
    'Stuck on one of them? Reply, and we will help.',
  ),
  extra: recommended('Helpful for this step'),
  cta: 'Take the next step',
});
