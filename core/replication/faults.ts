/** Deliberately broken variants, for tests that must see a checker bite. All default to false. */
export interface ReplicationFaults {
  /** Producers are answered before their batch is written. */
  readonly ackBeforeWrite?: boolean;
  /** The high watermark follows the leader's own log and waits for nobody. */
  readonly hwOnOwnAppend?: boolean;
  /** acks=all is served however small the ISR is. */
  readonly ignoreMinInsyncReplicas?: boolean;
  /** Requests of an older or newer leader epoch are served (KAFKA-7395, KIP-320). */
  readonly skipEpochCheck?: boolean;
  /** A follower that restarted keeps its place in the ISR (KAFKA-15221). */
  readonly ignoreBrokerEpoch?: boolean;
  /** A new follower cuts its log at its high watermark and asks nobody (the protocol before KIP-101). */
  readonly truncateToHighWatermark?: boolean;
  /** A follower goes on behind records that its leader never had. */
  readonly ignoreDivergence?: boolean;
}
