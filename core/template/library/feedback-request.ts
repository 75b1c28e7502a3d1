import { paragraphs, starter } from './layout.js';

export const feedbackRequest = starter({
  subject: 'What can we do better?',
  preheader:
    '{% if incentive %}Two minutes of your time, and {{ incentive }} as a thank-you.{% else %}One question, two minutes.{% endif %}',
  heading: 'What can we do better?',
  body: paragraphs(
    'Hi {{ first_name | default: "there" }},',
    'What is the one thing about {{ brand_name }} that you would change? Reply to this mail with whatever comes to mind: a word, a sentence, a rant.',
    '{% if incentive %}As a thank-you for your answer you get <strong>{{ incentive }}</strong>, whatever it says.{% else %}A person reads every answer, and the honest ones help most.{% endif %}',
  ),
});
