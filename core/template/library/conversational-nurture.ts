import { paragraphs, starter } from './layout.js';

export const conversationalNurture = starter({
  subject: 'How is it going{% if first_name %}, {{ first_name }}{% endif %}?',
  preheader: 'No news and no offer: just a question.',
  heading: 'How is it going?',
  body: paragraphs(
    'Hi {{ first_name | default: "there" }},',
    'We wanted to ask how you are getting on with {{ brand_name }}. What works well? What gets in your way?',
    'Reply with a line or two. We read every answer.',
    'Thank you,<br />your {{ brand_name }} team',
  ),
});
