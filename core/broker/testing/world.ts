import { BrokerConfig, TopicConfig } from '../../config/index.ts';
import { LogDirectory } from '../../log/index.ts';
import { StillTime, settle } from '../../log/testing/world.ts';
import { createMemoryDisk } from '../../memory-disk.ts';
import {
  type ApiSchema,
  type Draft,
  decodeResponse,
  encodeRequestFrame,
  type Message,
  peekCorrelationId,
} from '../../protocol/index.ts';
import { createRandom } from '../../random.ts';
import { encodeBatch, type RecordToEncode } from '../../records/index.ts';
import type { Codecs, Disk, Logger, Runtime } from '../../runtime.ts';
import { Assembly } from '../assembly.ts';
import type { BrokerFaults } from '../faults.ts';
import { FrameSplitter } from '../frame-splitter.ts';
import { FakeCluster } from './fake-cluster.ts';
import { type Pipe, PipeNetwork } from './pipe-network.ts';

export interface BrokerWorldOptions {
  readonly codecs: Codecs;
  readonly config?: Record<string, string>;
  readonly disk?: Disk;
  readonly faults?: BrokerFaults;
  /** log.dirs; default one. */
  readonly directories?: readonly string[];
  /** Default 1. */
  readonly nodeId?: number;
  /** A broker of the same cluster: shares its time, network and metadata. */
  readonly beside?: BrokerWorld;
}

/** One broker's request side on a disk, a network and a clock in memory, under metadata that the test writes. */
export interface BrokerWorld {
  readonly time: StillTime;
  readonly disk: Disk;
  readonly cluster: FakeCluster;
  readonly network: PipeNetwork;
  readonly assembly: Assembly;
  readonly port: number;
  readonly logLines: string[];
  readonly codecs: Codecs;
  connect(from?: string): TestClient;
  /** Lets everything that is due happen, without time passing. */
  settle(): Promise<void>;
}

export async function brokerWorld(options: BrokerWorldOptions): Promise<BrokerWorld> {
  const { codecs, directories = ['/data'], nodeId = 1, beside } = options;
  const time = beside?.time ?? new StillTime();
  const disk = options.disk ?? createMemoryDisk({ wallMs: () => time.nowMs });
  const cluster = beside?.cluster ?? new FakeCluster();
  const network = beside?.network ?? new PipeNetwork();
  const logLines: string[] = [];
  const line = (message: string, fields?: Record<string, unknown>): void => {
    logLines.push(
      `${message} ${Object.entries(fields ?? {})
        .map(([key, value]) => `${key}=${String(value)}`)
        .join(' ')}`,
    );
  };
  const log: Logger = { debug: line, info: line, warn: line, error: line };
  const runtime: Runtime = {
    clock: time,
    timers: time,
    random: createRandom(`broker ${nodeId}`),
    disk,
    network,
    codecs,
    log,
  };
  const config = BrokerConfig.parse({
    'node.id': String(nodeId),
    'process.roles': 'broker,controller',
    listeners: 'PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': directories.join(','),
    ...options.config,
  });
  let assembly: Assembly | null = null;
  const logDirectories: LogDirectory[] = [];
  for (const path of directories) {
    const directory: LogDirectory = await LogDirectory.open({
      path,
      runtime,
      configFor: (topic) => assembly?.settingsFor(topic).log ?? new TopicConfig(config).logConfig(),
      nodeId,
      clusterId: '4L6g3nShT-eMCtK--X86sw',
      onOffline: () => assembly?.replicas.directoryOffline(directory),
    });
    logDirectories.push(directory);
  }
  assembly = new Assembly({
    runtime,
    nodeId,
    clusterId: '4L6g3nShT-eMCtK--X86sw',
    config,
    metadata: cluster,
    controller: cluster,
    logDirectories,
    brokerEpoch: () => cluster.brokers.get(nodeId)?.epoch ?? -1,
    kraftVersion: () => 0,
    supportedFeatures: [],
    ...(options.faults === undefined ? undefined : { faults: options.faults }),
  });
  cluster.addListener(assembly.replicas);
  const { server } = assembly;
  const { port } = await server.listen('localhost', 0);
  server.open();
  cluster.broker(nodeId, { endpoints: [{ name: 'PLAINTEXT', host: 'localhost', port, securityProtocol: 0 }] });
  return {
    time,
    disk,
    cluster,
    network,
    assembly,
    port,
    logLines,
    codecs,
    connect: (from) => new TestClient(network.open('localhost', port, from), time),
    settle: async () => {
      await settle();
      await time.pass(0);
      await settle();
    },
  };
}

interface Awaited {
  readonly api: ApiSchema;
  readonly version: number;
  readonly resolve: (body: unknown) => void;
}

/** A client that sends what it is told and keeps what comes back, in order. */
export class TestClient {
  readonly pipe: Pipe;
  readonly time: StillTime;
  /** Correlation ids in the order in which responses came. */
  readonly order: number[] = [];
  closedReason: string | null | undefined = undefined;
  readonly #splitter = new FrameSplitter(1 << 30);
  readonly #awaited = new Map<number, Awaited>();
  readonly frames: Uint8Array[] = [];
  #nextId = 1;

  constructor(pipe: Pipe, time: StillTime) {
    this.pipe = pipe;
    this.time = time;
    if (pipe.isClosed) this.closedReason = null;
    pipe.handler = {
      data: (bytes) => {
        this.#splitter.push(bytes, (frame) => this.#received(frame));
      },
      closed: (reason) => {
        this.closedReason = reason;
      },
    };
  }

  get isClosed(): boolean {
    return this.closedReason !== undefined;
  }
  get unanswered(): number {
    return this.#awaited.size;
  }

  /** Sends without letting anything happen yet. */
  send<A extends ApiSchema>(
    api: A,
    version: number,
    draft: Draft<A['request']>,
    clientId: string | null = 'test',
  ): Promise<Message<A['response']>> {
    const id = this.#nextId++;
    const answer = new Promise<Message<A['response']>>((resolve) => {
      this.#awaited.set(id, { api, version, resolve: resolve as (body: unknown) => void });
    });
    this.pipe.write(encodeRequestFrame(api, version, id, clientId, draft));
    return answer;
  }

  /** Sends and waits up to `withinMs` of the world's time. Rejects when no response comes. */
  async request<A extends ApiSchema>(
    api: A,
    version: number,
    draft: Draft<A['request']>,
    withinMs = 0,
  ): Promise<Message<A['response']>> {
    let body: Message<A['response']> | null = null;
    void this.send(api, version, draft).then((answer) => {
      body = answer;
    });
    await settle();
    await this.time.pass(withinMs);
    await settle();
    await this.time.pass(0);
    if (body === null) throw new Error(`no response to ${api.name} within ${withinMs} ms`);
    return body;
  }

  #received(frame: Uint8Array): void {
    this.frames.push(frame);
    const id = peekCorrelationId(frame);
    this.order.push(id);
    const awaited = this.#awaited.get(id);
    if (awaited === undefined) return;
    this.#awaited.delete(id);
    awaited.resolve(decodeResponse(awaited.api, awaited.version, frame).body);
  }
}

/** A batch of records with these values. */
export function batch(
  codecs: Codecs,
  values: readonly string[],
  options: Parameters<typeof encodeBatch>[2] & { readonly timestamp?: number } = {},
): Uint8Array {
  const { timestamp = 1_700_000_000_000, ...rest } = options;
  const records: RecordToEncode[] = values.map((value, index) => ({
    timestamp: timestamp + index,
    key: null,
    value: new TextEncoder().encode(value),
  }));
  return encodeBatch(records, codecs, rest);
}
