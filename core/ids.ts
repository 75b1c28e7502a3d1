/** Ids are made only by their parser, so that a string from outside can never pass for one by accident. */
export type Brand<T, Name extends string> = T & { readonly __brand: Name };

/** A customer account of En Garde: a UUID in lower case. */
export type TenantId = Brand<string, 'TenantId'>;
/** A person in a tenant's audience: the tenant's own id for them. */
export type UserId = Brand<string, 'UserId'>;
/** A day in the tenant's time zone, `YYYY-MM-DD`. */
export type LocalDate = Brand<string, 'LocalDate'>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function parseTenantId(text: string): TenantId {
  const id = text.toLowerCase();
  if (!UUID.test(id)) throw new RangeError(`not a tenant id (a UUID is expected): ${shown(text)}`);
  return id as TenantId;
}

const USER_ID_MAX_CHARS = 255;

/** 1 to 255 characters that PostgreSQL can store: no NUL, no unpaired surrogate. */
export function parseUserId(text: string): UserId {
  if (text.length < 1 || text.length > USER_ID_MAX_CHARS || text.includes('\0') || !text.isWellFormed()) {
    throw new RangeError(`not a user id (1 to ${USER_ID_MAX_CHARS} characters are expected): ${shown(text)}`);
  }
  return text as UserId;
}

export function parseLocalDate(text: string): LocalDate {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text) ? new Date(`${text}T00:00:00Z`) : undefined;
  if (!day || Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== text) {
    throw new RangeError(`not a date (YYYY-MM-DD is expected): ${shown(text)}`);
  }
  return text as LocalDate;
}

function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
