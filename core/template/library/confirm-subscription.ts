import type { TemplateSource } from '../template.js';
import { card, paragraphs } from './layout.js';

/** Asks whether a yes is its reader's, and says nothing else. */
export const confirmSubscription: TemplateSource = {
  subject: 'Please confirm your address',
  preheader: 'One click, and the mails of {{ brand_name }} begin.',
  mjml: card(
    `        <mj-text mj-class="heading" css-class="heading">Is this you?</mj-text>
        <mj-text>${paragraphs(
          'Somebody, most likely you, has asked for mails of {{ brand_name }} at this address.',
          'If it was you, please confirm it. You get nothing before that.',
        )}</mj-text>
        <mj-button href="{{ confirm_url }}">Confirm</mj-button>
        <mj-text>If it was not you, there is nothing to do: without a confirmation you will not hear from us.</mj-text>
`,
    'You get this mail once, because your address was entered. The button works for seven days.',
  ),
};
