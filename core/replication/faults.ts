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
  /** A follower counts as having what its fetch is only about to be given. */
  readonly countFollowersEarly?: boolean;
  /** A follower joins the ISR wherever its log ends. */
  readonly joinIsrBehind?: boolean;
  /** Consumers are shown records above the high watermark. */
  readonly readUncommitted?: boolean;
  /** The leader goes by a smaller ISR before the controller has agreed to it. */
  readonly shrinkIsrAlone?: boolean;
  /** acks=all waits for the leader alone, as acks=1 does. */
  readonly allMeansOne?: boolean;
  /** A follower shows its whole log, not what its leader has committed. */
  readonly followersShowAll?: boolean;
  /** A leader that was deposed while nobody could tell it goes on leading when it hears of that. */
  readonly keepLeading?: boolean;
  /** Appends that lose their leader are answered as if they had been written at offset 0. */
  readonly successOnResign?: boolean;
}
