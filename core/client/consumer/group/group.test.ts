import { describe, expect, it } from 'vitest';
import { nodeCodecs } from '../../../node/codecs.ts';
import { ErrorCode } from '../../../protocol/index.ts';
import { encodeBatch } from '../../../records/index.ts';
import type { TopicPartition } from '../../by-leader.ts';
import { ClientError } from '../../client-error.ts';
import type { ConfigInput } from '../../config.ts';
import { Producer } from '../../producer/producer.ts';
import { ClientWorld } from '../../testing/world.ts';
import { Consumer } from '../consumer.ts';

const drain = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const PARTITIONS = 4;

class Members {
  readonly world: ClientWorld;
  readonly log: string[] = [];
  readonly #config: ConfigInput;
  readonly #stops: (() => void)[] = [];

  constructor(world: ClientWorld, config: ConfigInput) {
    this.world = world;
    this.#config = config;
  }

  /** A consumer that polls all the time, until its `stop` or the end of the test. */
  add(
    name: string,
    config: ConfigInput = {},
  ): { consumer: Consumer; stop: () => void; seen: string[]; failure: () => unknown } {
    const consumer = new Consumer({
      runtime: this.world.runtime,
      config: {
        ...this.world.bootstrap,
        'group.id': 'g',
        'auto.offset.reset': 'earliest',
        'heartbeat.interval.ms': 50,
        'session.timeout.ms': 1000,
        'fetch.max.wait.ms': 20,
        ...this.#config,
        ...config,
      },
    });
    const tell = (what: string) => (partitions: readonly TopicPartition[], generation: number) => {
      this.log.push(`${name} ${what} ${partitions.map((one) => one.partition).join('')} @${generation}`);
    };
    consumer.subscribe(['t'], { assigned: tell('assigned'), revoked: tell('revoked'), lost: tell('lost') });
    const seen: string[] = [];
    let running = true;
    let failure: unknown = null;
    const loop = async (): Promise<void> => {
      while (running) {
        for (const batch of await consumer.poll(20)) {
          for (const record of batch.records()) seen.push(`${batch.partition}/${record.offset}`);
        }
        if (running) await this.world.time.sleep(1);
      }
    };
    loop().catch((error: unknown) => {
      failure = error;
    });
    const stop = (): void => {
      running = false;
    };
    this.#stops.push(stop);
    return { consumer, stop, seen, failure: () => failure };
  }

  /** What one member was told, in order. */
  of(name: string): string[] {
    return this.log.filter((line) => line.startsWith(`${name} `));
  }

  end(): void {
    for (const stop of this.#stops) stop();
  }
}

async function start(
  config: ConfigInput = {},
  options: ConstructorParameters<typeof ClientWorld>[2] = {},
): Promise<Members> {
  const world = await new ClientWorld(nodeCodecs, drain, { partitions: PARTITIONS, ...options }).start();
  for (const log of world.logs) {
    const records = [0, 1, 2].map((index) => ({ timestamp: 1, key: null, value: new Uint8Array([index]) }));
    log.append(encodeBatch(records, nodeCodecs));
  }
  return new Members(world, config);
}

const owned = (consumer: Consumer): number[] => consumer.assignment().map((one) => one.partition);

describe('a group', () => {
  it('with an eager assignor gives everything up before it shares anew', async () => {
    const members = await start({ 'partition.assignment.strategy': 'range' });
    const a = members.add('a');
    await members.world.time.run(300);
    expect(a.seen).toHaveLength(PARTITIONS * 3);
    const b = members.add('b');
    await members.world.time.run(500);
    expect([...owned(a.consumer), ...owned(b.consumer)].sort()).toEqual([0, 1, 2, 3]);
    expect(members.of('a')).toEqual(['a assigned 0123 @1', 'a revoked 0123 @1', 'a assigned 01 @2']);
    expect(members.of('b')).toEqual(['b assigned 23 @2']);
    // Auto commit: what was given up had been committed, so nothing is read twice.
    expect(b.seen).toEqual([]);
    b.stop();
    await members.world.time.until(b.consumer.close());
    await members.world.time.run(500);
    expect(owned(a.consumer)).toEqual([0, 1, 2, 3]);
    members.end();
  });

  it('with the cooperative assignor only moves what has to move (KIP-429)', async () => {
    const members = await start({ 'partition.assignment.strategy': 'cooperative-sticky' });
    const a = members.add('a');
    await members.world.time.run(300);
    const b = members.add('b');
    await members.world.time.run(800);
    expect(members.of('a')).toEqual(['a assigned 0123 @1', 'a revoked 01 @2', 'a assigned  @2', 'a assigned  @3']);
    expect(members.of('b')).toEqual(['b assigned  @2', 'b assigned 01 @3']);
    expect(owned(a.consumer)).toEqual([2, 3]);
    expect(owned(b.consumer)).toEqual([0, 1]);
    expect(b.seen).toEqual([]);
    members.end();
  });

  it('shares again when the topic grows', async () => {
    const members = await start({ 'metadata.max.age.ms': 200 });
    const a = members.add('a');
    await members.world.time.run(300);
    members.world.logs.push(members.world.logs[0]!);
    members.world.leaders.push(1);
    await members.world.time.run(800);
    expect(owned(a.consumer)).toEqual([0, 1, 2, 3, 4]);
    members.end();
  });

  it('whose leader asked a broker that had not heard of the topic yet asks again, and shares', async () => {
    const members = await start();
    const { world } = members;
    const known = world.metadataResponse.bind(world);
    world.metadataResponse = () => ({
      ...known(),
      topics: [{ name: 't', errorCode: ErrorCode.unknownTopicOrPartition, partitions: [] }],
    });
    const a = members.add('a');
    await world.time.run(2000);
    expect(members.of('a')).toEqual(['a assigned  @1']);
    world.metadataResponse = known;
    // The backoff between refreshes is a second at most, and the metadata is far from old.
    await world.time.run(2000);
    expect(owned(a.consumer)).toEqual([0, 1, 2, 3]);
    expect(a.seen).toHaveLength(PARTITIONS * 3);
    members.end();
  });

  it('that threw a member out makes it lose its partitions, and takes it back', async () => {
    const members = await start({ 'enable.auto.commit': false });
    const a = members.add('a');
    await members.world.time.run(300);
    const [id] = members.world.group.members.keys();
    members.world.group.kick(id!);
    await members.world.time.run(500);
    expect(members.log).toEqual(['a assigned 0123 @1', 'a lost 0123 @1', 'a assigned 0123 @2']);
    expect(a.failure()).toBeNull();
    // Nothing was committed: all of it is read again.
    expect(a.seen).toHaveLength(PARTITIONS * 6);
    members.end();
  });

  it('is left by a member that does not poll for max.poll.interval.ms', async () => {
    const members = await start({ 'max.poll.interval.ms': 400 });
    const a = members.add('a');
    const b = members.add('b');
    await members.world.time.run(500);
    expect(owned(a.consumer).length + owned(b.consumer).length).toBe(PARTITIONS);
    a.stop();
    await members.world.time.run(1500);
    expect(members.world.group.members.size).toBe(1);
    expect(owned(b.consumer)).toEqual([0, 1, 2, 3]);
    await members.world.time.until(a.consumer.poll(0));
    expect(members.log.some((line) => line.startsWith('a lost'))).toBe(true);
    members.end();
  });

  it('survives broken connections without a rebalance', async () => {
    const members = await start();
    const a = members.add('a');
    await members.world.time.run(300);
    members.world.network.cut();
    await members.world.time.run(1000);
    expect(members.log).toEqual(['a assigned 0123 @1']);
    expect(a.failure()).toBeNull();
    members.end();
  });
});

describe('commits', () => {
  it('carry the generation, and come back to whoever takes over', async () => {
    const members = await start({ 'enable.auto.commit': false });
    const { world } = members;
    const a = members.add('a');
    await world.time.run(300);
    a.stop();
    await world.time.run(50);
    await world.time.until(a.consumer.commitSync([{ topic: 't', partition: 1, offset: 2 }]));
    expect(world.group.commits).toEqual(['t 1 2 1']);
    const asked = [
      { topic: 't', partition: 1 },
      { topic: 't', partition: 2 },
    ];
    const committed = await world.time.until(a.consumer.committed(asked));
    expect(committed.map((one) => one?.offset ?? null)).toEqual([2, null]);
    await world.time.until(a.consumer.close());
    const b = members.add('b');
    await world.time.run(300);
    expect(b.seen.filter((record) => record.startsWith('1/'))).toEqual(['1/2']);
    members.end();
  });

  it('of a member that is out are refused, definitely', async () => {
    const members = await start({ 'enable.auto.commit': false, 'heartbeat.interval.ms': 900 });
    const { world } = members;
    const a = members.add('a');
    await world.time.run(300);
    a.stop();
    await world.time.run(50);
    const [id] = world.group.members.keys();
    world.group.kick(id!);
    const error = await world.time.until(a.consumer.commitSync()).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ClientError);
    expect(error).toMatchObject({ kind: 'rebalanced', code: ErrorCode.unknownMemberId, definite: true });
    members.end();
  });

  it('of a consumer that is no member yet are refused, definitely', async () => {
    const members = await start({ 'enable.auto.commit': false });
    const { world } = members;
    const consumer = new Consumer({ runtime: world.runtime, config: { ...world.bootstrap, 'group.id': 'g' } });
    consumer.subscribe(['t']);
    const offsets = [{ topic: 't', partition: 0, offset: 1 }];
    const error = await world.time.until(consumer.commitSync(offsets)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ kind: 'rebalanced', definite: true });
    expect(world.group.commits).toEqual([]);
    await world.time.until(consumer.close());
  });

  it('are repeated while the coordinator is away; what stays unknown is not called definite', async () => {
    const members = await start({ 'enable.auto.commit': false });
    const { world } = members;
    const a = members.add('a');
    await world.time.run(300);
    a.stop();
    await world.time.run(50);
    world.group.commitError = ErrorCode.coordinatorLoadInProgress;
    const waiting = a.consumer.commitSync(undefined, 5000);
    await world.time.run(500);
    world.group.commitError = 0;
    await world.time.until(waiting);
    expect(world.group.commits).toHaveLength(PARTITIONS);
    for (const [code, definite] of [
      [ErrorCode.coordinatorLoadInProgress, true],
      [ErrorCode.notCoordinator, false],
      [ErrorCode.requestTimedOut, false],
    ] as const) {
      world.group.commitError = code;
      const error = await world.time.until(a.consumer.commitSync(undefined, 1000)).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ kind: 'timeout', code, definite });
    }
    members.end();
  });

  it('happen by themselves, for what earlier polls gave', async () => {
    const members = await start({ 'auto.commit.interval.ms': 100, 'max.poll.records': 1 });
    const { world } = members;
    const a = members.add('a');
    await world.time.run(1000);
    expect(a.seen).toHaveLength(PARTITIONS * 3);
    expect([...world.group.committed.values()]).toEqual([3, 3, 3, 3]);
    members.end();
  });
});

it('the oldest versions of everything suffice to produce and consume in a group', async () => {
  const members = await start({ 'partition.assignment.strategy': 'roundrobin' }, { oldest: true });
  const { world } = members;
  const producer = new Producer({ runtime: world.runtime, config: { ...world.bootstrap, 'linger.ms': 0 } });
  const sent = producer.sendRecord({ topic: 't', partition: 2, value: new Uint8Array(3) });
  expect(await world.time.until(sent)).toMatchObject({ kind: 'acked', offset: 3 });
  const a = members.add('a');
  const b = members.add('b');
  await world.time.run(1000);
  expect([a.failure(), b.failure()]).toEqual([null, null]);
  expect([...owned(a.consumer), ...owned(b.consumer)].sort()).toEqual([0, 1, 2, 3]);
  expect(new Set([...a.seen, ...b.seen]).size).toBe(PARTITIONS * 3 + 1);
  a.stop();
  b.stop();
  await world.time.run(50);
  await world.time.until(a.consumer.commitSync());
  await world.time.until(Promise.all([a.consumer.close(), b.consumer.close()]));
  expect(world.group.members.size).toBe(0);
  await world.time.until(producer.close());
});
