/** Deliberately broken variants, for tests that must see a checker bite. All default to false. */
export interface ControllerFaults {
  /** AlterPartition is believed whatever partition epoch it was made from. */
  readonly ignorePartitionEpoch?: boolean;
  /** AlterPartition may name replicas of lives that are over (KIP-903). */
  readonly ignoreBrokerEpoch?: boolean;
  /** Any live replica is elected when the leader is gone, in sync or not. */
  readonly electAnyone?: boolean;
  /** A broker that ended without a clean shutdown keeps its place among the eligible replicas (KIP-966). */
  readonly trustUncleanShutdown?: boolean;
  /** A broker that registers anew keeps its place in every ISR. */
  readonly keepIsrOnRegistration?: boolean;
  /** Every broker is given the same block of producer ids. */
  readonly repeatProducerIds?: boolean;
}
