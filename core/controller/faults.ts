/** Deliberately broken variants, for tests that must see a checker bite. All default to false. */
export interface ControllerFaults {
  /** AlterPartition is believed whatever partition epoch it was made from. */
  readonly ignorePartitionEpoch?: boolean;
}
