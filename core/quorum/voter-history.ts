import type { ReplicaKey } from './election-types.ts';
import type { ControlEntry } from './metadata-batches.ts';
import { isSameVoter, type Voter, votersOfRecord } from './voter-set.ts';

/** Who votes by this log, and since which record; offset -1: since the snapshot that the directory was formatted with. */
export interface VotersInLog {
  readonly offset: number;
  readonly voters: readonly Voter[];
}

interface Change {
  readonly offset: number;
  readonly kraftVersion: number | null;
  readonly voters: readonly Voter[] | null;
}

/**
 * Voters and kraft.version as the log has them (KIP-853). A change counts from the moment that its record is in the log,
 * committed or not, and until it is cut off: two leaders could else count majorities of sets that have no voter in
 * common. While the log says nothing, the voters are those of the configuration.
 */
export class VoterHistory {
  readonly #configured: readonly Voter[];
  readonly #listenerName: string;
  /** Rising. */
  #changes: Change[] = [];
  #inLog: VotersInLog | null = null;
  #kraftVersion = 0;

  constructor(configured: readonly Voter[], listenerName: string) {
    this.#configured = configured;
    this.#listenerName = listenerName;
  }

  get voters(): readonly Voter[] {
    return this.#inLog?.voters ?? this.#configured;
  }
  /** Null: the voters are those of the configuration. */
  get inLog(): VotersInLog | null {
    return this.#inLog;
  }
  get kraftVersion(): number {
    return this.#kraftVersion;
  }

  /**
   * Whether this replica is no voter any more by a change that is not known to be committed. The others may not have it:
   * they then need a vote of this one, whose log is longer than theirs, and must let it lead. The change before is
   * committed, or this one could not have been made.
   */
  isLeaving(replica: ReplicaKey, highWatermark: number): boolean {
    if (this.#inLog === null || this.#inLog.offset < highWatermark) return false;
    const sets = this.#changes.flatMap(({ voters }) => (voters === null ? [] : [voters]));
    const [last, before = this.#configured] = sets.reverse();
    const votes = (voters: readonly Voter[]): boolean => voters.some((voter) => isSameVoter(voter, replica));
    return last !== undefined && !votes(last) && votes(before);
  }

  /** Records that were appended. True: voters or kraft.version are others now. */
  appended(control: readonly ControlEntry[]): boolean {
    const changes = control.flatMap((entry) => this.#change(entry, entry.offset));
    if (changes.length === 0) return false;
    this.#changes.push(...changes);
    this.#settle();
    return true;
  }

  /** The log ends at `offset` now. True: voters or kraft.version are others now. */
  truncatedTo(offset: number): boolean {
    const kept = this.#changes.filter((change) => change.offset < offset);
    if (kept.length === this.#changes.length) return false;
    this.#changes = kept;
    this.#settle();
    return true;
  }

  /** The log goes on after a snapshot that ends at `endOffset`, and says what this one says. */
  loaded(control: readonly ControlEntry[], endOffset: number): void {
    this.#changes = control.flatMap((entry) => this.#change(entry, endOffset - 1));
    this.#settle();
  }

  #change(entry: ControlEntry, offset: number): Change[] {
    if (entry.kind === 'kraftVersion') return [{ offset, kraftVersion: entry.version, voters: null }];
    if (entry.kind !== 'voters') return [];
    return [{ offset, kraftVersion: null, voters: votersOfRecord(entry.voters, this.#listenerName) }];
  }

  #settle(): void {
    this.#kraftVersion = this.#changes.findLast((change) => change.kraftVersion !== null)?.kraftVersion ?? 0;
    const last = this.#changes.findLast((change) => change.voters !== null);
    this.#inLog = last === undefined ? null : { offset: last.offset, voters: last.voters! };
  }
}
