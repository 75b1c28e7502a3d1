import { paragraphs, recommended, starter } from './layout.js';

export const engagementFollowUp = starter({
  subject: '{% if first_name %}{{ first_name }}, can we help?{% else %}Can we help?{% endif %}',
  preheader: 'A short follow-up, and an easy way to ask us anything.',
  heading: 'Did you find what you were looking for?',
  body: paragraphs(
    'Hi {{ first_name | default: "there" }},',
    '{% if last_event == "cart_abandoned" %}You left something in your cart, and it may still be there. If something was unclear, tell us.{% else %}We wanted to follow up, in case something was unclear or missing. Tell us, and we will see what we can do.{% endif %}',
    'Just reply to this mail. One sentence is enough.',
  ),
  extra: recommended('You may like'),
  cta: 'Pick up where you left off',
});
