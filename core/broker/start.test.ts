import { expect, test } from 'vitest';
import { StillTime } from '../log/testing/world.ts';
import { createMemoryDisk } from '../memory-disk.ts';
import { nodeCodecs as codecs } from '../node/index.ts';
import { apiVersions, createTopics, fetch, initProducerId, produce } from '../protocol/index.ts';
import { createRandom } from '../random.ts';
import { type Disk, DiskError, type Runtime } from '../runtime.ts';
import { Broker, type BrokerOptions } from './index.ts';
import { PipeNetwork } from './testing/pipe-network.ts';
import { batch, TestClient } from './testing/world.ts';

interface Machine {
  readonly time: StillTime;
  readonly disk: Disk;
  readonly network: PipeNetwork;
  readonly logLines: string[];
  start(options?: Partial<BrokerOptions>): Promise<Broker>;
  /** Lets time pass until the promise settles. */
  until<T>(promise: Promise<T>, msMax?: number): Promise<T>;
  connect(broker: Broker): TestClient;
}

let machines = 0;
function machine(): Machine {
  const time = new StillTime();
  const disk = createMemoryDisk({ wallMs: () => time.nowMs });
  const network = new PipeNetwork();
  const logLines: string[] = [];
  const line = (message: string): void => {
    logLines.push(message);
  };
  const log = { debug: line, info: line, warn: line, error: line };
  const until = async <T>(promise: Promise<T>, msMax = 20_000): Promise<T> => {
    let settled = false;
    const done = (): void => {
      settled = true;
    };
    promise.then(done, done);
    for (let ms = 0; ms < msMax && !settled; ms++) await time.pass(1);
    if (!settled) throw new Error(`nothing came of it within ${msMax} ms`);
    return promise;
  };
  return {
    time,
    disk,
    network,
    logLines,
    until,
    start: (options = {}) => {
      const random = createRandom(`machine ${machines++}`);
      const runtime: Runtime = { clock: time, timers: time, random, disk, network, codecs, log };
      const listen = { host: 'localhost', port: 0 };
      return until(Broker.start({ runtime, nodeId: 1, logDirs: ['/data'], listen, ...options }));
    },
    connect: (broker) => new TestClient(network.open('localhost', broker.port), time),
  };
}

async function createTopic(client: TestClient, name: string, configs: Record<string, string> = {}): Promise<void> {
  const response = await client.request(
    createTopics,
    7,
    {
      timeoutMs: 1000,
      topics: [
        {
          name,
          numPartitions: 1,
          replicationFactor: 1,
          configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
        },
      ],
    },
    50,
  );
  expect(response.topics).toMatchObject([{ name, errorCode: 0 }]);
}

const write = async (client: TestClient, values: readonly string[], withinMs = 0) => {
  const response = await client.request(
    produce,
    9,
    {
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: 't', partitionData: [{ index: 0, records: batch(codecs, values) }] }],
    },
    withinMs,
  );
  return response.responses[0]!.partitionResponses[0]!;
};

const highWatermark = async (client: TestClient): Promise<number> => {
  const response = await client.request(fetch, 12, {
    maxWaitMs: 0,
    sessionEpoch: -1,
    topics: [{ topic: 't', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20 }] }],
  });
  return response.responses[0]!.partitions[0]!.highWatermark;
};

test('a start on an empty disk answers at once; a second life keeps cluster, topics, records and producer ids apart', async () => {
  const { start, connect, until, time } = machine();
  const first = await start();
  expect(time.monotonicNs()).toBeLessThan(100e6);
  const client = connect(first);
  await createTopic(client, 't');
  expect(await write(client, ['a', 'b'])).toMatchObject({ errorCode: 0, baseOffset: 0 });
  const { producerId } = await client.request(initProducerId, 4, { transactionalId: null }, 50);
  await until(first.close());
  expect(client.isClosed).toBe(true);
  const second = await start();
  expect([second.clusterId, second.brokerEpoch > first.brokerEpoch]).toEqual([first.clusterId, true]);
  const again = connect(second);
  expect(await highWatermark(again)).toBe(2);
  expect((await again.request(initProducerId, 4, { transactionalId: null }, 50)).producerId).toBeGreaterThan(
    producerId,
  );
  await until(second.close());
});

test('a life that ends without a word is followed by one that recovers and needs no patience', async () => {
  const { start, connect, until, time } = machine();
  const first = await start();
  const client = connect(first);
  await createTopic(client, 't');
  await write(client, ['a', 'b', 'c']);
  // The process is gone: nobody closes anything. Its timers would still fire here, so its heartbeats are stopped.
  first.assembly.close();
  await first.metadataNode.close();
  const before = time.monotonicNs();
  const second = await start();
  expect(time.monotonicNs() - before).toBeLessThan(100e6);
  expect(await highWatermark(connect(second))).toBe(3);
  await until(second.close());
});

test('a start that fails leaves nothing behind', async () => {
  const { start, network, until } = machine();
  const blocker = await network.listen('localhost', 9555, () => {});
  await expect(start({ listen: { host: 'localhost', port: 9555 } })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await blocker.close();
  const broker = await start({ listen: { host: 'localhost', port: 9555 } });
  await expect(start({ clusterId: 'another-cluster-0000AA', logDirs: ['/data'] })).rejects.toThrow(/cluster/);
  await until(broker.close());
});

test('a client that connects early is answered when the broker is ready', async () => {
  const { network, time, until, disk } = machine();
  const random = createRandom('early');
  const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const runtime: Runtime = { clock: time, timers: time, random, disk, network, codecs, log: quiet };
  let answered = false;
  const early = async (): Promise<void> => {
    for (;;) {
      try {
        const client = new TestClient(network.open('localhost', 9555), time);
        await client.send(apiVersions, 0, {});
        answered = true;
        return;
      } catch {
        await time.sleep(1);
      }
    }
  };
  const waiting = early();
  const listen = { host: 'localhost', port: 9555 };
  const broker = await until(Broker.start({ runtime, nodeId: 1, logDirs: ['/data'], listen }));
  await until(waiting, 100);
  expect(answered).toBe(true);
  await until(broker.close());
});

test('when every disk has failed the owner is told, and nothing is acknowledged any more', async () => {
  const { start, connect, disk, until } = machine();
  let broken = false;
  const open = disk.open.bind(disk);
  disk.open = (path, options) => {
    const file = open(path, options);
    const sync = file.sync.bind(file);
    file.sync = () => (broken ? Promise.reject(new DiskError('EIO', path, 'sync')) : sync());
    return file;
  };
  const reasons: string[] = [];
  const broker = await start({ onFatal: (reason) => reasons.push(reason) });
  const client = connect(broker);
  await createTopic(client, 't', { 'flush.messages': '1' });
  expect(await write(client, ['a'], 10)).toMatchObject({ errorCode: 0 });
  broken = true;
  expect(await write(client, ['b'], 10)).toMatchObject({ errorCode: 56 });
  expect(await write(client, ['c'], 10)).toMatchObject({ errorCode: 56 });
  expect(reasons).toHaveLength(1);
  await until(broker.close());
});
