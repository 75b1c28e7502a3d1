import type { TemplateSource } from '../template.js';

/** What differs between the starters. Text is HTML with Liquid in it. */
type Starter = {
  readonly subject: string;
  readonly preheader: string;
  readonly heading: string;
  /** Stands where a step brings no content of its own. */
  readonly body: string;
  /** What the button says. It leads to the brand's site, and is left out where none is known. */
  readonly cta?: string;
  /** Further MJML between body and button. */
  readonly extra?: string;
  /** A line under the button. */
  readonly closing?: string;
};

const FONTS = "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif";

/** A mail with a way out of the list at its end. */
export const starter = ({ subject, preheader, heading, body, cta, extra = '', closing = '' }: Starter): TemplateSource => ({
  subject,
  preheader,
  mjml: card(
    `        <mj-text mj-class="heading" css-class="heading">${heading}</mj-text>
        <mj-text>{% if content %}{{ content }}{% else %}${body}{% endif %}</mj-text>
${extra}${cta === undefined ? '' : button(cta)}${closing === '' ? '' : `        <mj-text>${closing}</mj-text>\n`}`,
    `You get this mail because your address is on the list of {{ brand_name }}.<br /><a href="{{ unsubscribe_url }}">Unsubscribe</a>{% if view_url %} &middot; <a href="{{ view_url }}">View online</a>{% endif %}`,
  ),
});

/** One column on a card, the brand above it, the address and why one gets this below. Both are MJML with Liquid in it. */
export const card = (column: string, reason: string): string => `<mjml lang="en">
  <mj-head>
    <mj-title>{{ brand_name }}</mj-title>
    <mj-attributes>
      <mj-all font-family="${FONTS}" />
      <mj-text font-size="16px" line-height="26px" color="#374151" padding="0 32px 20px" />
      <mj-button background-color="#1f4ed8" color="#ffffff" border-radius="8px" font-size="16px" font-weight="600" inner-padding="14px 28px" align="left" padding="4px 32px 24px" />
      <mj-class name="heading" font-size="26px" line-height="34px" font-weight="700" color="#111827" padding="36px 32px 16px" />
      <mj-class name="small" font-size="13px" line-height="20px" color="#6b7280" align="center" />
    </mj-attributes>
    <mj-style>
      a { color: #1f4ed8; }
      .small a { color: #6b7280; }
      @media (max-width: 480px) { .heading div { font-size: 23px !important; line-height: 30px !important; } }
    </mj-style>
  </mj-head>
  <mj-body background-color="#f3f4f6">
    <mj-section padding="32px 0 16px">
      <mj-column>
        <mj-text align="center" font-size="18px" font-weight="700" color="#111827" padding="0 32px">{{ brand_name }}</mj-text>
      </mj-column>
    </mj-section>
    <mj-section background-color="#ffffff" border-radius="12px" padding="0 0 16px">
      <mj-column>
${column}      </mj-column>
    </mj-section>
    <mj-section padding="24px 0 32px">
      <mj-column>
        <mj-text mj-class="small" css-class="small" padding="0 32px 8px">{{ brand_name }}, {{ postal_address }}</mj-text>
        <mj-text mj-class="small" css-class="small" padding="0 32px">
          ${reason}
        </mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>
`;

const button = (label: string): string => `        <mj-raw>{% if brand_url %}</mj-raw>
        <mj-button href="{{ brand_url }}">{{ cta | default: "${label}" }}</mj-button>
        <mj-raw>{% endif %}</mj-raw>
`;

/** Paragraphs in the body of a starter. */
export const paragraphs = (...texts: readonly string[]): string => texts.join('<br /><br />');

/** What to look at next, where something is recommended. */
export const recommended = (title: string): string => `        <mj-raw>{% if recommendations.size > 0 %}</mj-raw>
        <mj-text>
          <strong>${title}</strong>{% for item in recommendations limit: 3 %}<br /><a href="{{ item.url }}">{{ item.name }}</a>{% endfor %}
        </mj-text>
        <mj-raw>{% endif %}</mj-raw>
`;
