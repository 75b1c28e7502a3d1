/** What a template is for: mails of campaigns, or the one mail that asks whether a yes is its reader's. */
export type TemplatePurpose = 'campaign' | 'confirmation';

/** The family of the mail that asks for a confirmation. A tenant may change its words, and use it for nothing else. */
export const CONFIRMATION_FAMILY = 'confirm_subscription';

export const purposeOf = (family: string): TemplatePurpose => (family === CONFIRMATION_FAMILY ? 'confirmation' : 'campaign');
