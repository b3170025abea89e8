import { describe, expect, it } from 'vitest';
import { nodeCodecs } from '../../node/codecs.ts';
import { ErrorCode } from '../../protocol/index.ts';
import { encodeBatch } from '../../records/index.ts';
import { ClientError } from '../client-error.ts';
import type { ConfigInput } from '../config.ts';
import { ClientWorld } from '../testing/world.ts';
import { Consumer } from './consumer.ts';

const drain = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const decoder = new TextDecoder();
const T0 = { topic: 't', partition: 0 };
const T1 = { topic: 't', partition: 1 };

async function start(
  config: ConfigInput = {},
  options: ConstructorParameters<typeof ClientWorld>[2] = {},
): Promise<{ world: ClientWorld; consumer: Consumer; moves: string[] }> {
  const world = await new ClientWorld(nodeCodecs, drain, options).start();
  const moves: string[] = [];
  const consumer = new Consumer({
    runtime: world.runtime,
    config: { ...world.bootstrap, 'auto.offset.reset': 'earliest', ...config },
    onPosition: (topic, partition, offset) => moves.push(`${topic}-${partition}@${offset}`),
  });
  return { world, consumer, moves };
}

/** One batch with these values, appended by the leader. */
function put(world: ClientWorld, partition: number, ...values: string[]): void {
  const records = values.map((value) => ({ timestamp: 1, key: null, value: new TextEncoder().encode(value) }));
  world.logs[partition]!.append(encodeBatch(records, nodeCodecs));
}

async function poll(world: ClientWorld, consumer: Consumer, maxWaitMs = 100): Promise<string[]> {
  const batches = await world.time.until(consumer.poll(maxWaitMs), maxWaitMs + 1);
  return batches.flatMap((batch) =>
    [...batch.records()].map((record) => `${batch.partition}/${record.offset}=${decoder.decode(record.value!)}`),
  );
}

/** Polls until there are `count` records. */
async function read(world: ClientWorld, consumer: Consumer, count: number): Promise<string[]> {
  const records: string[] = [];
  for (let polls = 0; records.length < count; polls++) {
    if (polls > 100) throw new Error(`${records.length} of ${count} records: ${records}`);
    records.push(...(await poll(world, consumer)));
  }
  return records;
}

async function failure(promise: Promise<unknown>): Promise<ClientError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ClientError);
  return error as ClientError;
}

describe('reading assigned partitions', () => {
  it('starts where auto.offset.reset says and goes on in order', async () => {
    const { world, consumer, moves } = await start();
    put(world, 0, 'a', 'b');
    consumer.assign([T0]);
    expect(await read(world, consumer, 2)).toEqual(['0/0=a', '0/1=b']);
    put(world, 0, 'c');
    expect(await read(world, consumer, 1)).toEqual(['0/2=c']);
    expect(moves).toEqual(['t-0@0']);
    expect(consumer.currentLag(T0)).toBe(0);
    expect(await poll(world, consumer)).toEqual([]);
  });

  it('from the end sees only what comes later', async () => {
    const { world, consumer } = await start({ 'auto.offset.reset': 'latest' });
    put(world, 0, 'a', 'b');
    consumer.assign([T0]);
    expect(await world.time.until(consumer.position(T0))).toBe(2);
    put(world, 0, 'c');
    expect(await read(world, consumer, 1)).toEqual(['0/2=c']);
  });

  it('gives at most max.poll.records, and every partition its turn', async () => {
    const { world, consumer } = await start({ 'max.poll.records': 2 }, { partitions: 2 });
    put(world, 0, 'a', 'b', 'c', 'd', 'e');
    put(world, 1, 'f', 'g', 'h');
    consumer.assign([T0, T1]);
    const polls: string[][] = [];
    while (polls.flat().length < 8) polls.push(await poll(world, consumer));
    for (const records of polls) expect(records.length).toBeLessThanOrEqual(2);
    const all = polls.flat();
    expect(all.filter((record) => record.startsWith('0/'))).toEqual(['0/0=a', '0/1=b', '0/2=c', '0/3=d', '0/4=e']);
    expect(all.slice(0, 5).some((record) => record.startsWith('1/'))).toBe(true);
  });

  it('drops what was fetched for a position that is no longer it', async () => {
    const { world, consumer } = await start();
    for (const value of ['a', 'b', 'c', 'd']) put(world, 0, value);
    consumer.assign([T0]);
    await world.time.until(consumer.position(T0));
    const polling = consumer.poll(0);
    await world.time.until(polling);
    consumer.seek(T0, 3);
    expect(await read(world, consumer, 1)).toEqual(['0/3=d']);
    consumer.seek(T0, 1);
    expect(await read(world, consumer, 3)).toEqual(['0/1=b', '0/2=c', '0/3=d']);
  });

  it('holds a paused partition back', async () => {
    const { world, consumer } = await start({ 'fetch.max.wait.ms': 20 }, { partitions: 2 });
    put(world, 0, 'a');
    put(world, 1, 'b');
    consumer.assign([T0, T1]);
    consumer.pause([T1]);
    expect(await read(world, consumer, 1)).toEqual(['0/0=a']);
    expect(await poll(world, consumer)).toEqual([]);
    consumer.resume([T1]);
    expect(await read(world, consumer, 1)).toEqual(['1/0=b']);
  });

  it('fetches ahead within bounds', async () => {
    const { world, consumer } = await start({ 'max.poll.records': 1, 'max.partition.fetch.bytes': 100 });
    put(world, 0, 'a', 'b', 'c');
    consumer.assign([T0]);
    await read(world, consumer, 1);
    await world.time.run(1000);
    const before = world.fetches.length;
    put(world, 0, 'x'.repeat(200));
    await read(world, consumer, 3);
    const after = world.fetches.length;
    // Nothing more is asked for while a full partition's worth lies unread.
    for (let index = 0; index < 5; index++) await world.time.run(100);
    expect(world.fetches.length).toBe(after);
    expect(after - before).toBeLessThanOrEqual(3);
  });

  it('tells where logs begin and end', async () => {
    const { world, consumer } = await start();
    put(world, 0, 'a');
    put(world, 0, 'b');
    world.logs[0]!.dropBelow(1);
    expect(await world.time.until(consumer.beginningOffsets([T0]))).toEqual([1]);
    expect(await world.time.until(consumer.endOffsets([T0]))).toEqual([2]);
  });
});

describe('trouble', () => {
  it('with the connection or the leader only costs time', async () => {
    const { world, consumer } = await start({}, { brokers: 2 });
    put(world, 0, 'a');
    consumer.assign([T0]);
    await read(world, consumer, 1);
    world.network.cut();
    put(world, 0, 'b');
    expect(await read(world, consumer, 1)).toEqual(['0/1=b']);
    world.lead(0, 2);
    put(world, 0, 'c');
    expect(await read(world, consumer, 1)).toEqual(['0/2=c']);
  });

  it('with the offset resets by the policy, or is thrown', async () => {
    const { world, consumer, moves } = await start();
    put(world, 0, 'a');
    put(world, 0, 'b');
    world.logs[0]!.dropBelow(1);
    consumer.assign([T0]);
    consumer.seek(T0, 0);
    expect(await read(world, consumer, 1)).toEqual(['0/1=b']);
    expect(moves).toEqual(['t-0@1']);

    const strict = await start({ 'auto.offset.reset': 'none' });
    strict.consumer.assign([T0]);
    strict.consumer.seek(T0, 9);
    expect((await failure(strict.world.time.until(strict.consumer.poll(5000)))).kind).toBe('noOffset');
  });

  it('with a checksum is thrown, and the next poll tries again', async () => {
    const { world, consumer } = await start();
    put(world, 0, 'a');
    const good = world.logs[0]!.batches[0]!;
    const bad = good.slice();
    bad[bad.length - 2]! ^= 1;
    world.fetchAnswer = () => ({ records: bad });
    consumer.assign([T0]);
    expect((await failure(world.time.until(consumer.poll(1000)))).kind).toBe('malformed');
    world.fetchAnswer = () => ({});
    expect(await read(world, consumer, 1)).toEqual(['0/0=a']);
  });

  it('with permissions is thrown with its code', async () => {
    const { world, consumer } = await start();
    world.fetchAnswer = () => ({ errorCode: ErrorCode.topicAuthorizationFailed });
    consumer.assign([T0]);
    expect((await failure(world.time.until(consumer.poll(1000)))).code).toBe(ErrorCode.topicAuthorizationFailed);
  });
});

describe('a log that was cut (KIP-320)', () => {
  async function cut(config: ConfigInput): Promise<{ world: ClientWorld; consumer: Consumer; moves: string[] }> {
    const made = await start({ 'metadata.max.age.ms': 300, 'fetch.max.wait.ms': 50, ...config }, { brokers: 2 });
    const { world, consumer, moves } = made;
    for (const value of ['a', 'b', 'c', 'd']) put(world, 0, value);
    consumer.assign([T0]);
    await read(world, consumer, 4);
    world.logs[0]!.truncate(2);
    world.lead(0, 2);
    for (const value of ['C', 'D', 'E', 'F']) put(world, 0, value);
    moves.length = 0;
    return made;
  }

  it('is noticed after a change of leader, and read again from where it was cut', async () => {
    const { world, consumer, moves } = await cut({});
    expect(await read(world, consumer, 4)).toEqual(['0/2=C', '0/3=D', '0/4=E', '0/5=F']);
    expect(moves).toEqual(['t-0@2']);
  });

  it('is thrown without a reset policy', async () => {
    const made = await start(
      { 'auto.offset.reset': 'none', 'metadata.max.age.ms': 300, 'fetch.max.wait.ms': 50 },
      { brokers: 2 },
    );
    const { world, consumer } = made;
    for (const value of ['a', 'b', 'c', 'd']) put(world, 0, value);
    consumer.assign([T0]);
    consumer.seek(T0, 0);
    await read(world, consumer, 4);
    world.logs[0]!.truncate(2);
    world.lead(0, 2);
    put(world, 0, 'C');
    expect((await failure(world.time.until(consumer.poll(5000)))).kind).toBe('truncated');
  });

  it('is noticed when a fetch says so', async () => {
    const { world, consumer, moves } = await start();
    for (const value of ['a', 'b', 'c', 'd']) put(world, 0, value);
    consumer.assign([T0]);
    await read(world, consumer, 4);
    world.fetchAnswer = (_broker, asked) =>
      asked.fetchOffset === 4 ? { divergingEpoch: { epoch: 0, endOffset: 1 }, records: new Uint8Array(0) } : {};
    moves.length = 0;
    expect(await read(world, consumer, 3)).toEqual(['0/1=b', '0/2=c', '0/3=d']);
    expect(moves).toEqual(['t-0@1']);
  });
});

describe('a preferred replica (KIP-392)', () => {
  it('is fetched from, until it fails', async () => {
    const { world, consumer } = await start({ 'client.rack': 'here' }, { brokers: 2 });
    world.followersServe = true;
    put(world, 0, 'a');
    const served: number[] = [];
    world.fetchAnswer = (broker) => {
      served.push(broker);
      return broker === 1 ? { preferredReadReplica: 2, records: new Uint8Array(0) } : {};
    };
    consumer.assign([T0]);
    expect(await read(world, consumer, 1)).toEqual(['0/0=a']);
    expect(served.slice(0, 2)).toEqual([1, 2]);
    expect(world.fetches[0]!.rackId).toBe('here');
    // The follower is behind: only the leader's word about the offset counts.
    served.length = 0;
    put(world, 0, 'b');
    world.fetchAnswer = (broker) => {
      served.push(broker);
      return broker === 2 ? { errorCode: ErrorCode.offsetOutOfRange, records: new Uint8Array(0) } : {};
    };
    expect(await read(world, consumer, 1)).toEqual(['0/1=b']);
    expect(served).toContain(1);
  });
});
