import { DomainError } from '../../core/errors.js';
import type { LocalDate, TenantId } from '../../core/ids.js';
import type { SegmentModel } from '../../core/segment/model.js';
import type { SegmentTally } from '../../core/segment/tally.js';
import type { ObjectStore } from '../../store/objects.js';
import { modelsPrefix, segmentationKeys } from './keys.js';

/** JSON with a line of its own for each value, for people and for `diff`. */
export async function writeJson(objects: ObjectStore, key: string, value: unknown): Promise<void> {
  await objects.put(key, `${JSON.stringify(value, undefined, 1)}\n`);
}

export async function readModel(objects: ObjectStore, key: string): Promise<SegmentModel> {
  return JSON.parse(await readText(objects, key)) as SegmentModel;
}

export async function readTally(objects: ObjectStore, key: string): Promise<readonly SegmentTally[]> {
  return JSON.parse(await readText(objects, key)) as readonly SegmentTally[];
}

/** The model of the latest day before this one that was walked. */
export async function readLastModel(objects: ObjectStore, tenantId: TenantId, walkDate: LocalDate): Promise<SegmentModel | undefined> {
  const own = segmentationKeys(tenantId, walkDate).model;
  const earlier = (await objects.list(modelsPrefix(tenantId))).filter((key) => key.endsWith('/behavioral.json') && key < own);
  const last = earlier.at(-1);
  return last === undefined ? undefined : readModel(objects, last);
}

async function readText(objects: ObjectStore, key: string): Promise<string> {
  const bytes = await objects.get(key);
  if (!bytes) throw new DomainError('not_available', `the artifact ${key} is not there: the step that writes it comes first`);
  return bytes.toString('utf8');
}
