import { paragraphs, recommended, starter } from './layout.js';

export const winBack = starter({
  subject: '{% if first_name %}{{ first_name }}, it{% else %}It{% endif %} has been a while',
  preheader: '{% if offer.label %}{{ offer.label }} if you would like to come back.{% else %}Your place is still here.{% endif %}',
  heading: 'It has been a while',
  body: paragraphs(
    'Hi {{ first_name | default: "there" }},',
    'We have not seen you lately, and we would be glad to have you back.{% if offer.label %} To make it easy: <strong>{{ offer.label }}</strong>{% if offer.expiry_days %} in the next {{ offer.expiry_days }} {% if offer.expiry_days == 1 %}day{% else %}days{% endif %}{% endif %}.{% if offer.code %} Your code: <strong>{{ offer.code }}</strong>{% if offer.expires_at %}, until {{ offer.expires_at }}{% endif %}.{% endif %}{% endif %}',
    'If something put you off, reply and tell us what it was. And if you would rather not hear from us, the link at the bottom ends it with one click.',
  ),
  extra: recommended('New since your last visit'),
  cta: 'Come back',
});
