/** Whether a row was refused because another, perhaps of another tenant, has what has to be one's alone. drizzle wraps what pg throws. */
export function isTaken(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && error.code === '23505') || isTaken(error.cause);
}
