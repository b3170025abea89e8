/** First metadata.version levels (KIP-584 feature) that know a change of the log's records. */
const DIRECTORY_ASSIGNMENT = 17;
const ELIGIBLE_LEADER_REPLICAS = 23;
const CORDONED_DIRECTORIES = 30;

/** The levels of metadata.version that this controller can work at: Kafka 3.3 to 4.3. */
export const METADATA_VERSION_MIN = 7;
export const METADATA_VERSION_MAX = 30;

/** The versions in which records may be written, so that every member at that metadata.version can read them. */
export function recordVersions(metadataVersion: number): {
  readonly registerBroker: number;
  readonly partition: number;
} {
  return {
    registerBroker: metadataVersion >= CORDONED_DIRECTORIES ? 4 : metadataVersion >= DIRECTORY_ASSIGNMENT ? 3 : 1,
    partition: metadataVersion >= ELIGIBLE_LEADER_REPLICAS ? 2 : metadataVersion >= DIRECTORY_ASSIGNMENT ? 1 : 0,
  };
}
