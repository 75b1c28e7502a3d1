import { paragraphs, recommended, starter } from './layout.js';

export const featureHighlight = starter({
  subject: 'Something you may not have seen yet',
  preheader: 'Easy to miss, and worth five minutes.',
  heading: 'Worth a look',
  body: paragraphs(
    'Hi {{ first_name | default: "there" }},',
    'Some of what {{ brand_name }} can do for you is easy to miss. Take five minutes, try one thing that you have not used before, and see whether it helps.',
    'If you would like us to show you around, reply to this mail.',
  ),
  extra: recommended('Good places to start'),
  cta: 'Show me',
});
