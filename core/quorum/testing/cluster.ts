import { BrokerConfig } from '../../config/index.ts';
import { CrashDisk } from '../../log/testing/crash-disk.ts';
import {
  type ApiSchema,
  addRaftVoter,
  apiVersions,
  beginQuorumEpoch,
  configRecord,
  type Draft,
  decodeMessage,
  encodeMessage,
  endQuorumEpoch,
  fetch,
  fetchSnapshot,
  type Message,
  type MetadataRecord,
  metadataRecord,
  parseVersions,
  removeRaftVoter,
  updateRaftVoter,
  vote,
} from '../../protocol/index.ts';
import { createRandom } from '../../random.ts';
import type { Codecs, Random, Runtime } from '../../runtime.ts';
import type { QuorumFaults } from '../faults.ts';
import { formatVoters } from '../format.ts';
import type { PeerAddress, PeerNetwork } from '../peers.ts';
import type { CommittedBatch, QuorumListener } from '../quorum.ts';
import { RaftQuorum } from '../raft.ts';
import { type VoterEndpoint, voterNode } from '../voter-set.ts';
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
  readonly seed: string;
  readonly settings?: Readonly<Record<string, string>>;
  readonly faults?: QuorumFaults;
  readonly codecs: Codecs;
  /** Resolves when all microtasks, and what they start in turn, have run. */
  readonly settle: () => Promise<void>;
}

const lookup = {
  apiVersions,
  vote,
  beginQuorumEpoch,
  endQuorumEpoch,
  fetch,
  fetchSnapshot,
  addRaftVoter,
  removeRaftVoter,
  updateRaftVoter,
};

/** Members of one quorum on virtual time, memory disks and a network that a test can cut. */
export class QuorumCluster {
  readonly time: VirtualTime;
  readonly members: Member[] = [];
  readonly #options: ClusterOptions;
  readonly #random: Random;
  readonly #cut = new Set<string>();
  /** Everything that any member was ever told is committed. */
  history: readonly string[] = [];
  /** Leader by epoch, as seen; two in one epoch are the failure that Raft must not have. */
  readonly leaders: Map<number, number> = new Map();
  readonly violations: string[] = [];

  private constructor(options: ClusterOptions) {
    this.#options = options;
    this.time = new VirtualTime(options.settle);
    this.#random = createRandom(options.seed);
  }

  static async start(options: ClusterOptions): Promise<QuorumCluster> {
    const cluster = new QuorumCluster(options);
    for (let id = 1; id <= options.voters + (options.observers ?? 0); id++) {
      const fresh = { disk: new CrashDisk(), replaced: 0, recorder: new Recorder(), quorum: null, life: 0 };
      cluster.members.push({ id, directoryId: directoryOf(id, 0), ...fresh });
    }
    if (options.dynamic === true) await cluster.#format();
    for (const member of cluster.members) await cluster.boot(member.id);
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
      peers: this.#peersOf(member),
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
    this.#cut.add(`${Math.min(a, b)}-${Math.max(a, b)}`);
  }
  isolate(id: number): void {
    for (const other of this.members) if (other.id !== id) this.cut(id, other.id);
  }
  heal(): void {
    this.#cut.clear();
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

  #isCut(a: number, b: number): boolean {
    return this.#cut.has(`${Math.min(a, b)}-${Math.max(a, b)}`);
  }

  #peersOf(member: Member): PeerNetwork {
    const { life } = member;
    const random = this.#random.fork(`network of ${member.id} ${life}`);
    return {
      request: async <A extends ApiSchema>(
        peer: PeerAddress,
        _lane: string,
        api: A,
        draft: Draft<A['request']>,
        timeoutMs: number,
      ): Promise<Message<A['response']> | null> => {
        const deadline = this.time.nowMs + timeoutMs;
        const lost = async (): Promise<null> => {
          await this.time.sleep(Math.max(0, deadline - this.time.nowMs));
          return null;
        };
        await this.time.sleep(0.5 + random.float() * 4);
        const to = Number(peer.host.slice('node-'.length));
        const target = this.member(to).quorum;
        if (target === null) return null;
        if (this.#isCut(member.id, to)) return await lost();
        const version = parseVersions(api.request.versions)!.max;
        const request = decodeMessage(api.request, version, encodeMessage(api.request, version, draft));
        const answer = await answerOf(target, api, request);
        const bytes = encodeMessage(api.response, version, answer as Draft<A['response']>);
        await this.time.sleep(0.5 + random.float() * 4);
        if (this.#isCut(member.id, to) || this.time.nowMs > deadline) return await lost();
        // The answer of a process that has died meanwhile does not arrive.
        if (this.member(to).quorum !== target || member.life !== life) return await lost();
        return decodeMessage(api.response, version, bytes) as Message<A['response']>;
      },
      close: () => {},
    };
  }
}

function directoryOf(id: number, replaced: number): string {
  return `AAAAAAAAAAAAAAAAAAA${replaced % 10}${id}A`;
}

function answerOf(target: RaftQuorum, api: ApiSchema, request: unknown): Promise<unknown> {
  switch (api.key) {
    case lookup.apiVersions.key:
      return Promise.resolve({ supportedFeatures: [{ name: 'kraft.version', minVersion: 0, maxVersion: 1 }] });
    case lookup.vote.key:
      return target.service.vote(request as Message<typeof vote.request>);
    case lookup.beginQuorumEpoch.key:
      return target.service.beginEpoch(request as Message<typeof beginQuorumEpoch.request>);
    case lookup.endQuorumEpoch.key:
      return target.service.endEpoch(request as Message<typeof endQuorumEpoch.request>);
    case lookup.fetch.key:
      return target.service.fetch(request as Message<typeof fetch.request>);
    case lookup.fetchSnapshot.key:
      return target.service.fetchSnapshot(request as Message<typeof fetchSnapshot.request>);
    case lookup.addRaftVoter.key:
      return target.changes.add(request as Message<typeof addRaftVoter.request>);
    case lookup.removeRaftVoter.key:
      return target.changes.remove(request as Message<typeof removeRaftVoter.request>);
    case lookup.updateRaftVoter.key:
      return Promise.resolve(target.changes.update(request as Message<typeof updateRaftVoter.request>));
    default:
      throw new Error(`no member answers ${api.name}`);
  }
}
