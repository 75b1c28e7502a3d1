import { evidenceOf, expectedConversions, expectedSpendMinor, type SegmentFinding } from '../suggestion/evidence.js';

/** The segment that is expected to bring most first, as suggestions stand; then those that nothing was measured of, the largest first. */
export function inOrderOfWorth(segments: readonly SegmentFinding[]): SegmentFinding[] {
  const worth = (segment: SegmentFinding): readonly [number, number, number] => {
    const evidence = evidenceOf(segment.statistics);
    if (evidence.kind !== 'measured') return [-1, -1, segment.statistics.users];
    const measured = { ...segment, measured: evidence.measured };
    return [expectedSpendMinor(measured) ?? 0, expectedConversions(measured), segment.statistics.users];
  };
  return segments
    .map((segment) => ({ segment, worth: worth(segment) }))
    .sort(
      (a, b) =>
        b.worth[0] - a.worth[0] ||
        b.worth[1] - a.worth[1] ||
        b.worth[2] - a.worth[2] ||
        (a.segment.segmentId < b.segment.segmentId ? -1 : 1),
    )
    .map(({ segment }) => segment);
}
