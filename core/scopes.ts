/** What a key may do, as a closed list. */
export const SCOPES = [
  'read',
  'walks:write',
  'suggestions:respond',
  'tests:write',
  'campaigns:write',
  'templates:write',
  'consent:write',
  'inbox:tokens',
  'replies:read',
  'events:write',
] as const;
export type Scope = (typeof SCOPES)[number];

export function isScope(text: string): text is Scope {
  return SCOPES.some((scope) => scope === text);
}

/**
 * A write key ends up in web pages and apps, where anybody can read it: it sends events and does nothing else.
 * Gives the reason why these scopes cannot stand together, or nothing.
 */
export function scopesFault(scopes: readonly Scope[]): string | undefined {
  if (scopes.length === 0) return `a key needs at least one scope of: ${SCOPES.join(', ')}`;
  if (scopes.includes('events:write') && scopes.some((scope) => scope !== 'events:write')) {
    return 'events:write makes a write key, which may do nothing else: create a second key for the other scopes';
  }
  return undefined;
}
