import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeCodecs } from '../../node/codecs.ts';
import { ErrorCode } from '../../protocol/index.ts';
import { batchProducerEpoch, partitionForKey } from '../../records/index.ts';
import type { ClientError } from '../client-error.ts';
import type { ConfigInput } from '../config.ts';
import { ClientWorld, type ProduceFault } from '../testing/world.ts';
import { Producer } from './producer.ts';
import type { BatchOutcome, SendResult } from './result.ts';

const drain = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function start(
  config: ConfigInput = {},
  options: { brokers?: number; partitions?: number; onBatch?: (outcome: BatchOutcome) => void } = {},
): Promise<{ world: ClientWorld; producer: Producer }> {
  const world = await new ClientWorld(nodeCodecs, drain, options).start();
  const producer = new Producer({
    runtime: world.runtime,
    config: { ...world.bootstrap, ...config },
    ...(options.onBatch === undefined ? {} : { onBatch: options.onBatch }),
  });
  return { world, producer };
}

/** Answers the batches one after another with these faults, and none after the last. */
function faults(world: ClientWorld, list: readonly ProduceFault[]): void {
  const left = [...list];
  world.produceFault = () => left.shift() ?? { kind: 'none' };
}

describe('acknowledgements', () => {
  it('give the offset, partition and epoch of each record', async () => {
    const { world, producer } = await start({ 'linger.ms': 10 });
    const results = [0, 1, 2].map((index) =>
      producer.sendRecord({ topic: 't', value: bytes(`${index}`), timestampMs: 5 + index }),
    );
    expect(await world.time.until(Promise.all(results))).toEqual(
      [0, 1, 2].map((offset) => ({ kind: 'acked', partition: 0, offset, timestamp: 5 + offset, leaderEpoch: 0 })),
    );
    expect(world.logs[0]!.batches).toHaveLength(1);
    await world.time.until(producer.close());
  });

  it('come with offset -1 as soon as the bytes are on their way, with acks=0', async () => {
    const { world, producer } = await start({ acks: '0', 'linger.ms': 0 });
    const result = await world.time.until(producer.sendRecord({ topic: 't', value: bytes('x') }));
    expect(result).toMatchObject({ kind: 'acked', offset: -1 });
    await world.time.run(100);
    expect(world.logs[0]!.values()).toEqual(['x']);
  });

  it('wait for linger.ms, a full batch, or flush', async () => {
    const { world, producer } = await start({ 'linger.ms': 500, 'batch.size': 300 });
    const topic = await world.time.until(producer.topic('t'));
    const acked: number[] = [];
    const send = (): void =>
      void producer.send(topic, 0, null, new Uint8Array(100), [], 0, () => acked.push(world.time.nowMs));
    send();
    const startMs = world.time.nowMs;
    await world.time.run(400);
    expect(acked).toEqual([]);
    await world.time.run(200);
    expect(acked[0]! - startMs).toBeGreaterThanOrEqual(500);
    for (let index = 0; index < 3; index++) send();
    await world.time.run(50);
    expect(acked.length).toBeGreaterThanOrEqual(2);
    send();
    await world.time.until(producer.flush(), 100);
    expect(acked).toHaveLength(5);
  });
});

describe('partitioning', () => {
  it('follows the key, and sticks to one partition without one', async () => {
    const { world, producer } = await start({ 'linger.ms': 1, 'batch.size': 1000 }, { partitions: 5 });
    for (const key of ['a', 'b', 'c', 'd']) {
      const result = await world.time.until(producer.sendRecord({ topic: 't', key: bytes(key), value: null }));
      expect(result).toMatchObject({ partition: partitionForKey(bytes(key), 5) });
    }
    const partitions: number[] = [];
    for (let index = 0; index < 60; index++) {
      const result = await world.time.until(producer.sendRecord({ topic: 't', value: new Uint8Array(100) }));
      if (result.kind === 'acked') partitions.push(result.partition);
    }
    const switches = partitions.filter((partition, index) => index > 0 && partition !== partitions[index - 1]).length;
    expect(partitions).toHaveLength(60);
    expect(switches).toBeGreaterThan(1);
    expect(switches).toBeLessThan(8);
  });

  it('refuses a partition that the topic does not have', async () => {
    const { world, producer } = await start();
    const result = await world.time.until(producer.sendRecord({ topic: 't', partition: 7, value: null }));
    expect(result).toMatchObject({ kind: 'failed', definite: true, errorCode: ErrorCode.unknownTopicOrPartition });
  });
});

describe('retries', () => {
  const survivable: [string, ProduceFault][] = [
    ['a leader that is not one', { kind: 'refuseBefore', errorCode: ErrorCode.notLeaderOrFollower }],
    ['too few replicas', { kind: 'refuseBefore', errorCode: ErrorCode.notEnoughReplicas }],
    ['too few replicas after the append', { kind: 'refuseAfter', errorCode: ErrorCode.notEnoughReplicasAfterAppend }],
    ['a broken connection before the append', { kind: 'hangUpBefore' }],
    ['a broken connection after the append', { kind: 'hangUpAfter' }],
    ['an answer that never comes', { kind: 'silenceAfter' }],
  ];
  it.each(survivable)('survive %s without a duplicate', async (_name, fault) => {
    const { world, producer } = await start({ 'linger.ms': 0, 'request.timeout.ms': 500 });
    faults(world, [fault]);
    const first = producer.sendRecord({ topic: 't', value: bytes('0') });
    expect(await world.time.until(first)).toMatchObject({ kind: 'acked', offset: 0 });
    expect(world.logs[0]!.values()).toEqual(['0']);
  });

  it('go to the new leader', async () => {
    const { world, producer } = await start({ 'linger.ms': 0 }, { brokers: 2 });
    await world.time.until(producer.sendRecord({ topic: 't', value: bytes('0') }));
    world.lead(0, 2);
    const result = await world.time.until(producer.sendRecord({ topic: 't', value: bytes('1') }));
    expect(result).toMatchObject({ kind: 'acked', offset: 1, leaderEpoch: 1 });
  });

  it('may write twice without idempotence, and never lose what was acknowledged', async () => {
    const { world, producer } = await start({ 'linger.ms': 0, 'enable.idempotence': false });
    faults(world, [{ kind: 'hangUpAfter' }]);
    const result = await world.time.until(producer.sendRecord({ topic: 't', value: bytes('0') }));
    expect(result).toMatchObject({ kind: 'acked', offset: 1 });
    expect(world.logs[0]!.values()).toEqual(['0', '0']);
  });

  it('stop at delivery.timeout.ms: definite only for what was never sent', async () => {
    const { world, producer } = await start({
      'linger.ms': 0,
      'request.timeout.ms': 1000,
      'delivery.timeout.ms': 3000,
      'max.in.flight.requests.per.connection': 1,
      'socket.connection.setup.timeout.ms': 500,
    });
    await world.time.until(producer.sendRecord({ topic: 't', value: bytes('0') }));
    world.network.weather = { kind: 'blackHole' };
    const sent = producer.sendRecord({ topic: 't', value: bytes('1') });
    await world.time.run(10);
    const waiting = producer.sendRecord({ topic: 't', value: bytes('2') });
    const startMs = world.time.nowMs;
    expect(await world.time.until(sent)).toMatchObject({ kind: 'failed', definite: false });
    expect(await world.time.until(waiting)).toMatchObject({ kind: 'failed', definite: true });
    expect(world.time.nowMs - startMs).toBeLessThanOrEqual(3100);
    world.network.weather = { kind: 'clear' };
    world.network.cut();
    expect(await world.time.until(producer.sendRecord({ topic: 't', value: bytes('3') }))).toMatchObject({
      kind: 'acked',
    });
    expect(world.logs[0]!.values()).toEqual(['0', '3']);
  });

  it('are not made for what no retry cures', async () => {
    const { world, producer } = await start({ 'linger.ms': 0 });
    faults(world, [{ kind: 'refuseBefore', errorCode: ErrorCode.invalidRecord }]);
    const result = await world.time.until(producer.sendRecord({ topic: 't', value: bytes('0') }));
    expect(result).toMatchObject({ kind: 'failed', definite: true, errorCode: ErrorCode.invalidRecord });
    const next = await world.time.until(producer.sendRecord({ topic: 't', value: bytes('1') }));
    expect(next).toMatchObject({ kind: 'acked', offset: 0 });
  });
});

describe('idempotence', () => {
  it('keeps one batch in flight until the first is acknowledged: a broker takes any first sequence', async () => {
    const { world, producer } = await start({ 'linger.ms': 0, 'batch.size': 1 });
    faults(world, [{ kind: 'refuseBefore', errorCode: ErrorCode.unknownTopicOrPartition }]);
    const results = [0, 1, 2, 3].map((index) => producer.sendRecord({ topic: 't', value: bytes(`${index}`) }));
    for (const result of await world.time.until(Promise.all(results))) expect(result.kind).toBe('acked');
    expect(world.logs[0]!.values()).toEqual(['0', '1', '2', '3']);
  });

  const unknown: ProduceFault = { kind: 'refuseBefore', errorCode: ErrorCode.unknownProducerId };

  it('bumps the epoch when the broker has forgotten the producer (KIP-360)', async () => {
    const { world, producer } = await start({ 'linger.ms': 0, 'batch.size': 1 });
    await world.time.until(producer.sendRecord({ topic: 't', value: bytes('0') }));
    world.logs[0]!.forgetProducers();
    faults(world, [unknown, unknown, unknown]);
    const results = [1, 2, 3].map((index) => producer.sendRecord({ topic: 't', value: bytes(`${index}`) }));
    for (const result of await world.time.until(Promise.all(results))) expect(result.kind).toBe('acked');
    expect(world.logs[0]!.values()).toEqual(['0', '1', '2', '3']);
    expect(world.producerIds).toBe(1);
  });

  it('bumps the epoch when the broker has lost what came before, and writes the batch', async () => {
    const { world, producer } = await start({ 'linger.ms': 0, 'batch.size': 1 });
    await world.time.until(producer.sendRecord({ topic: 't', value: bytes('0') }));
    const lost: ProduceFault = { kind: 'refuseBefore', errorCode: ErrorCode.outOfOrderSequenceNumber };
    faults(world, [lost, lost]);
    const results = [1, 2].map((index) => producer.sendRecord({ topic: 't', value: bytes(`${index}`) }));
    for (const result of await world.time.until(Promise.all(results), 2000)) expect(result.kind).toBe('acked');
    expect(world.logs[0]!.values()).toEqual(['0', '1', '2']);
    expect(batchProducerEpoch(world.logs[0]!.batches[1]!, 0)).toBe(1);
  });

  it('gives a batch up rather than write it behind a later one', async () => {
    const { world, producer } = await start({ 'linger.ms': 0, 'batch.size': 1 });
    await world.time.until(producer.sendRecord({ topic: 't', value: bytes('0') }));
    world.logs[0]!.forgetProducers();
    faults(world, [unknown]);
    const results = [1, 2, 3].map((index) => producer.sendRecord({ topic: 't', value: bytes(`${index}`) }));
    const [first, ...others] = await world.time.until(Promise.all(results));
    expect(first).toMatchObject({ kind: 'failed', definite: true });
    for (const result of others) expect(result.kind).toBe('acked');
    expect(world.logs[0]!.values()).toEqual(['0', '2', '3']);
  });

  it('takes a new producer id after it was fenced', async () => {
    const { world, producer } = await start({ 'linger.ms': 0 });
    await world.time.until(producer.sendRecord({ topic: 't', value: bytes('0') }));
    faults(world, [{ kind: 'refuseBefore', errorCode: ErrorCode.invalidProducerEpoch }]);
    const fenced = await world.time.until(producer.sendRecord({ topic: 't', value: bytes('1') }));
    expect(fenced).toMatchObject({ kind: 'failed', definite: true });
    const next = await world.time.until(producer.sendRecord({ topic: 't', value: bytes('2') }));
    expect(next).toMatchObject({ kind: 'acked', offset: 1 });
    expect(world.producerIds).toBe(2);
  });

  it('is switched off by what conflicts with it, and refused when it was asked for', async () => {
    const runtime = (await start()).world.runtime;
    const make = (config: ConfigInput): Producer =>
      new Producer({ runtime, config: { 'bootstrap.servers': 'b:1', ...config } });
    expect(make({ acks: '1' }).config.idempotent).toBe(false);
    expect(make({}).config.idempotent).toBe(true);
    expect(() => make({ acks: '1', 'enable.idempotence': true })).toThrow('enable.idempotence');
    expect(() => make({ 'transactional.id': 'x', retries: 0 })).toThrow('transactional.id');
    expect(() => make({ 'linger.mz': 3 })).toThrow('linger.mz');
  });

  const fault: fc.Arbitrary<ProduceFault> = fc.oneof(
    { weight: 4, arbitrary: fc.constant<ProduceFault>({ kind: 'none' }) },
    fc.record({
      kind: fc.constantFrom('refuseBefore' as const),
      errorCode: fc.constantFrom<number>(
        ErrorCode.notLeaderOrFollower,
        ErrorCode.notEnoughReplicas,
        ErrorCode.unknownTopicOrPartition,
        ErrorCode.invalidRecord,
        ErrorCode.messageTooLarge,
        ErrorCode.unknownServerError,
      ),
    }),
    fc.record({
      kind: fc.constantFrom('refuseAfter' as const),
      errorCode: fc.constantFrom<number>(
        ErrorCode.notLeaderOrFollower,
        ErrorCode.notEnoughReplicasAfterAppend,
        ErrorCode.requestTimedOut,
        ErrorCode.kafkaStorageError,
        ErrorCode.unknownServerError,
      ),
    }),
    fc.constantFrom<ProduceFault>(
      { kind: 'hangUpBefore' },
      { kind: 'hangUpAfter' },
      { kind: 'silenceBefore' },
      { kind: 'silenceAfter' },
      { kind: 'delay', ms: 30 },
      { kind: 'delay', ms: 900 },
    ),
  );

  it('keeps order, writes nothing twice, and is honest about the rest, whatever the brokers do', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fault, { maxLength: 25 }),
        fc.integer({ min: 1, max: 5 }),
        async (list, maxInFlight) => {
          const { world, producer } = await start(
            {
              'linger.ms': 0,
              'batch.size': 100,
              'request.timeout.ms': 600,
              'delivery.timeout.ms': 4000,
              'max.in.flight.requests.per.connection': maxInFlight,
            },
            { partitions: 2 },
          );
          faults(world, list);
          const sent: { partition: number; value: string; result: SendResult | null }[] = [];
          const topic = await world.time.until(producer.topic('t'));
          for (let index = 0; index < 30; index++) {
            const record = { partition: index % 2, value: `${index}`, result: null as SendResult | null };
            sent.push(record);
            producer.send(topic, record.partition, null, bytes(record.value), [], 0, (result) => {
              record.result = result;
            });
            if (index % 3 === 0) await world.time.run(20);
          }
          await world.time.until(producer.flush(), 60_000);
          // Nothing that happened may leave a partition unable to go on.
          world.produceFault = () => ({ kind: 'none' });
          for (const partition of [0, 1]) {
            const after = producer.sendRecord({ topic: 't', partition, value: bytes(`${1000 + partition}`) });
            expect(await world.time.until(after, 3000)).toMatchObject({ kind: 'acked' });
          }
          for (const [partition, log] of world.logs.entries()) {
            const values = log.values();
            const own = sent.filter((record) => record.partition === partition);
            expect(new Set(values).size, 'a record stands twice').toBe(values.length);
            const numbers = values.map(Number);
            expect(numbers, 'out of order').toEqual([...numbers].sort((a, b) => a - b));
            for (const { value, result } of own) {
              if (result === null) throw new Error('a record has no end');
              if (result.kind === 'acked') expect(values[result.offset], 'acknowledged, but not there').toBe(value);
              else if (result.definite) expect(values, 'definitely failed, but there').not.toContain(value);
            }
          }
          await world.time.until(producer.close());
        },
      ),
      { numRuns: 150 },
    );
  }, 60_000);
});

describe('a batch that the broker finds too large', () => {
  it('is split until it fits, in order and with the acknowledgement of every record (KIP-126)', async () => {
    const { world, producer } = await start({ 'linger.ms': 5, 'batch.size': 100_000 });
    await world.time.until(producer.sendRecord({ topic: 't', value: bytes('0') }));
    world.batchBytesMax = 400;
    const results = Array.from({ length: 40 }, (_, index) =>
      producer.sendRecord({ topic: 't', value: bytes(`${index + 1}`.padEnd(50)) }),
    );
    await world.time.run(1);
    const flushed = producer.flush();
    for (const [index, result] of (await world.time.until(Promise.all(results))).entries()) {
      expect(result).toMatchObject({ kind: 'acked', offset: index + 1 });
    }
    await world.time.until(flushed);
    expect(world.logs[0]!.values().map(Number)).toEqual(Array.from({ length: 41 }, (_, index) => index));
    expect(producer.bufferedBytes).toBe(0);
    const large = await world.time.until(producer.sendRecord({ topic: 't', value: new Uint8Array(1000) }));
    expect(large).toMatchObject({ kind: 'failed', definite: true, errorCode: ErrorCode.messageTooLarge });
    const after = await world.time.until(producer.sendRecord({ topic: 't', value: bytes('41') }));
    expect(after).toMatchObject({ kind: 'acked', offset: 41 });
  });
});

describe('buffer.memory', () => {
  it('holds senders back, and lets them go on when batches have ended', async () => {
    const ended: number[] = [];
    const { world, producer } = await start(
      { 'buffer.memory': 2000, 'linger.ms': 10_000, 'batch.size': 100_000 },
      { onBatch: ({ tokens }) => ended.push(...tokens) },
    );
    const topic = await world.time.until(producer.topic('t'));
    let added = 0;
    while (producer.append(topic, 0, 0, null, new Uint8Array(100), [], added)) added++;
    expect(added).toBeGreaterThan(10);
    expect(producer.bufferedBytes).toBeLessThanOrEqual(2000);
    // A full buffer is sent although linger.ms is far away.
    await world.time.until(producer.writable(), 1000);
    expect(ended).toHaveLength(added);
    expect(producer.append(topic, 0, 0, null, new Uint8Array(100), [], added)).toBe(true);
  });

  it('fails what waits longer than max.block.ms', async () => {
    const { world, producer } = await start({ 'buffer.memory': 1000, 'linger.ms': 0, 'max.block.ms': 200 });
    const topic = await world.time.until(producer.topic('t'));
    world.network.weather = { kind: 'blackHole' };
    const results: SendResult[] = [];
    let accepted = true;
    for (let index = 0; index < 20; index++) {
      accepted = producer.send(topic, 0, null, new Uint8Array(100), [], 0, (result) => results.push(result));
    }
    expect(accepted).toBe(false);
    await world.time.run(300);
    expect(results.length).toBeGreaterThan(5);
    for (const result of results) expect(result).toMatchObject({ kind: 'failed', definite: true });
  });
});

describe('close', () => {
  it('waits for what is under way, and tells what did not make it', async () => {
    const { world, producer } = await start({ 'linger.ms': 10_000 });
    const result = producer.sendRecord({ topic: 't', value: bytes('0') });
    await world.time.run(50);
    await world.time.until(producer.close());
    expect(await result).toMatchObject({ kind: 'acked', offset: 0 });

    const other = await start({ 'linger.ms': 0 });
    await other.world.time.until(other.producer.sendRecord({ topic: 't', value: bytes('0') }));
    other.world.network.weather = { kind: 'blackHole' };
    const lost = other.producer.sendRecord({ topic: 't', value: bytes('1') });
    await other.world.time.run(50);
    await other.world.time.until(other.producer.close(1000), 1100);
    expect(await lost).toMatchObject({ kind: 'failed', definite: false });
    const refused = await other.producer.topic('u').catch((error: ClientError) => error.kind);
    expect(refused).toBe('closed');
    await other.world.time.run(60_000);
    expect(other.world.time.pending).toBe(0);
  });
});
