import { paragraphs, recommended, starter } from './layout.js';

export const welcomeSeries1 = starter({
  subject: 'Welcome{% if first_name %}, {{ first_name }}{% endif %}',
  preheader: 'What you can expect from us, and where to begin.',
  heading: 'Welcome{% if first_name %}, {{ first_name }}{% endif %}!',
  body: paragraphs(
    'It is good to have you here. We will write when there is something worth your time: how to get the most out of {{ brand_name }}, and now and then something new.',
    'The best place to begin is simply to look around. If you have a question, reply to this mail: a person reads it.',
  ),
  extra: recommended('Picked for you'),
  cta: 'Look around',
});
