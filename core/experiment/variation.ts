/** What may differ between variations. */
export const variedParts = ['content', 'subject', 'cta', 'offer', 'send_time'] as const;
export type VariedPart = (typeof variedParts)[number];

/** One arm. The first of a design is the control. `parts` holds what it shows, by what may differ. */
export type Variation = {
  readonly id: string;
  readonly name: string;
  readonly weight: number;
  readonly parts: Readonly<Partial<Record<VariedPart, string>>>;
};
