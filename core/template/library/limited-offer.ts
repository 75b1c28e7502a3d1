import { paragraphs, recommended, starter } from './layout.js';

/** Promises only what the step offers: without an offer it is an invitation. */
export const limitedOffer = starter({
  subject:
    '{% if offer.label %}{{ offer.label }} for {% if offer.expiry_days > 1 %}{{ offer.expiry_days }} days{% else %}you{% endif %}{% else %}Come and see what is new{% endif %}',
  preheader:
    '{% if offer.label %}{{ offer.label }}{% if offer.expiry_days %}, for the next {{ offer.expiry_days }} days{% endif %}.{% else %}An invitation to look around.{% endif %}',
  heading: '{% if offer.label %}{{ offer.label }}{% else %}Come and see what is new{% endif %}',
  body: paragraphs(
    'Hi {{ first_name | default: "there" }},',
    '{% if offer.label %}This one is for you: <strong>{{ offer.label }}</strong>{% if offer.expiry_days %}. It is good for {{ offer.expiry_days }} {% if offer.expiry_days == 1 %}day{% else %}days{% endif %}, and ends by itself after that{% endif %}.{% if offer.code %}<br /><br />Your code: <strong>{{ offer.code }}</strong>{% if offer.expires_at %}, until {{ offer.expires_at }}{% endif %}{% endif %}{% else %}This is an invitation to see what is new at {{ brand_name }}. Have a look whenever it suits you.{% endif %}',
  ),
  extra: recommended('A few ideas'),
  cta: 'Have a look',
  closing: '<span style="font-size: 14px; line-height: 22px; color: #6b7280;">Not for you? No need to do anything.</span>',
});
