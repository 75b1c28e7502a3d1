import { safePrefix } from '../event/json.js';

/** What a provider told that cannot be used: it is kept for people to look at. */
export type QuarantinedEvent = { readonly because: string; readonly excerpt: string };

const EXCERPT_CHARS = 500;

export const quarantine = (because: string, what: unknown): QuarantinedEvent => ({ because, excerpt: safePrefix(what, EXCERPT_CHARS) });
