/** What a statistic answers when the numbers are right but too few: expected, never thrown. */
export type NotEnoughData = { readonly status: 'not_enough_data'; readonly reason: string };

export const notEnoughData = (reason: string): NotEnoughData => ({ status: 'not_enough_data', reason });
