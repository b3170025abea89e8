/** Deliberately broken variants, for tests that must see a checker bite. All default to false. */
export interface QuorumFaults {
  /** A vote is answered before it is on disk: after a crash the node can vote twice in one epoch. */
  readonly voteNotPersisted?: boolean;
  /** The last record of every snapshot is left out. */
  readonly snapshotLosesRecord?: boolean;
  /** A leader commits what it alone has. */
  readonly commitAlone?: boolean;
  /** A candidate is voted for however short its log is. */
  readonly voteForAnyone?: boolean;
  /** A voter is whoever has its id: one that lost its disk, and with it its log and its votes, is counted as before. */
  readonly anyDirectoryVotes?: boolean;
}
