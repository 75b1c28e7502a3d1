const SEGMENT = /^[A-Za-z0-9_=-][A-Za-z0-9._=-]*$/;

/** Refuses a key that could leave its store or mean two things: empty segments, leading dots, back-slashes. */
export function checkKey(key: string): string {
  if (key.length > 900 || !key.split('/').every((segment) => SEGMENT.test(segment))) {
    throw new RangeError(`not an object key: ${JSON.stringify(key.slice(0, 80))}`);
  }
  return key;
}
