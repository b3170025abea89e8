import { Admin, type ConfigInput, Producer } from '../../core/client/index.ts';
import type { Runtime } from '../../core/runtime.ts';
import { parseWorkload } from '../../workloads/parse.ts';
import { SimulatedCluster } from '../cluster.ts';
import { plainCodecs, type SimNode, World, type WorldOptions } from '../index.ts';

const FILE = `
target: sim
cluster: { brokers: 3 }
topics: [{ name: t }]
producers: [{ topic: t, rate: 1/s }]
`;
const TOPIC = 'ledger';
const PARTITIONS = 6;
const IDS = [1, 2, 3] as const;
const EVERY_MS = 5;

/**
 * Three brokers that are controllers too, with default configs, and one client that sends a record to every partition
 * every 5 ms, or to those of one leader. What a fault costs is the longest time from a record's moment to its acknowledgement.
 */
export class FailoverWorld {
  readonly world: World;
  readonly cluster: SimulatedCluster;
  readonly client: SimNode;
  readonly #runtime: Runtime;
  #failures: string[] = [];
  #longestMs = 0;
  #waiting = 0;
  /** Partitions that records are sent to. */
  readonly #loaded: number[] = [];

  private constructor(seed: string, afterMicrotasks: WorldOptions['afterMicrotasks']) {
    this.world = new World({ seed, codecs: plainCodecs, afterMicrotasks });
    const parsed = parseWorkload(FILE, { file: 'failover.yaml', set: [] });
    if (!parsed.ok) throw new Error(parsed.diagnostics.map(({ message }) => message).join('; '));
    this.cluster = new SimulatedCluster(this.world, parsed.workload, {}, (text) => this.#failures.push(text));
    this.client = this.world.addNode({ name: 'client', host: 'client' });
    this.#runtime = this.client.runtime;
  }

  /** Everything is led by the active controller (`both`), by another broker (`apart`), or each partition by its own (`spread`). */
  static async start(
    seed: string,
    led: 'both' | 'apart' | 'spread',
    afterMicrotasks: WorldOptions['afterMicrotasks'],
  ): Promise<FailoverWorld> {
    const scene = new FailoverWorld(seed, afterMicrotasks);
    await scene.until(() => IDS.every((id) => scene.cluster.broker(id) !== null && scene.controller > 0));
    const leader = led !== 'apart' ? scene.controller : IDS.find((id) => id !== scene.controller)!;
    // When leaders are spread, only the controller's partitions are under load: nothing else ends a fetch that waits.
    const step = led === 'spread' ? IDS.length : 1;
    for (let index = 0; index < PARTITIONS; index += step) scene.#loaded.push(index);
    const assignment = [leader, ...IDS.filter((id) => id !== leader)];
    await scene.#onClient(async () => {
      const admin = new Admin({ runtime: scene.#runtime, config: scene.#config });
      const turned = (by: number): number[] => [...assignment.slice(by), ...assignment.slice(0, by)];
      const assignments = Array.from({ length: PARTITIONS }, (_, index) =>
        turned(led === 'spread' ? index % IDS.length : 0),
      );
      const [made] = await admin.createTopics([{ name: TOPIC, assignments, config: { 'min.insync.replicas': '2' } }]);
      if (made?.errorCode !== 0) throw new Error(`no topic: error ${made?.errorCode}`);
      await admin.close();
    });
    await scene.#onClient(async () => {
      const producer = new Producer({ runtime: scene.#runtime, config: { ...scene.#config, acks: 'all' } });
      await producer.sendRecord({ topic: TOPIC, value: VALUE });
      scene.#send(producer);
    });
    await scene.run(3000);
    return scene;
  }

  get #config(): ConfigInput {
    return { 'bootstrap.servers': this.cluster.bootstrap.join(',') };
  }

  node(id: number): SimNode {
    return this.cluster.nodeOf(id)!;
  }

  /** As most of those know it that live; -1 for none. */
  get controller(): number {
    const known = IDS.map((id) => this.cluster.broker(id)?.metadataNode.quorum.leader.id ?? -1);
    return known.find((id) => id > 0 && known.filter((each) => each === id).length >= 2) ?? -1;
  }

  /** Who leads the topic, as the newest image has it. */
  get leader(): number {
    return this.#partition(0)?.leader ?? -1;
  }

  /** Members of the smallest in-sync set, as the newest image has them. */
  get inSync(): number {
    return Math.min(...Array.from({ length: PARTITIONS }, (_, index) => this.#partition(index)?.isr.length ?? 0));
  }

  /** Fenced brokers, as the newest image has them. */
  get fenced(): number[] {
    return IDS.filter((id) => this.#newest?.brokers.get(id)?.fenced === true);
  }

  /** Leader epochs of all partitions and of the metadata quorum: every election adds at least one. */
  get elections(): number {
    const epochs = IDS.map((id) => this.cluster.broker(id)?.metadataNode.quorum.leader.epoch ?? 0);
    let sum = Math.max(...epochs);
    for (let index = 0; index < PARTITIONS; index++) sum += this.#partition(index)?.leaderEpoch ?? 0;
    return sum;
  }

  get #newest() {
    const images = IDS.map((id) => this.cluster.broker(id)?.metadataNode.metadata.image).filter((one) => one != null);
    return images.sort((a, b) => b.endOffset - a.endOffset)[0];
  }

  #partition(index: number) {
    return this.#newest?.topicsByName.get(TOPIC)?.partitions[index];
  }

  /** The longest that a record has taken or, if it is not acknowledged yet, takes; counted anew from each call. */
  takeLongestMs(): number {
    const longest = this.#longestMs;
    this.#longestMs = 0;
    return longest;
  }

  /** Records without an answer. */
  get waiting(): number {
    return this.#waiting;
  }

  get failures(): readonly string[] {
    return this.#failures;
  }

  /** Leadership goes back to where it was at first. */
  async electPreferred(): Promise<void> {
    await this.#onClient(async () => {
      const admin = new Admin({ runtime: this.#runtime, config: this.#config });
      await admin.electLeaders('preferred', null);
      await admin.close();
    });
  }

  async run(ms: number): Promise<void> {
    await this.world.run({ timeNs: this.world.nowNs + ms * 1e6 });
  }

  /** Bounded by a virtual minute. @throws Error when it is not so by then. */
  async until(done: () => boolean): Promise<void> {
    const endNs = this.world.nowNs + 60e9;
    await this.world.run(() => done() || this.world.nowNs > endNs);
    if (!done()) throw new Error(`not within a minute; ${this.#failures.join('; ')}`);
  }

  async #onClient(act: () => Promise<void>): Promise<void> {
    let done = false;
    let failure: unknown = null;
    const ended = (error: unknown): void => {
      failure = error;
      done = true;
    };
    this.client.post({ serve: () => void act().then(() => ended(null), ended) }, 0);
    await this.until(() => done);
    if (failure !== null) throw failure;
  }

  #send(producer: Producer): void {
    const { timers, clock } = this.#runtime;
    const dueNs = clock.monotonicNs();
    for (const partition of this.#loaded) {
      this.#waiting++;
      void producer.sendRecord({ topic: TOPIC, partition, value: VALUE }).then((result) => {
        this.#waiting--;
        this.#longestMs = Math.max(this.#longestMs, (clock.monotonicNs() - dueNs) / 1e6);
        if (result.kind === 'failed') this.#failures.push(result.message);
      });
    }
    timers.after(EVERY_MS, () => this.#send(producer));
  }
}

const VALUE = new Uint8Array(100);
