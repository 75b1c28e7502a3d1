import { minorDigitsOf } from '../../core/event/money.js';
import { chooseAffinities } from '../../core/segment/affinities.js';
import { computeFeatures } from '../../core/segment/features.js';
import { assignSegments } from '../../core/segment/membership.js';
import { behaviouralUses, SAMPLE_USERS, type SegmentModel } from '../../core/segment/model.js';
import { tallySegments } from '../../core/segment/tally.js';
import { hasOrders, overviewAffinities, readFeatures, type FeatureFiles } from '../../store/feature-files.js';
import { writeActivity, writeAffinities, type FeatureQuery } from '../../store/features.js';
import { putWritten, withLocalFiles } from '../../store/local-files.js';
import { writeMemberships } from '../../store/memberships.js';
import { whileBeating } from '../beating.js';
import { fitInThread } from './fitting.js';
import { readLastModel, readModel, writeJson } from './models.js';
import { publish, type Published } from './publishing.js';
import { bucketsOf, openSegmentation, type SegmentationDependencies, type SegmentationInput, type SegmentationWalk } from './walk.js';

export type BucketInput = SegmentationInput & { readonly bucket: number };
export type ComputedFeatures = { readonly key: string; readonly users: number };
export type FittedModel = { readonly key: string; readonly segments: number; readonly users: number; readonly because: string };
export type AssignedBucket = { readonly key: string; readonly users: number };

/**
 * Each activity reads what the walk's row pins and writes under keys of the walk's date, or rows that it compares first: done again,
 * it writes the same again, whichever worker does it.
 */
export const createSegmentationActivities = (dependencies: SegmentationDependencies) => {
  const { lake, objects, duckdb, scans, workDirectory } = dependencies;

  return {
    /** Adds up the events of the users of a bucket. */
    computeFeatures: (input: BucketInput): Promise<ComputedFeatures> =>
      whileBeating(async () => {
        const walk = await openSegmentation(dependencies, input);
        const relation = await lake.relation(walk.tenantId, walk.pin, input.bucket);
        const key = walk.keys.activity(input.bucket);
        const query = featureQueryOf(walk);
        const users = await scans.session(async (session) => {
          const counted = await putWritten(objects, workDirectory, key, (path) => writeActivity(session, relation, query, path));
          await putWritten(objects, workDirectory, walk.keys.affinities(input.bucket), (path) =>
            writeAffinities(session, relation, query, path),
          );
          return counted;
        });
        return { key, users };
      }),

    /** Finds the segments on a sample of all buckets, and names them. */
    fitModel: (input: SegmentationInput): Promise<FittedModel> =>
      whileBeating(async () => {
        const walk = await openSegmentation(dependencies, input);
        const lastModel = await readLastModel(objects, walk.tenantId, walk.walkDate);
        const question = await withFeatureFiles(walk, bucketsOf(walk), (files) => readQuestion(walk, files));
        const pinnedK = walk.tenant.settings.segments?.k;
        const model = await fitInThread({
          ...question,
          ...(pinnedK !== undefined && { pinnedK }),
          ...(lastModel?.type === 'behavioral' && { last: { features: lastModel.features, segments: lastModel.segments } }),
        });
        await writeJson(objects, walk.keys.model, model);
        return { key: walk.keys.model, segments: model.segments.length, users: model.users, because: model.because };
      }),

    /** Puts everyone of a bucket into the nearest segment, as they are and as they were 30 days before. */
    assignBucket: (input: BucketInput): Promise<AssignedBucket> =>
      whileBeating(async () => {
        const walk = await openSegmentation(dependencies, input);
        const model = await readModel(objects, walk.keys.model);
        const key = walk.keys.members(input.bucket);
        const { activity, affinities } = await withFeatureFiles(walk, [input.bucket], (files) =>
          scans.session((session) => readFeatures(session, files, { affinities: model.features.map(({ name }) => name) })),
        );
        const features = computeFeatures(activity, walk.asOfMs, 'asOf');
        const featuresBefore = computeFeatures(activity, walk.asOfMs, 'before');
        const now = assignSegments(model, columnsOf(features, affinities.asOf), features);
        const before = assignSegments(model, columnsOf(featuresBefore, affinities.before), featuresBefore);
        const { segments } = model;
        await scans.session((session) =>
          putWritten(objects, workDirectory, key, (path) =>
            writeMemberships(session, { userIds: activity.userIds, features, now, before, segments }, path),
          ),
        );
        await writeJson(objects, walk.keys.tally(input.bucket), tallySegments({ activity, features, now, before }, segments.length));
        return { key, users: features.users };
      }),

    /** Writes the artifact of the segments, and brings their tables to it: only what differs is sent. */
    publishSegments: (input: SegmentationInput): Promise<Published> =>
      whileBeating(async () => publish(dependencies, await openSegmentation(dependencies, input))),
  };

  function withFeatureFiles<T>(walk: SegmentationWalk, buckets: readonly number[], work: (files: FeatureFiles) => Promise<T>): Promise<T> {
    const keys = [...buckets.map(walk.keys.activity), ...buckets.map(walk.keys.affinities)];
    return withLocalFiles(objects, workDirectory, keys, (paths) =>
      work({ activity: paths.slice(0, buckets.length), affinities: paths.slice(buckets.length) }),
    );
  }

  /** What the model is fitted to: a sample, and which features enter. */
  function readQuestion({ tenantId, tenant, asOfMs }: SegmentationWalk, files: FeatureFiles) {
    return duckdb.session(async (session) => {
      const overview = await overviewAffinities(session, files);
      const { uses, leftOut } = chooseAffinities(overview);
      const monetary: SegmentModel['monetary'] = (await hasOrders(session, files)) ? 'spend' : 'engagement value';
      const { activity, affinities } = await readFeatures(session, files, {
        sample: SAMPLE_USERS,
        affinities: uses.map(({ name }) => name),
      });
      const features = computeFeatures(activity, asOfMs, 'asOf');
      return {
        tenantId,
        users: overview.users,
        sampledUsers: features.users,
        columns: columnsOf(features, affinities.asOf),
        monetary,
        uses: [...behaviouralUses(monetary, minorDigitsOf(tenant.currency)), ...uses],
        leftOut,
      };
    });
  }
};

export type SegmentationActivities = ReturnType<typeof createSegmentationActivities>;

export function featureQueryOf({ asOfMs, tenant }: Pick<SegmentationWalk, 'asOfMs' | 'tenant'>): FeatureQuery {
  const goal = tenant.goals.convert_to_paid;
  return { asOfMs, currency: tenant.currency, ...(goal && { goal }) };
}

function columnsOf(
  { users: _users, present: _present, ...columns }: ReturnType<typeof computeFeatures>,
  affinities: Readonly<Record<string, Float64Array>>,
) {
  return { ...columns, ...affinities };
}
