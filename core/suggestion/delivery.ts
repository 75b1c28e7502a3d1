/** How the delivery of a walk's suggestions to En Garde stands, as the walk's record shows it. */
export type DeliveryOutcome =
  /** ENGARDE_API_URL is not set: suggestions are kept and shown here. */
  | { readonly kind: 'not_configured' }
  | { readonly kind: 'nothing_to_deliver'; readonly delivered_before: number }
  | {
      readonly kind: 'delivered';
      readonly delivered: number;
      readonly batch_id?: string;
      readonly notifications_sent?: Readonly<Record<string, number>>;
      /** En Garde stored all, and said that something else went wrong. */
      readonly errors?: string;
    }
  /** En Garde answered, and did not store all. What it stored is not sent again. */
  | {
      readonly kind: 'partly_delivered';
      readonly delivered: number;
      readonly missing: number;
      readonly because: string;
      readonly batch_id?: string;
    }
  /** A definite no: kept with its reason, and tried again only when the walk is run again. */
  | { readonly kind: 'refused'; readonly because: string };

/** What was not delivered yet, and will be tried again. */
export type DeliveryDelay = {
  readonly kind: 'delayed';
  readonly because: string;
  readonly attempt: number;
  readonly retry_after_s: number;
};

const FIRST_DELAY_MS = 2_000;
const LONGEST_DELAY_MS = 5 * 60_000;
const LONGEST_WISH_MS = 60 * 60_000;

/** Doubles from 2 s to 5 min; a wish of En Garde's is granted, up to an hour. */
export function retryDelayMs(attempt: number, wishedMs: number | undefined): number {
  const own = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(attempt - 1, 20));
  return wishedMs === undefined ? own : Math.min(LONGEST_WISH_MS, Math.max(wishedMs, 1));
}

/**
 * Which of the suggestions that were sent En Garde says it did not store, by the ids that its errors name. Nothing when they
 * name none or not as many as are missing: then it must be looked up.
 */
export function namedInErrors(sentIds: readonly string[], errors: readonly unknown[], missing: number): readonly string[] | undefined {
  const text = JSON.stringify(errors);
  const named = sentIds.filter((id) => text.includes(id));
  return named.length === missing ? named : undefined;
}
