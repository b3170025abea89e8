import {
  beginTransactionRecord,
  configRecord,
  endTransactionRecord,
  featureLevelRecord,
  type MetadataRecord,
  metadataRecord,
} from '../protocol/index.ts';
import { KRAFT_VERSIONS } from '../quorum/voter-set.ts';
import { METADATA_VERSION_FEATURE } from './cluster-image.ts';
import { ConfigResourceType } from './image-builder.ts';
import { METADATA_VERSION_MAX, METADATA_VERSION_MIN } from './record-versions.ts';

/** Levels of the features that this version supports (KIP-584). */
export const supportedFeatures: readonly { readonly name: string; readonly min: number; readonly max: number }[] = [
  { name: 'eligible.leader.replicas.version', min: 0, max: 1 },
  { name: 'group.version', min: 0, max: 1 },
  { name: 'kraft.version', ...KRAFT_VERSIONS },
  { name: METADATA_VERSION_FEATURE, min: METADATA_VERSION_MIN, max: METADATA_VERSION_MAX },
  { name: 'share.version', min: 0, max: 1 },
  { name: 'streams.version', min: 0, max: 1 },
  { name: 'transaction.version', min: 0, max: 2 },
];

/** The same as registrations of brokers and controllers carry them. */
export const registeredFeatures: readonly {
  readonly name: string;
  readonly minSupportedVersion: number;
  readonly maxSupportedVersion: number;
}[] = supportedFeatures.map(({ name, min, max }) => ({ name, minSupportedVersion: min, maxSupportedVersion: max }));

/** What Kafka 4.3 finalizes in a new cluster. */
const newClusterLevels: readonly (readonly [string, number])[] = [
  [METADATA_VERSION_FEATURE, METADATA_VERSION_MAX],
  ['eligible.leader.replicas.version', 1],
  ['group.version', 1],
  ['share.version', 1],
  ['streams.version', 1],
  ['transaction.version', 2],
];

/**
 * The first records of a new cluster: its feature levels (from `bootstrap.checkpoint` where the directory was formatted
 * by Kafka's tools), as one transaction. `features` are other levels than a new cluster's, as `kafka-storage format
 * --feature` takes them.
 */
export function bootstrapRecords(
  formatted: readonly MetadataRecord[] | null,
  minInsyncReplicas: number,
  features: Readonly<Record<string, number>> = {},
): MetadataRecord[] {
  const levels =
    formatted !== null && formatted.length > 0
      ? formatted
      : newClusterLevels.map(([name, level]) =>
          metadataRecord(featureLevelRecord, 0, { name, featureLevel: features[name] ?? level }),
        );
  const elr = levels.some(
    (entry) =>
      entry.type === 'FeatureLevelRecord' &&
      entry.record.name === 'eligible.leader.replicas.version' &&
      entry.record.featureLevel > 0,
  );
  const records: MetadataRecord[] = [
    metadataRecord(beginTransactionRecord, 0, { name: 'Bootstrap records' }),
    ...levels,
  ];
  // KIP-966 needs one value for the whole cluster, so the controller's own becomes the cluster's default.
  if (elr) {
    records.push(
      metadataRecord(configRecord, 0, {
        resourceType: ConfigResourceType.broker,
        resourceName: '',
        name: 'min.insync.replicas',
        value: String(minInsyncReplicas),
      }),
    );
  }
  records.push(metadataRecord(endTransactionRecord, 0, {}));
  return records;
}
