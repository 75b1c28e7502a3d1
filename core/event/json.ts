/** Deeper than this no honest event is nested, and no reader of it should have to go. */
export const MAX_DEPTH = 32;

/** Why a text cannot be kept as it is, or nothing. PostgreSQL stores neither a NUL nor half of a surrogate pair. */
export function textFault(text: string): string | undefined {
  if (text.includes('\0')) return 'holds a NUL character (\\u0000)';
  if (!text.isWellFormed()) return 'holds half of a surrogate pair';
  return undefined;
}

/** Why a JSON value cannot be kept as it is, with the place, or nothing. */
export function jsonFault(value: unknown, place: string, depth = 0): string | undefined {
  switch (typeof value) {
    case 'string': {
      const fault = textFault(value);
      return fault && `${place} ${fault}`;
    }
    case 'number':
      return Number.isFinite(value) ? undefined : `${place} is a number beyond what can be kept`;
    case 'object':
      if (value === null) return undefined;
      if (depth >= MAX_DEPTH) return `${place} is nested deeper than ${MAX_DEPTH} levels`;
      return Array.isArray(value) ? arrayFault(value, place, depth) : objectFault(value, place, depth);
    default:
      return undefined;
  }
}

function arrayFault(items: readonly unknown[], place: string, depth: number): string | undefined {
  for (const item of items) {
    const fault = jsonFault(item, place, depth + 1);
    if (fault) return fault;
  }
  return undefined;
}

function objectFault(value: object, place: string, depth: number): string | undefined {
  for (const key in value) {
    if (key === '__proto__') return `${place} has a key named __proto__`;
    const keyFault = textFault(key);
    if (keyFault) return `a key in ${place} ${keyFault}`;
    const fault = jsonFault(value[key as keyof typeof value], place, depth + 1);
    if (fault) return depth === 0 && fault.startsWith(place) ? `${place}.${safePrefix(key, 60)}${fault.slice(place.length)}` : fault;
  }
  return undefined;
}

/** The beginning of a value as text that can be stored whatever the value holds: for people, to find what was refused. */
export function safePrefix(value: unknown, maxChars: number): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(shallow(value, 0)) ?? String(value));
  return text.slice(0, maxChars).replaceAll('\0', '\\u0000').toWellFormed();
}

/** A copy in which what lies too deep is left out and what JSON cannot say is named. */
function shallow(value: unknown, depth: number): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return `(${value})`;
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= 8) return '(…)';
  if (Array.isArray(value)) return value.slice(0, 100).map((item) => shallow(item, depth + 1));
  // fromEntries defines each key, __proto__ too, where an assignment would call its setter.
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shallow(item, depth + 1)]));
}
