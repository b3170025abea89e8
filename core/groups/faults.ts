/** Deliberately broken variants, for tests that must see a checker bite. All default to false. */
export interface GroupFaults {
  /** A commit is acknowledged, and shown, before it is written. */
  readonly commitBeforeAppend?: boolean;
  /** Heartbeats and commits of any generation are taken (KAFKA-12984). */
  readonly ignoreGeneration?: boolean;
  /** A member that was removed or replaced may still commit. */
  readonly ignoreMembership?: boolean;
  /** Offsets of groups that have members expire too (KAFKA-13636). */
  readonly expireUnstableGroups?: boolean;
  /** A transaction's offsets win over commits that came after them (KAFKA-14505). */
  readonly arrivalOrderCommits?: boolean;
  /** Loading keeps the first commit of a partition, not the newest. */
  readonly oldestCommitWins?: boolean;
  /** Commits are not loaded from the log. */
  readonly forgetCommits?: boolean;
  /** Every member is given what one of them was to get. */
  readonly assignToAll?: boolean;
}
