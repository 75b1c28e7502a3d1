import type { TemplateVariables } from './variables.js';

/** In whose name a tenant's mail is sent, and what it says about them. */
export type EmailSender = {
  readonly fromEmail: string;
  readonly fromName: string;
  readonly replyTo: string | null;
  readonly brandName: string;
  readonly brandUrl: string | null;
  readonly postalAddress: string;
  /** Where replies are asked to, each to an address of its own. Absent or null: to `replyTo`, or where mail comes from. */
  readonly inboundDomain?: string | null;
};

export type SenderVariables = Pick<TemplateVariables, 'brand_name' | 'brand_url' | 'postal_address'>;

export const senderVariables = ({ brandName, brandUrl, postalAddress }: EmailSender): SenderVariables => ({
  brand_name: brandName,
  postal_address: postalAddress,
  ...(brandUrl !== null && { brand_url: brandUrl }),
});
