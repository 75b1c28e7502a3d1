const SEGMENT = /^[A-Za-z0-9_=-][A-Za-z0-9._=-]*$/;
const MOST_CHARS = 900;

/** Refuses a key that could leave its store or mean two things: empty segments, leading dots, back-slashes. */
export function checkKey(key: string): string {
  if (key.length > MOST_CHARS || !key.split('/').every((segment) => SEGMENT.test(segment))) {
    throw new RangeError(`not an object key: ${JSON.stringify(key.slice(0, 80))}`);
  }
  return key;
}

/** A prefix is the beginning of a key; the empty one begins all. */
export function checkPrefix(prefix: string): string {
  if (prefix !== '') checkKey(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix);
  return prefix;
}
