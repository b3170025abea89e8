import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BrokerProcess } from '../../workloads/live/broker-process.ts';
import { freePorts, installKafka, kafkaTool, launchKafka } from './apache-kafka.ts';
import { type Checks, expectEqual, expectMatch } from './checks.ts';
import { eventually } from './cluster-process.ts';
import { type Finished, stopProcess, waitForLine } from './process.ts';

const CHECK_MS = 240_000;
const TOOL_MS = 60_000;
const CLUSTER_ID = 'bWl4ZWQtdm90ZXJzLWluYQ';

/**
 * A quorum whose voters change while it runs (KIP-853): our nodes 1 and 3, and Kafka's node 2, each on a directory that
 * `kafka-storage format` made, changed by `kafka-metadata-quorum add-controller` and `remove-controller`.
 */
export async function checkVoters(checks: Checks): Promise<void> {
  await installKafka();
  await checkUpgrade(checks);
  await using quorum = await MixedQuorum.create('asked');

  await checks.run(
    'voters: a directory that kafka-storage formatted with --standalone is a quorum here',
    async () => {
      await quorum.format(1, '--standalone');
      await quorum.start(1);
      expectEqual(await quorum.voters(), [`1 ${quorum.directoryOf(1)}`], 'voters');
      const removed = await quorum.tool(['remove-controller', ...quorum.named(1)]);
      expectEqual(removed.code, 1, 'exit code of removing the last voter');
      expectMatch(removed.stderr, /VoterNotFoundException: Cannot remove voter ReplicaKey\(id=1, /, 'reason');
    },
    CHECK_MS,
  );

  await checks.run(
    'voters: add-controller takes in a controller of Kafka, and one of ours',
    async () => {
      await quorum.join(2);
      await quorum.join(3);
      const expected = [1, 2, 3].map((id) => `${id} ${quorum.directoryOf(id)}`);
      expectEqual(await quorum.voters(), expected, 'voters');
      const again = await quorum.add(3);
      expectEqual(again.code, 1, 'exit code of adding it twice');
      expectMatch(again.stderr, /DuplicateVoterException: The voter id for ReplicaKey\(id=3, /, 'reason');
      const features = await kafkaTool('FeatureCommand', ['--bootstrap-server', quorum.bootstrap, 'describe']);
      expectMatch(features.stdout, /Feature: kraft.version\s.*FinalizedVersionLevel: 1\s/, 'kraft.version');
    },
    CHECK_MS,
  );

  await checks.run(
    'voters: a leader of ours is removed and hands over; with a new disk it joins again, whoever leads',
    async () => {
      expectEqual(await quorum.leader(), 1, 'leader');
      const former = quorum.named(1);
      await quorum.removed(1);
      await quorum.stop(1);
      await quorum.format(1, '--no-initial-controllers');
      await quorum.start(1);
      const refused = await quorum.tool(['remove-controller', ...former]);
      expectEqual(refused.code, 1, 'exit code of removing it twice');
      await quorum.added(1);
      const expected = [1, 2, 3].map((id) => `${id} ${quorum.directoryOf(id)}`);
      expectEqual(await quorum.voters(), expected, 'voters');
    },
    CHECK_MS,
  );

  await checks.run(
    'voters: Kafka leads, removes and adds a controller of ours, and is removed itself',
    async () => {
      for (let attempt = 0; attempt < 6 && (await quorum.leader()) !== 2; attempt++) {
        // Whoever leaves as the leader comes back as a voter behind the others.
        const leader = await quorum.leader();
        await quorum.removed(leader);
        await quorum.added(leader);
      }
      expectEqual(await quorum.leader(), 2, 'leader');
      await quorum.removed(3);
      await quorum.added(3);
      await quorum.removed(2);
      const leader = await quorum.leader();
      expectMatch(String(leader), /^[13]$/, 'leader of ours');
      await quorum.createTopic('after-all', 3);
      expectEqual(
        await quorum.voters(),
        [1, 3].map((id) => `${id} ${quorum.directoryOf(id)}`),
        'voters',
      );
    },
    CHECK_MS,
  );
}

/** A quorum that begins at kraft.version 0, its voters in the configuration: our followers tell Kafka's leader of themselves. */
async function checkUpgrade(checks: Checks): Promise<void> {
  await using quorum = await MixedQuorum.create('configured');
  await checks.run(
    'voters: Kafka leads controllers of ours and raises kraft.version, with their directories',
    async () => {
      for (const id of [2, 1, 3]) await quorum.format(id, null);
      await Promise.all([2, 1, 3].map((id) => quorum.start(id)));
      const first = await quorum.leader();
      if (first !== 2) {
        // The one that is away misses a record, so of it and Kafka only Kafka can be elected.
        const behind = 4 - first;
        await quorum.stop(behind);
        await quorum.createTopic('missed', 1);
        await quorum.stop(first);
        await quorum.start(behind);
        expectEqual(await quorum.leader(), 2, 'leader');
        await quorum.start(first);
      }
      const upgrade = ['--bootstrap-server', quorum.bootstrap, 'upgrade', '--feature', 'kraft.version=1'];
      await eventually('kraft.version is 1', async () => {
        const { code, stdout, stderr } = await kafkaTool('FeatureCommand', upgrade);
        return { done: code === 0, shown: `${stdout}${stderr}` };
      });
      expectEqual(await quorum.leader(), 2, 'leader');
      const expected = [1, 2, 3].map((id) => `${id} ${quorum.directoryOf(id)}`);
      expectEqual(await quorum.voters(), expected, 'voters');
    },
    CHECK_MS,
  );
}

/**
 * Three nodes, of which 1 and 3 are ours, 2 is Kafka's. `asked`: they are given nothing but where the others are;
 * `configured`: they are given who votes.
 */
class MixedQuorum implements AsyncDisposable {
  readonly #kind: 'asked' | 'configured';
  readonly #folder: string;
  readonly #clients: readonly number[];
  readonly #controllers: readonly number[];
  readonly #ours = new Map<number, BrokerProcess>();
  #kafka: ChildProcess | null = null;

  private constructor(kind: 'asked' | 'configured', folder: string, ports: readonly number[]) {
    this.#kind = kind;
    this.#folder = folder;
    this.#clients = ports.slice(0, 3);
    this.#controllers = ports.slice(3);
  }

  static async create(kind: 'asked' | 'configured'): Promise<MixedQuorum> {
    return new MixedQuorum(kind, mkdtempSync(join(tmpdir(), 'faultline-voters-')), await freePorts(6));
  }

  get bootstrap(): string {
    return `localhost:${this.#clients[2]},localhost:${this.#clients[0]}`;
  }

  async format(id: number, who: '--standalone' | '--no-initial-controllers' | null): Promise<void> {
    const data = this.#data(id);
    rmSync(data, { recursive: true, force: true });
    const settings = { 'node.id': String(id), 'process.roles': 'broker,controller', 'log.dirs': data };
    const lines = Object.entries({ ...settings, ...this.#config(id) }).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(this.#properties(id), lines.join(''));
    const args = ['format', ...(who === null ? [] : [who]), '-t', CLUSTER_ID, '-c', this.#properties(id)];
    const formatted = await kafkaTool('StorageTool', args);
    expectEqual(formatted.code, 0, `exit code of format (${formatted.stdout}${formatted.stderr})`);
  }

  async start(id: number): Promise<void> {
    if (id === 2) {
      this.#kafka = launchKafka(this.#properties(id));
      await waitForLine(this.#kafka, /Kafka Server started/, TOOL_MS);
      return;
    }
    const port = this.#clients[id - 1]!;
    const place = { nodeId: id, port, rack: null, clusterId: CLUSTER_ID, directory: this.#data(id) };
    const node = new BrokerProcess({ ...place, config: this.#config(id) });
    this.#ours.set(id, node);
    await node.start();
  }

  async stop(id: number): Promise<void> {
    await this.#ours.get(id)?.kill();
  }

  async join(id: number): Promise<void> {
    await this.format(id, '--no-initial-controllers');
    await this.start(id);
    await this.added(id);
  }

  /** kafka-metadata-quorum, asked of the brokers of ours. */
  tool(args: readonly string[]): Promise<Finished> {
    return kafkaTool('MetadataQuorumCommand', ['--bootstrap-server', this.bootstrap, ...args], { timeoutMs: TOOL_MS });
  }

  add(id: number): Promise<Finished> {
    return this.tool(['--command-config', this.#properties(id), 'add-controller']);
  }

  /** Adds it, as soon as it has caught up. */
  async added(id: number): Promise<void> {
    await eventually(`controller ${id} votes`, async () => {
      const { code, stdout, stderr } = await this.add(id);
      return { done: code === 0 || /DuplicateVoter/.test(stderr), shown: `${stdout}${stderr}` };
    });
  }

  async removed(id: number): Promise<void> {
    const gone = this.named(id);
    await eventually(`controller ${id} votes no more`, async () => {
      const { code, stdout, stderr } = await this.tool(['remove-controller', ...gone]);
      return { done: code === 0 || /VoterNotFound/.test(stderr), shown: `${stdout}${stderr}` };
    });
  }

  async createTopic(name: string, replicas: number): Promise<void> {
    const create = ['--create', '--topic', name, '--partitions', '3', '--replication-factor', String(replicas)];
    const made = await kafkaTool('TopicCommand', ['--bootstrap-server', this.bootstrap, ...create]);
    expectEqual(made.code, 0, `exit code (${made.stdout}${made.stderr})`);
  }

  named(id: number): readonly string[] {
    return ['--controller-id', String(id), '--controller-directory-id', this.directoryOf(id)];
  }

  directoryOf(id: number): string {
    return /^directory\.id=(\S+)$/m.exec(readFileSync(join(this.#data(id), 'meta.properties'), 'utf8'))![1]!;
  }

  async voters(): Promise<readonly string[]> {
    const voters = /^CurrentVoters:\s+(\[.*\])$/m.exec(await this.#status())![1]!;
    const described = JSON.parse(voters) as { id: number; directoryId: string; endpoints: string[] }[];
    for (const { id, endpoints } of described) {
      expectEqual(endpoints, [`CONTROLLER://localhost:${this.#controllers[id - 1]}`], `endpoints of ${id}`);
    }
    return described.map(({ id, directoryId }) => `${id} ${directoryId}`).sort();
  }

  async leader(): Promise<number> {
    return Number(/^LeaderId:\s+(\d+)$/m.exec(await this.#status())![1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.#ours.values()) await node.kill();
    if (this.#kafka !== null) await stopProcess(this.#kafka, 3000);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #status(): Promise<string> {
    let status = '';
    await eventually('the quorum has a leader', async () => {
      const { code, stdout, stderr } = await this.tool(['describe', '--status']);
      status = stdout;
      return { done: code === 0 && /^LeaderId:\s+\d+$/m.test(stdout), shown: `${stdout}${stderr}` };
    });
    return status;
  }

  #config(id: number): Record<string, string> {
    const listeners = `PLAINTEXT://localhost:${this.#clients[id - 1]},CONTROLLER://localhost:${this.#controllers[id - 1]}`;
    return {
      listeners,
      'advertised.listeners': listeners,
      'controller.listener.names': 'CONTROLLER',
      ...(this.#kind === 'asked'
        ? { 'controller.quorum.bootstrap.servers': this.#controllers.map((port) => `localhost:${port}`).join(',') }
        : { 'controller.quorum.voters': this.#controllers.map((port, at) => `${at + 1}@localhost:${port}`).join(',') }),
    };
  }

  #data(id: number): string {
    return join(this.#folder, `data-${id}`);
  }

  #properties(id: number): string {
    return join(this.#folder, `${id}.properties`);
  }
}
