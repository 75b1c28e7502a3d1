/** The clock of a campaign: ours, or in a rehearsal one that runs faster from the launch on, so that days pass in seconds. */
export type CampaignClock = { readonly startMs: number; readonly speed: number };

/** What the campaign's clock shows at a moment of ours. */
export const shownMs = ({ startMs, speed }: CampaignClock, oursMs: number): number =>
  speed === 1 ? oursMs : Math.round(startMs + (oursMs - startMs) * speed);

/** How long by our clock until the campaign's shows a moment. */
export const waitMs = (clock: CampaignClock, oursMs: number, untilMs: number): number =>
  Math.max(1, Math.ceil((untilMs - shownMs(clock, oursMs)) / clock.speed));
