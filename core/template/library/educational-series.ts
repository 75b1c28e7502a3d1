import { paragraphs, recommended, starter } from './layout.js';

export const educationalSeries = starter({
  subject: '{% if first_name %}{{ first_name }}, one{% else %}One{% endif %} thing worth knowing',
  preheader: 'A short read that makes the next step easier.',
  heading: 'One thing worth knowing',
  body: paragraphs(
    'Hi {{ first_name | default: "there" }},',
    'It is easier to get something out of {{ brand_name }} when you decide first what you want from it, and leave the rest for later.',
    '<strong>Try this:</strong> pick one task that you do every week. Do it here once, from beginning to end. That is the whole lesson for today.',
  ),
  extra: recommended('Read on'),
  cta: 'Try it now',
});
