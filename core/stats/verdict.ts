/** What a statistic answers when the numbers are right but too few: expected, never thrown. */
export type NotEnoughData = { readonly status: 'not_enough_data'; readonly reason: string };

/** A statistic's answer: its numbers, or why there are none. */
export type Answer<Numbers> = ({ readonly status: 'ok' } & Readonly<Numbers>) | NotEnoughData;

export type Interval = { readonly low: number; readonly high: number };

export const notEnoughData = (reason: string): NotEnoughData => ({ status: 'not_enough_data', reason });
