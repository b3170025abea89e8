import { BrokerConfig } from '../../config/index.ts';
import { CrashDisk } from '../../log/testing/crash-disk.ts';
import { configRecord, type MetadataRecord, metadataRecord } from '../../protocol/index.ts';
import { createRandom } from '../../random.ts';
import type { Codecs, Random, Runtime } from '../../runtime.ts';
import type { QuorumFaults } from '../faults.ts';
import { formatVoters } from '../format.ts';
import type { CommittedBatch, QuorumListener } from '../quorum.ts';
import { RaftQuorum } from '../raft.ts';
import { type VoterEndpoint, voterNode } from '../voter-set.ts';
import { TestNetwork } from './network.ts';
import { VirtualTime } from './virtual-time.ts';

/** The values of a key that is only ever set: what a member has seen committed, in order. */
export class Recorder implements QuorumListener {
  values: string[] = [];
  endOffset = 0;
  leader: { readonly id: number; readonly epoch: number } = { id: -1, epoch: 0 };

  committed(batches: readonly CommittedBatch[]): void {
    for (const batch of batches) {
      for (const record of batch.records) {
        if (record.type === 'ConfigRecord') this.values.push(record.record.value ?? '');
      }
      this.endOffset = batch.lastOffset + 1;
    }
  }
  snapshotLoaded(records: Iterable<MetadataRecord>, endOffset: number): void {
    this.values = [];
    for (const record of records) {
      if (record.type === 'ConfigRecord') this.values.push(record.record.value ?? '');
    }
    this.endOffset = endOffset;
  }
  leaderChanged(leader: { readonly id: number; readonly epoch: number }): void {
    this.leader = leader;
  }
}

export function valueRecord(value: string): MetadataRecord {
  return metadataRecord(configRecord, 0, { resourceType: 4, resourceName: '', name: `key ${value}`, value });
}

export interface Member {
  readonly id: number;
  directoryId: string;
  disk: CrashDisk;
  /** Disks that it had before. */
  replaced: number;
  recorder: Recorder;
  /** Null while it is down. */
  quorum: RaftQuorum | null;
  life: number;
}

export interface ClusterOptions {
  readonly voters: number;
  readonly observers?: number;
  /** The voters stand in the log (kraft.version 1); every member is a controller, and may become one. */
  readonly dynamic?: boolean;
  /** Members that do not run before they are booted. */
  readonly down?: readonly number[];
  readonly seed: string;
  readonly settings?: Readonly<Record<string, string>>;
  readonly faults?: QuorumFaults;
  readonly codecs: Codecs;
  /** Resolves when all microtasks, and what they start in turn, have run. */
  readonly settle: () => Promise<void>;
}

/** Members of one quorum on virtual time, memory disks and a network that a test can cut. */
export class QuorumCluster {
  readonly time: VirtualTime;
  readonly members: Member[] = [];
  readonly #options: ClusterOptions;
  readonly #random: Random;
  readonly #network: TestNetwork;
  /** Everything that any member was ever told is committed. */
  history: readonly string[] = [];
  /** Leader by epoch, as seen; two in one epoch are the failure that Raft must not have. */
  readonly leaders: Map<number, number> = new Map();
  readonly violations: string[] = [];

  private constructor(options: ClusterOptions) {
    this.#options = options;
    this.time = new VirtualTime(options.settle);
    this.#random = createRandom(options.seed);
    this.#network = new TestNetwork(this.time, (id) => this.member(id));
  }

  static async start(options: ClusterOptions): Promise<QuorumCluster> {
    const cluster = new QuorumCluster(options);
    for (let id = 1; id <= options.voters + (options.observers ?? 0); id++) {
      const fresh = { disk: new CrashDisk(), replaced: 0, recorder: new Recorder(), quorum: null, life: 0 };
      cluster.members.push({ id, directoryId: directoryOf(id, 0), ...fresh });
    }
    if (options.dynamic === true) await cluster.#format();
    for (const { id } of cluster.members) if (options.down?.includes(id) !== true) await cluster.boot(id);
    return cluster;
  }

  member(id: number): Member {
    return this.members[id - 1]!;
  }

  async #format(): Promise<void> {
    const voters = this.members
      .slice(0, this.#options.voters)
      .map((member) => voterNode(member, this.endpointsOf(member), 'CONTROLLER'));
    for (const { disk } of this.members.slice(0, this.#options.voters)) {
      const { codecs } = this.#options;
      await formatVoters({ disk, codecs, clock: this.time }, '/data', voters);
    }
  }

  /** Another port in every life, where the voters stand in the log: they have to follow it. */
  endpointsOf({ id, life }: Member): readonly VoterEndpoint[] {
    const port = this.#options.dynamic === true ? 9093 + Math.max(0, life - 1) : 9093;
    return [{ name: 'CONTROLLER', host: `node-${id}`, port }];
  }

  /** A new disk, with nothing on it: another directory, and by KIP-853 another replica. */
  replaceDisk(id: number): void {
    const member = this.member(id);
    this.crash(id);
    member.replaced++;
    member.disk = new CrashDisk();
    member.directoryId = directoryOf(id, member.replaced);
  }

  async boot(id: number): Promise<void> {
    const member = this.member(id);
    const { voters, settings, faults, dynamic = false } = this.#options;
    const ids = Array.from({ length: voters }, (_, index) => index + 1);
    member.life++;
    member.recorder = new Recorder();
    const runtime: Pick<Runtime, 'clock' | 'timers' | 'random' | 'disk' | 'codecs' | 'log'> = {
      clock: this.time,
      timers: this.time,
      random: this.#random.fork(`member ${id} life ${member.life}`),
      disk: member.disk,
      codecs: this.#options.codecs,
      log: {
        debug() {},
        info() {},
        warn() {},
        error: (message, fields) => {
          const text = `${id}: ${message} ${JSON.stringify(fields)}`;
          if (!/crashed|EIO/.test(text)) this.violations.push(text);
        },
      },
    };
    const config = BrokerConfig.parse({
      'node.id': String(id),
      'process.roles': dynamic || id <= voters ? 'controller' : 'broker',
      'log.dirs': '/data',
      listeners: dynamic || id <= voters ? 'CONTROLLER://localhost:0' : 'PLAINTEXT://localhost:0',
      'controller.listener.names': 'CONTROLLER',
      ...(dynamic
        ? { 'controller.quorum.bootstrap.servers': ids.map((one) => `node-${one}:9093`).join(',') }
        : { 'controller.quorum.voters': ids.map((one) => `${one}@node-${one}:9093`).join(',') }),
      ...settings,
    });
    const { recorder } = member;
    member.quorum = await RaftQuorum.open({
      runtime,
      config,
      clusterId: 'cluster',
      directoryId: member.directoryId,
      endpoints: this.endpointsOf(member),
      listener: recorder,
      peers: this.#network.peersOf(member, this.#random.fork(`network of ${id} ${member.life}`)),
      snapshotRecords: () => recorder.values.map(valueRecord),
      ...(faults === undefined ? {} : { faults }),
    });
  }

  /** The process is gone at once: what it wrote is there. */
  crash(id: number): void {
    this.#stop(id, (disk) => disk.afterProcessCrash());
  }

  /** The machine lost its power: of what was not synced, anything or nothing is there. */
  losePower(id: number): void {
    this.#stop(id, (disk) => disk.afterPowerLoss(this.#random.fork(`power ${this.time.nowMs}`)));
  }

  #stop(id: number, left: (disk: CrashDisk) => CrashDisk): void {
    const member = this.member(id);
    const { quorum } = member;
    // The old life may run on, unheard: it has a disk that nobody looks at.
    member.disk = left(member.disk);
    member.quorum = null;
    member.life++;
    quorum?.failed(new Error('crashed'));
  }

  /** No message passes between the two, in either direction. */
  cut(a: number, b: number): void {
    this.#network.cut(a, b);
  }
  isolate(id: number): void {
    for (const other of this.members) if (other.id !== id) this.cut(id, other.id);
  }
  heal(): void {
    this.#network.heal();
  }

  get leader(): Member | null {
    const leading = this.members.filter((member) => member.quorum?.election.role.kind === 'leader');
    leading.sort((a, b) => b.quorum!.leader.epoch - a.quorum!.leader.epoch);
    return leading[0] ?? null;
  }

  /** Appends on whoever leads; null when nobody does. */
  write(value: string): number | null {
    const leader = this.leader;
    if (leader === null) return null;
    return leader.quorum!.append(leader.quorum!.leader.epoch, [valueRecord(value)]);
  }

  records(value: string): readonly MetadataRecord[] {
    return [valueRecord(value)];
  }

  /** What must hold after every event. */
  check(): void {
    for (const { quorum, recorder } of this.members) {
      if (recorder.values.length > this.history.length) this.#extend(recorder.values);
      if (quorum?.election.role.kind !== 'leader') continue;
      const { epoch } = quorum.leader;
      const known = this.leaders.get(epoch);
      if (known !== undefined && known !== quorum.nodeId) {
        this.violations.push(`epoch ${epoch} is led by ${known} and ${quorum.nodeId}`);
      }
      this.leaders.set(epoch, quorum.nodeId);
    }
    for (const { id, recorder } of this.members) {
      const differs = recorder.values.findIndex((value, index) => value !== this.history[index]);
      if (differs >= 0) this.violations.push(`member ${id} has committed something else at ${differs}`);
    }
    if (this.violations.length > 0) throw new Error(this.violations.join('; '));
  }

  #extend(values: readonly string[]): void {
    const differs = this.history.findIndex((value, index) => value !== values[index]);
    if (differs >= 0) this.violations.push(`${this.history[differs]} was committed and is gone`);
    this.history = [...values];
  }

  run(ms: number): Promise<void> {
    return this.time.run(ms, () => this.check());
  }
  runUntil(done: () => boolean, ms: number): Promise<boolean> {
    return this.time.runUntil(done, ms, () => this.check());
  }

  async close(): Promise<void> {
    const closing = this.members.map((member) => member.quorum?.close() ?? Promise.resolve());
    await this.time.run(5000);
    await Promise.all(closing);
  }
}

function directoryOf(id: number, replaced: number): string {
  return `AAAAAAAAAAAAAAAAAAA${replaced % 10}${id}A`;
}
