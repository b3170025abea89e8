import type { ControllerPort } from '../controller/admin.ts';
import type { MetadataDelta, MetadataImage, MetadataListener, PartitionImage } from '../controller/image.ts';
import type { CoordinatorPartitionListener } from '../groups/coordinator-log.ts';
import type { Log, LogDirectory } from '../log/index.ts';
import { writeUuid } from '../protocol/uuid.ts';
import type { Runtime, Timer } from '../runtime.ts';
import { DiskWork } from './disk-work.ts';
import type { ReplicationFaults } from './faults.ts';
import { HostedTopics } from './hosted-topics.ts';
import { IsrAlterer } from './isr-alterer.ts';
import { LogPlacement } from './log-placement.ts';
import { Partition, type PartitionHost } from './partition.ts';
import { RoleListeners } from './role-listeners.ts';
import type { TopicSettings } from './topic-settings.ts';
import { Turn } from './turn.ts';

export interface ReplicaManagerOptions {
  readonly runtime: Pick<Runtime, 'clock' | 'timers' | 'log'>;
  readonly nodeId: number;
  readonly logDirectories: readonly LogDirectory[];
  readonly controller: ControllerPort;
  /** This broker's epoch in its present registration, -1 while it has none. */
  readonly brokerEpoch: () => number;
  /** The configuration of a topic as of the image given. */
  readonly settingsFor: (topic: string, image: MetadataImage) => TopicSettings;
  /** replica.lag.time.max.ms */
  readonly replicaLagTimeMaxMs: number;
  /** Topics that this manager must leave alone: the metadata log. */
  readonly ownedElsewhere?: readonly string[];
  readonly faults?: ReplicationFaults;
}

/**
 * All partitions that this broker replicates, kept in step with the metadata image: logs are created, opened and deleted,
 * replicas become leaders and followers.
 */
export class ReplicaManager implements MetadataListener {
  readonly turn: Turn;
  readonly #options: ReplicaManagerOptions;
  readonly #topics: HostedTopics = new HostedTopics();
  readonly #isr: IsrAlterer;
  readonly #host: PartitionHost;
  readonly #placement: LogPlacement;
  readonly #diskWork: DiskWork;
  readonly #roles: RoleListeners = new RoleListeners();
  #image: MetadataImage | null = null;
  #shrinkTimer: Timer | null = null;
  #closed = false;

  constructor(options: ReplicaManagerOptions) {
    this.#options = options;
    const { clock, timers, log } = options.runtime;
    this.turn = new Turn(timers);
    this.#placement = new LogPlacement(options.logDirectories);
    this.#diskWork = new DiskWork(timers);
    this.#isr = new IsrAlterer({
      nodeId: options.nodeId,
      controller: options.controller,
      timers,
      log,
      brokerEpoch: options.brokerEpoch,
      epochOf: (brokerId) => this.#image?.brokers.get(brokerId)?.epoch ?? -1,
    });
    this.#host = {
      nodeId: options.nodeId,
      clock,
      timers,
      turn: this.turn,
      faults: options.faults ?? {},
      replicaLagTimeMaxMs: options.replicaLagTimeMaxMs,
      isEligible: (replicaId, brokerEpoch) => this.#isEligible(replicaId, brokerEpoch),
      proposeIsr: (partition, change) => this.#isr.propose(partition, change),
      flushFailed: (partition) => this.#takeOffline(partition),
    };
  }

  /** Starts the timer that looks for lagging followers. */
  start(): void {
    const look = (): void => {
      for (const partition of this.partitions()) partition.shrinkIsr();
      if (!this.#closed) this.#shrinkTimer = this.#options.runtime.timers.after(intervalMs, look);
    };
    const intervalMs = this.#options.replicaLagTimeMaxMs / 2;
    this.#shrinkTimer = this.#options.runtime.timers.after(intervalMs, look);
  }

  // ---- looking up

  partition(topic: string, partition: number): Partition | undefined {
    return this.#topics.named(topic)?.partitions.get(partition);
  }
  partitionById(topicId: string, partition: number): Partition | undefined {
    return this.#topics.withId(topicId)?.partitions.get(partition);
  }
  /** In the order in which topics and partitions came. */
  *partitions(): Generator<Partition> {
    for (const topic of this.#topics.all()) yield* topic.partitions.values();
  }
  get faults(): ReplicationFaults {
    return this.#host.faults;
  }

  /** Resolves when every log that the image asks for is open (or offline) and every deleted one is gone. */
  settled(): Promise<void> {
    return this.#diskWork.settled();
  }
  /** As `settled`, at most so long. */
  settledWithin(timeoutMs: number): Promise<void> {
    return this.#diskWork.settledWithin(timeoutMs);
  }
  get isSettled(): boolean {
    return this.#diskWork.isSettled;
  }

  // ---- listeners

  /** Tells which partitions of an internal topic this broker leads, those that it leads already first. */
  onElection(topic: string, listener: CoordinatorPartitionListener): void {
    this.#roles.addForTopic(topic, listener);
    for (const partition of this.#topics.named(topic)?.partitions.values() ?? []) {
      if (partition.leader !== null) listener.elected(partition.partition, partition.leader.epoch);
    }
  }

  /** Called when a partition's role changed: the fetcher's view. */
  onRoleChange(listener: (partition: Partition) => void): void {
    this.#roles.addForAll(listener);
  }

  // ---- metadata

  metadataChanged(delta: MetadataDelta, image: MetadataImage): void {
    this.#image = image;
    for (const { id } of delta.topicsDeleted.values()) this.#removeTopic(id);
    for (const name of delta.topicsChanged) {
      const topic = image.topicsByName.get(name) ?? image.topicsById.get(name);
      if (topic !== undefined) for (const partition of topic.partitions) this.#apply(partition, image);
    }
    for (const { kind, name } of delta.configsChanged) this.#configChanged(kind, name, image);
  }

  #configChanged(kind: string, name: string, image: MetadataImage): void {
    // A broker's settings are the defaults of every topic.
    const topics = kind === 'topic' ? [this.#topics.named(name)] : kind === 'broker' ? [...this.#topics.all()] : [];
    for (const topic of topics) {
      if (topic === undefined) continue;
      topic.settings = this.#options.settingsFor(topic.name, image);
      for (const partition of topic.partitions.values()) {
        partition.settings = topic.settings;
        partition.log?.updateConfig(topic.settings.log);
      }
    }
  }

  #apply(wanted: PartitionImage, image: MetadataImage): void {
    const partition = this.#topics.withId(wanted.topicId)?.partitions.get(wanted.partition);
    if (!wanted.replicas.includes(this.#options.nodeId)) {
      if (partition !== undefined) this.#remove(partition);
      return;
    }
    if (partition === undefined) this.#open(wanted, image);
    else if (partition.log !== null) this.#assume(partition, wanted);
  }

  #open(wanted: PartitionImage, image: MetadataImage): void {
    const topic = this.#topics.of(wanted, () => this.#options.settingsFor(wanted.topic, image));
    const partition = new Partition(wanted, topic.settings, this.#host);
    topic.partitions.set(wanted.partition, partition);
    const existing = this.#placement.existing(wanted);
    if (existing !== null && !this.#diskWork.isBusy(nameOf(partition))) {
      this.#opened(partition, existing.directory, existing.log);
      return;
    }
    this.#enqueueDiskWork(partition, async () => {
      if (partition.state.kind !== 'opening') return;
      const directory = await this.#placement.place(wanted);
      const log = await directory.create(wanted.topic, wanted.partition, uuidBytes(wanted.topicId));
      if (partition.state.kind === 'opening') this.#opened(partition, directory, log);
    });
  }

  #opened(partition: Partition, directory: LogDirectory, log: Log): void {
    // The image may have moved on while the disk worked.
    const wanted = this.#image?.topicsById.get(partition.topicId)?.partitions[partition.partition];
    if (wanted === undefined) return;
    log.updateConfig(partition.settings.log);
    partition.opened(log, directory.checkpointedHighWatermark(partition.topic, partition.partition));
    this.#assume(partition, wanted);
  }

  #assume(partition: Partition, wanted: PartitionImage): void {
    const { kind } = partition.state;
    if (kind === 'offline' || kind === 'stopped') return;
    if (partition.truncating !== null) {
      // A role begins on a log that stands still; by then the image may say something else again.
      const again = (): void => this.#reassume(partition);
      partition.truncating.then(again, again);
      return;
    }
    if (wanted.leader === this.#options.nodeId) {
      if (partition.lead(wanted) === 'elected') this.#roles.elected(partition, wanted.leaderEpoch);
    } else if (this.#options.faults?.keepLeading === true && partition.state.kind === 'leader') {
      return;
    } else {
      this.#roles.resigned(partition, partition.follow(wanted));
    }
    this.#roles.changed(partition);
  }

  #reassume(partition: Partition): void {
    const wanted = this.#image?.topicsById.get(partition.topicId)?.partitions[partition.partition];
    if (wanted?.replicas.includes(this.#options.nodeId) === true) this.#assume(partition, wanted);
  }

  #removeTopic(topicId: string): void {
    for (const partition of [...(this.#topics.withId(topicId)?.partitions.values() ?? [])]) this.#remove(partition);
  }

  #remove(partition: Partition): void {
    if (!this.#topics.remove(partition)) return;
    this.#roles.resigned(partition, partition.stop());
    this.#roles.changed(partition);
    const { topic: name, partition: index } = partition;
    this.#enqueueDiskWork(partition, () => this.#placement.delete(name, index));
  }

  /** Deletes logs that the image does not know or gives to other brokers: called once, after the image has caught up. */
  removeStrays(image: MetadataImage): void {
    const { nodeId, ownedElsewhere = [], runtime } = this.#options;
    if (image.topicsByName.size === 0) {
      // Metadata that knows nothing at all is more likely lost than right: nobody's data is deleted on its word.
      if (!this.#placement.isEmpty) {
        runtime.log.error('the metadata knows no topic, but there are logs: they are kept, and not served');
      }
      return;
    }
    for (const { directory, topic, partition } of this.#placement.strays(image, nodeId)) {
      if (ownedElsewhere.includes(topic) || this.#topics.named(topic)?.partitions.has(partition) === true) continue;
      runtime.log.warn('deleting a log that is no part of the cluster any more', { topic, partition });
      this.#enqueue(`${topic}-${partition}`, directory, () => directory.delete(topic, partition));
    }
  }

  // ---- disks

  /** Told by the log directory, once: what it held is served no more. */
  directoryOffline(directory: LogDirectory): void {
    for (const partition of this.partitions()) {
      const { log } = partition;
      if (log?.directory.startsWith(`${directory.path}/`) === true) this.#takeOffline(partition);
    }
  }

  #takeOffline(partition: Partition): void {
    this.#roles.resigned(partition, partition.goOffline());
    this.#roles.changed(partition);
  }

  #enqueueDiskWork(partition: Partition, work: () => Promise<void>): void {
    this.#enqueue(nameOf(partition), partition, work);
  }

  #enqueue(name: string, subject: Partition | LogDirectory, work: () => Promise<void>): void {
    this.#diskWork.add(name, work, (error) => {
      this.#options.runtime.log.error('a log could not be opened or deleted', { partition: name, error });
      if (subject instanceof Partition && subject.state.kind === 'opening') this.#takeOffline(subject);
    });
  }

  #isEligible(replicaId: number, brokerEpoch: number): boolean {
    const broker = this.#image?.brokers.get(replicaId);
    if (broker === undefined || broker.fenced || broker.inControlledShutdown) return false;
    if (this.#host.faults.ignoreBrokerEpoch === true) return true;
    // A fetch of before KIP-903 carries none.
    return brokerEpoch === -1 || brokerEpoch === broker.epoch;
  }

  /** Answers everything that waits and takes no more; logs are closed by their directories. */
  close(): void {
    this.#closed = true;
    this.#shrinkTimer?.cancel();
    this.#isr.close();
    for (const partition of [...this.partitions()]) this.#roles.resigned(partition, partition.stop());
  }
}

function nameOf(partition: Partition): string {
  return `${partition.topic}-${partition.partition}`;
}

function uuidBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(16);
  if (!writeUuid(bytes, 0, text)) throw new Error(`not a topic id: ${text}`);
  return bytes;
}
