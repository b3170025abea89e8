import type { PartitionImage } from '../../core/controller/image.ts';
import type { Log } from '../../core/log/index.ts';
import type { LeaderState } from '../../core/replication/leader-state.ts';
import type { TopicSettings } from '../../core/replication/topic-settings.ts';
import { divergence } from './lineage.ts';
import type { PartitionWatch } from './partition-watch.ts';
import type { Findings } from './violation.ts';

/** Stands for the leader in `#told`. */
const ANYBODY = -1;

/** A replica as its broker has it, null while that broker is down or has not registered its present life. */
export interface Member {
  readonly log: Log | null;
  readonly leader: LeaderState | null;
  readonly settings: Pick<TopicSettings, 'minInsyncReplicas'>;
}

/** A leader that knew its in-sync replicas for too few, and how far it had shown its log then. */
interface Short {
  readonly state: LeaderState;
  readonly highWatermark: number;
}

export interface InSyncWatchOptions {
  readonly index: number;
  readonly name: string;
  readonly findings: Findings;
  readonly partition: PartitionWatch;
  readonly member: (broker: number) => Member | null;
  /** Whether a fault may have taken what that broker had on its disk. */
  readonly excused: (broker: number) => boolean;
}

/**
 * What being in sync means: whoever the controller counts among the in-sync or eligible replicas has all that readers
 * were shown, the leader waits for it (KIP-497), and commits nothing while they are too few (KIP-966). A replica that
 * may lead and lacks a record has lost nothing yet; the next crash of a leader will.
 */
export class InSyncWatch {
  readonly #options: InSyncWatchOptions;
  #revision = -1;
  #image: PartitionImage | null = null;
  /** Replicas that were found wanting in this state of the metadata: each is told once. */
  #told = new Set<number>();
  #short: Short | null = null;
  /** The newest partition epoch that the controller or a leader has named. */
  #partitionEpoch = -1;

  constructor(options: InSyncWatchOptions) {
    this.#options = options;
  }

  /** `newest`: the partition in the newest committed metadata. */
  look(newest: PartitionImage | null): void {
    const { partition } = this.#options;
    if (newest === null || (this.#revision === partition.revision && this.#image === newest)) return;
    const isNews = this.#image !== newest;
    if (isNews) this.#told = new Set();
    this.#revision = partition.revision;
    this.#image = newest;
    // Between an election and the moment when the new leader takes over, what it lacks is not yet known for a loss.
    if (newest.leader === -1 || partition.newestEpoch !== newest.leaderEpoch) return;
    const leader = this.#options.member(newest.leader);
    const state = leader?.leader?.epoch === newest.leaderEpoch ? leader.leader : null;
    // A leader may hear of a change before any broker that is listened to: its controller may have no broker yet.
    this.#partitionEpoch = Math.max(this.#partitionEpoch, newest.partitionEpoch, state?.partitionEpoch ?? -1);
    if (newest.partitionEpoch < this.#partitionEpoch) return;
    if (leader !== null && state !== null) {
      this.#waits(state, newest);
      this.#stands(leader, state, newest);
    }
    for (const id of newest.isr) this.#has(id, newest, isNews, 'in-sync');
    for (const id of newest.elr) this.#has(id, newest, isNews, 'eligible');
  }

  #has(id: number, { leaderEpoch }: PartitionImage, isNews: boolean, standing: string): void {
    const { findings, index, name, partition, member, excused } = this.#options;
    const log = member(id)?.log ?? null;
    if (log === null || this.#told.has(id)) return;
    findings.checked('P9', index);
    const { exposed, committed } = partition;
    const from = log.logStartOffset;
    // A log that only grows stays what it was: its lineage is compared when the set or the leader has changed.
    const differs = isNews ? divergence(log.epochStarts, committed, from, Math.min(log.logEndOffset, exposed)) : -1;
    if (differs === -1 && log.logEndOffset >= exposed) return;
    this.#told.add(id);
    if (excused(id)) return;
    const lacks = differs === -1 ? `ends at offset ${log.logEndOffset}` : `has other records from offset ${differs} on`;
    findings.violated(
      'P9',
      index,
      `broker ${id} is one of the ${standing} replicas of ${name} in epoch ${leaderEpoch} and ${lacks}: readers were shown everything below ${exposed}`,
      differs === -1 ? log.logEndOffset : differs,
    );
  }

  /** The high watermark waits for every replica that the controller may elect. */
  #waits(state: LeaderState, { leader, leaderEpoch, isr }: PartitionImage): void {
    const { findings, index, name } = this.#options;
    if (this.#told.has(ANYBODY)) return;
    findings.checked('P9', index);
    const missing = isr.find((id) => id !== leader && !state.inMaximalIsr(id));
    if (missing === undefined) return;
    this.#told.add(ANYBODY);
    findings.violated(
      'P9',
      index,
      `broker ${missing} is an in-sync replica of ${name} in epoch ${leaderEpoch}, and its leader, broker ${leader}, does not wait for it`,
    );
  }

  /** Below min.insync.replicas the high watermark stands. */
  #stands({ log, settings }: Member, state: LeaderState, { leader }: PartitionImage): void {
    const { findings, index, name } = this.#options;
    const before = this.#short;
    this.#short = null;
    if (log === null || !state.belowMinIsr(settings.minInsyncReplicas)) return;
    const { highWatermark } = log;
    this.#short = { state, highWatermark };
    findings.checked('P7', index);
    if (before?.state !== state || highWatermark <= before.highWatermark) return;
    findings.violated(
      'P7',
      index,
      `broker ${leader} moved the high watermark of ${name} from ${before.highWatermark} to ${highWatermark} with ${state.isr.length} in-sync replicas, where min.insync.replicas is ${settings.minInsyncReplicas}`,
      before.highWatermark,
    );
  }
}
