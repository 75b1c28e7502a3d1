/** True under CI: what a test needs must be there, and its absence is a failure. */
export const everythingRequired = process.env.TEST_REQUIRE_EVERYTHING === '1';

/**
 * For `it(name, { skip: … })`: false when the thing is there. When it is not, the test is skipped with the reason in sight,
 * or, where everything is required, fails.
 */
export function skipWithout(thing: string | undefined, sentence: string): string | false {
  if (thing) return false;
  if (everythingRequired) throw new Error(`${sentence}; it is required here (TEST_REQUIRE_EVERYTHING=1)`);
  console.error(`SKIPPED: ${sentence}`);
  return sentence;
}
