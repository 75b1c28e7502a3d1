import type { TenantId } from '../../core/ids.js';
import type { TenantTransaction } from '../client.js';
import { listSegments, type SegmentRow } from './audience.js';

export type NamedSegment =
  { readonly kind: 'found'; readonly segment: SegmentRow } | { readonly kind: 'refused'; readonly because: string };

const MOST_NAMED = 20;

/** The segment that holds and has this id, or else this name; or why it is not clear which is meant, with those there are. */
export async function segmentCalled(tx: TenantTransaction, tenantId: TenantId, called: string): Promise<NamedSegment> {
  const segments = await listSegments(tx, tenantId, { inactiveToo: false });
  const byId = segments.find(({ segmentKey }) => segmentKey === called);
  if (byId) return { kind: 'found', segment: byId };
  const exact = segments.filter(({ segmentName }) => segmentName === called);
  const named = exact.length > 0 ? exact : segments.filter(({ segmentName }) => folded(segmentName) === folded(called));
  const [first, second] = named;
  if (first && !second) return { kind: 'found', segment: first };
  if (second) return { kind: 'refused', because: `${named.length} segments are called so; name one by its id: ${inWords(named)}` };
  if (segments.length === 0) return { kind: 'refused', because: 'there is no such segment: no walk has found any yet' };
  return { kind: 'refused', because: `there is no such segment; there are ${inWords(segments)}` };
}

const folded = (name: string): string => name.trim().toLowerCase();

function inWords(segments: readonly SegmentRow[]): string {
  const named = segments.slice(0, MOST_NAMED).map(({ segmentKey, segmentName }) => `${segmentName} (${segmentKey})`);
  const more = segments.length - named.length;
  return [...named, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}
