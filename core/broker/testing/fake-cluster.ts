import type { ControllerPort } from '../../controller/admin.ts';
import type {
  BrokerImage,
  ConfigResourceKind,
  MetadataDelta,
  MetadataImage,
  MetadataListener,
  PartitionImage,
  TopicImage,
} from '../../controller/image.ts';
import type { ApiSchema, Draft, Message } from '../../protocol/index.ts';
import type { MetadataView } from '../services.ts';

/** A cluster's metadata that a test writes by hand, and a controller that answers as the test says. */
export class FakeCluster implements MetadataView, ControllerPort {
  readonly controllerId = 1;
  readonly brokers: Map<number, BrokerImage> = new Map();
  readonly topicsByName: Map<string, TopicImage> = new Map();
  readonly topicsById: Map<string, TopicImage> = new Map();
  readonly topicConfigs: Map<string, ReadonlyMap<string, string>> = new Map();
  readonly features: Map<string, number> = new Map([['metadata.version', 29]]);
  /** What was asked of the controller. */
  readonly asked: { readonly api: ApiSchema; readonly request: unknown }[] = [];
  /** By API key. */
  readonly answers: Map<number, (request: never) => unknown> = new Map();
  endOffset = 1;
  readonly #listeners: MetadataListener[] = [];
  #nextTopic = 1;

  constructor() {
    let nextProducerId = 1000;
    this.answers.set(67, () => {
      const producerIdStart = nextProducerId;
      nextProducerId += 1000;
      return { errorCode: 0, producerIdStart, producerIdLen: 1000 };
    });
    this.broker(1);
  }

  get image(): MetadataImage {
    return {
      endOffset: this.endOffset,
      epoch: 1,
      brokers: this.brokers,
      topicsByName: this.topicsByName,
      topicsById: this.topicsById,
      configs: (kind: ConfigResourceKind, name: string) =>
        (kind === 'topic' ? this.topicConfigs.get(name) : undefined) ?? new Map<string, string>(),
      configuredNames: (kind: ConfigResourceKind) => (kind === 'topic' ? [...this.topicConfigs.keys()].sort() : []),
      features: this.features,
      nextProducerId: 0,
    };
  }

  addListener(listener: MetadataListener): void {
    this.#listeners.push(listener);
  }

  async waitFor(offset: number): Promise<boolean> {
    return offset <= this.endOffset;
  }

  async send<A extends ApiSchema>(
    api: A,
    _version: number,
    request: Message<A['request']>,
  ): Promise<Draft<A['response']> | null> {
    this.asked.push({ api, request });
    const answer = this.answers.get(api.key);
    return answer === undefined ? null : (answer(request as never) as Draft<A['response']>);
  }

  broker(id: number, change: Partial<BrokerImage> = {}): void {
    this.brokers.set(id, {
      id,
      epoch: 100 + id,
      incarnationId: 'AAAAAAAAAAAAAAAAAAAAAA',
      endpoints: [{ name: 'PLAINTEXT', host: `host-${id}`, port: 9092, securityProtocol: 0 }],
      rack: null,
      fenced: false,
      inControlledShutdown: false,
      directories: [],
      ...this.brokers.get(id),
      ...change,
    });
    this.#tell({ brokersChanged: new Set([id]) });
  }

  /** Creates a topic; every partition has the same replicas, all in sync, led by the first. */
  topic(
    name: string,
    options: { partitions?: number; replicas?: readonly number[]; configs?: Record<string, string> } = {},
  ): TopicImage {
    const { partitions = 1, replicas = [1], configs = {} } = options;
    const id = `${'A'.repeat(16)}${String(this.#nextTopic++).padStart(5, '0')}A`;
    this.topicConfigs.set(name, new Map(Object.entries(configs)));
    const topic = {
      id,
      name,
      partitions: Array.from(
        { length: partitions },
        (_, partition): PartitionImage => ({
          topicId: id,
          topic: name,
          partition,
          replicas,
          directories: replicas.map(() => 'AAAAAAAAAAAAAAAAAAAAAA'),
          isr: replicas,
          elr: [],
          lastKnownElr: [],
          addingReplicas: [],
          removingReplicas: [],
          leader: replicas[0]!,
          leaderEpoch: 0,
          partitionEpoch: 0,
          recoveryState: 0,
        }),
      ),
    };
    this.#put(topic);
    return topic;
  }

  /** A change of one partition; its partition epoch rises. */
  change(name: string, partition: number, change: Partial<PartitionImage>): void {
    const topic = this.topicsByName.get(name)!;
    this.#put({
      ...topic,
      partitions: topic.partitions.map((each) =>
        each.partition === partition ? { ...each, partitionEpoch: each.partitionEpoch + 1, ...change } : each,
      ),
    });
  }

  configure(name: string, configs: Record<string, string>): void {
    this.topicConfigs.set(name, new Map(Object.entries(configs)));
    this.#tell({ configsChanged: [{ kind: 'topic', name }] });
  }

  remove(name: string): void {
    const topic = this.topicsByName.get(name)!;
    this.topicsByName.delete(name);
    this.topicsById.delete(topic.id);
    this.#tell({ topicsDeleted: new Map([[topic.id, topic]]) });
  }

  #put(topic: TopicImage): void {
    this.topicsByName.set(topic.name, topic);
    this.topicsById.set(topic.id, topic);
    this.#tell({ topicsChanged: new Set([topic.name]) });
  }

  #tell(change: Partial<MetadataDelta>): void {
    this.endOffset++;
    const delta: MetadataDelta = {
      topicsChanged: new Set(),
      topicsDeleted: new Map(),
      brokersChanged: new Set(),
      configsChanged: [],
      featuresChanged: false,
      ...change,
    };
    for (const listener of this.#listeners) listener.metadataChanged(delta, this.image);
  }
}
