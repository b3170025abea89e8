import { describe, expect, it } from 'vitest';
import { nodeCodecs } from '../../node/codecs.ts';
import { ErrorCode } from '../../protocol/index.ts';
import { batchProducerEpoch } from '../../records/index.ts';
import type { ClientError } from '../client-error.ts';
import type { ConfigInput } from '../config.ts';
import { ClientWorld } from '../testing/world.ts';
import type { SendResult } from './result.ts';
import { ALLOWED_IN, TRANSITIONS } from './transaction-states.ts';
import { TransactionalProducer } from './transactional-producer.ts';

const drain = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const GROUP = { groupId: 'g', generation: 3, memberId: 'm', instanceId: null };

interface Stage {
  readonly world: ClientWorld;
  readonly producer: TransactionalProducer;
  send(value: string, partition?: number): Promise<SendResult>;
  until<T>(promise: Promise<T>): Promise<T>;
  another(): TransactionalProducer;
  /** What the call throws. */
  failure(call: Promise<unknown>): Promise<ClientError>;
}

async function start(level: 1 | 2, config: ConfigInput = {}, partitions = 2): Promise<Stage> {
  const world = await new ClientWorld(nodeCodecs, drain, { partitions, transactions: level }).start();
  const another = (): TransactionalProducer =>
    new TransactionalProducer({
      runtime: world.runtime,
      config: { ...world.bootstrap, 'transactional.id': 'id', 'linger.ms': 0, ...config },
    });
  const producer = another();
  const until = <T>(promise: Promise<T>): Promise<T> => world.time.until(promise);
  return {
    world,
    producer,
    another,
    until,
    send: (value, partition = 0) => until(producer.sendRecord({ topic: 't', partition, value: bytes(value) })),
    failure: (call) =>
      until(
        call.then(
          () => Promise.reject(new Error('it did not fail')),
          (error: ClientError) => error,
        ),
      ),
  };
}

const epochs = (world: ClientWorld): number[] => world.logs[0]!.batches.map((batch) => batchProducerEpoch(batch, 0));

describe('a transaction', () => {
  it('names its partitions first, and keeps its epoch, where transaction.version is 1', async () => {
    const { world, producer, send, until } = await start(1);
    await until(producer.initTransactions());
    for (const value of ['a', 'b']) {
      producer.beginTransaction();
      const sent = [send(value, 0), send(value, 1)];
      await until(producer.commitTransaction());
      expect(await Promise.all(sent)).toMatchObject([{ kind: 'acked' }, { kind: 'acked' }]);
    }
    expect(world.transactions.asked).toEqual([
      'InitProducerId 5',
      'AddPartitionsToTxn 3 t-0 t-1',
      'EndTxn 4 commit',
      'AddPartitionsToTxn 3 t-0 t-1',
      'EndTxn 4 commit',
    ]);
    expect(world.transactions.ended).toEqual([
      { committed: true, parts: ['t-0', 't-1'] },
      { committed: true, parts: ['t-0', 't-1'] },
    ]);
    expect(epochs(world)).toEqual([0, 0]);
  });

  it('leaves that to the broker, and takes the next epoch, where transaction.version is 2 (KIP-890)', async () => {
    const { world, producer, send, until } = await start(2);
    await until(producer.initTransactions());
    for (const value of ['a', 'b']) {
      producer.beginTransaction();
      await send(value);
      await until(producer.commitTransaction());
    }
    expect(world.transactions.asked).toEqual(['InitProducerId 5', 'EndTxn 5 commit', 'EndTxn 5 commit']);
    expect(epochs(world)).toEqual([0, 1]);
  });

  it.each([1, 2] as const)('is aborted with what was not sent yet, level %i', async (level) => {
    const { world, producer, send, until } = await start(level, { 'linger.ms': 500 });
    await until(producer.initTransactions());
    producer.beginTransaction();
    const first = producer.sendRecord({ topic: 't', partition: 0, value: bytes('a') });
    await until(producer.flush());
    const second = producer.sendRecord({ topic: 't', partition: 0, value: bytes('b') });
    await until(producer.abortTransaction());
    expect(await first).toMatchObject({ kind: 'acked' });
    expect(await second).toMatchObject({ kind: 'failed', definite: true });
    expect(world.transactions.ended).toEqual([{ committed: false, parts: ['t-0'] }]);
    producer.beginTransaction();
    await send('c');
    await until(producer.commitTransaction());
    expect(world.logs[0]!.values()).toEqual(['a', 'c']);
  });

  it.each([1, 2] as const)('asks nobody for its end when nothing was sent, level %i', async (level) => {
    const { world, producer, until } = await start(level);
    await until(producer.initTransactions());
    producer.beginTransaction();
    await until(producer.commitTransaction());
    producer.beginTransaction();
    await until(producer.abortTransaction());
    expect(world.transactions.asked).toEqual(['InitProducerId 5']);
  });

  it.each([1, 2] as const)('commits offsets of a group, level %i', async (level) => {
    const { world, producer, until } = await start(level);
    await until(producer.initTransactions());
    producer.beginTransaction();
    await until(producer.sendOffsetsToTransaction([{ topic: 't', partition: 0, offset: 7 }], GROUP));
    await until(producer.commitTransaction());
    expect(world.transactions.ended).toEqual([{ committed: true, parts: ['offsets of g'] }]);
    const added = level === 1 ? ['AddOffsetsToTxn 4 g', 'TxnOffsetCommit 4 g 3'] : ['TxnOffsetCommit 5 g 3'];
    expect(world.transactions.asked.slice(1, -1)).toEqual(added);
  });
});

describe('retries', () => {
  it.each([
    ['the last one is still being ended', ErrorCode.concurrentTransactions],
    ['the coordinator is loading', ErrorCode.coordinatorLoadInProgress],
    ['the coordinator has moved', ErrorCode.notCoordinator],
  ])('go on while %s', async (_name, code) => {
    const { world, producer, send, until } = await start(1);
    for (const api of ['InitProducerId', 'AddPartitionsToTxn', 'EndTxn'])
      world.transactions.faults.set(api, [code, code]);
    await until(producer.initTransactions());
    producer.beginTransaction();
    await send('a');
    await until(producer.commitTransaction());
    expect(world.transactions.ended).toEqual([{ committed: true, parts: ['t-0'] }]);
    expect(world.transactions.asked.filter((one) => one.startsWith('EndTxn'))).toHaveLength(3);
  });

  it.each([1, 2] as const)('of a commit whose answer was lost find it done, level %i', async (level) => {
    const { world, producer, send, until } = await start(level);
    await until(producer.initTransactions());
    producer.beginTransaction();
    await send('a');
    world.transactions.faults.set('EndTxn', ['hangUpAfter']);
    await until(producer.commitTransaction());
    expect(world.transactions.ended).toHaveLength(1);
    producer.beginTransaction();
    await send('b');
    await until(producer.commitTransaction());
    expect(world.transactions.ended).toHaveLength(2);
  });

  it('end after max.block.ms; then only the same call goes on', async () => {
    const { world, producer, send, until, failure } = await start(2, { 'max.block.ms': 2000 });
    await until(producer.initTransactions());
    producer.beginTransaction();
    await send('a');
    world.transactions.faults.set('EndTxn', new Array(40).fill('hangUpBefore'));
    const startMs = world.time.nowMs;
    expect(await failure(producer.commitTransaction())).toMatchObject({ kind: 'timeout', definite: false });
    expect(world.time.nowMs - startMs).toBeLessThanOrEqual(2500);
    expect(await failure(producer.abortTransaction())).toMatchObject({ kind: 'transactionState' });
    expect(() => producer.beginTransaction()).toThrow('committing');
    world.transactions.faults.clear();
    await until(producer.commitTransaction());
    expect(world.transactions.ended).toEqual([{ committed: true, parts: ['t-0'] }]);
  });
});

describe('errors', () => {
  it('of fencing are final', async () => {
    const { world, producer, another, send, until, failure } = await start(1);
    await until(producer.initTransactions());
    producer.beginTransaction();
    await send('a');
    const successor = another();
    await until(successor.initTransactions());
    expect(world.transactions.ended).toEqual([{ committed: false, parts: ['t-0'] }]);
    expect(await failure(producer.commitTransaction())).toMatchObject({ kind: 'fenced', definite: true });
    expect(producer.transactionState).toBe('fatal');
    expect(() => producer.beginTransaction()).toThrow('PRODUCER_FENCED');
    expect(await failure(producer.abortTransaction())).toMatchObject({ kind: 'fenced' });
    successor.beginTransaction();
    await until(successor.sendRecord({ topic: 't', partition: 0, value: bytes('b') }));
    await until(successor.commitTransaction());
  });

  it.each([1, 2] as const)('of a record leave only an abort, and then a new epoch, level %i', async (level) => {
    const { world, producer, send, until, failure } = await start(level);
    await until(producer.initTransactions());
    producer.beginTransaction();
    await send('a');
    world.produceFault = () => ({ kind: 'refuseBefore', errorCode: ErrorCode.invalidRecord });
    expect(await send('b')).toMatchObject({ kind: 'failed' });
    world.produceFault = () => ({ kind: 'none' });
    expect(producer.transactionState).toBe('abortable');
    expect(await send('c')).toMatchObject({
      kind: 'failed',
      errorCode: ErrorCode.transactionAbortable,
      definite: true,
    });
    expect(await failure(producer.commitTransaction())).toMatchObject({ kind: 'abortable', definite: true });
    await until(producer.abortTransaction());
    const ids = world.transactions.asked.filter((one) => one.startsWith('InitProducerId'));
    expect(ids).toEqual(level === 1 ? ['InitProducerId 5', 'InitProducerId 5 of 5000/0'] : ['InitProducerId 5']);
    producer.beginTransaction();
    await send('d');
    await until(producer.commitTransaction());
    expect(epochs(world)).toEqual([0, 1]);
    expect(world.transactions.ended.map(({ committed }) => committed)).toEqual([false, true]);
  });

  it('of a partition that may not join leave only an abort, which nobody has to be asked for', async () => {
    const { world, producer, send, until } = await start(1);
    await until(producer.initTransactions());
    producer.beginTransaction();
    world.transactions.faults.set('AddPartitionsToTxn', [ErrorCode.topicAuthorizationFailed]);
    expect(await send('a')).toMatchObject({
      kind: 'failed',
      definite: true,
      errorCode: ErrorCode.topicAuthorizationFailed,
    });
    await until(producer.abortTransaction());
    expect(world.transactions.asked).not.toContain('EndTxn 4 abort');
    producer.beginTransaction();
    await send('b');
    await until(producer.commitTransaction());
    expect(world.logs[0]!.values()).toEqual(['b']);
  });

  it('of a group that has moved on leave only an abort (KIP-447)', async () => {
    const { world, producer, until, failure } = await start(2);
    await until(producer.initTransactions());
    producer.beginTransaction();
    world.transactions.faults.set('TxnOffsetCommit', [ErrorCode.illegalGeneration]);
    const call = producer.sendOffsetsToTransaction([{ topic: 't', partition: 0, offset: 7 }], GROUP);
    expect(await failure(call)).toMatchObject({ kind: 'abortable', code: ErrorCode.illegalGeneration });
    await until(producer.abortTransaction());
    expect(producer.transactionState).toBe('ready');
  });

  it('TRANSACTION_ABORTABLE at the end leaves an abort (KIP-1050)', async () => {
    const { world, producer, send, until, failure } = await start(2);
    await until(producer.initTransactions());
    producer.beginTransaction();
    await send('a');
    world.transactions.faults.set('EndTxn', [ErrorCode.transactionAbortable]);
    expect(await failure(producer.commitTransaction())).toMatchObject({ kind: 'abortable', definite: true });
    await until(producer.abortTransaction());
    expect(world.transactions.ended).toEqual([{ committed: false, parts: ['t-0'] }]);
  });

  it('of a batch that ran out of time leave only an abort', async () => {
    const { world, producer, send, until, failure } = await start(1, {
      'request.timeout.ms': 300,
      'delivery.timeout.ms': 1000,
    });
    await until(producer.initTransactions());
    producer.beginTransaction();
    world.produceFault = () => ({ kind: 'silenceAfter' });
    const sent = send('a');
    expect(await failure(producer.commitTransaction())).toMatchObject({ kind: 'abortable', definite: true });
    expect(await sent).toMatchObject({ kind: 'failed', definite: false });
    world.produceFault = () => ({ kind: 'none' });
    await until(producer.abortTransaction());
    producer.beginTransaction();
    expect(await send('b')).toMatchObject({ kind: 'acked' });
    await until(producer.commitTransaction());
    expect(epochs(world).at(-1)).toBe(1);
  });
});

describe('states', () => {
  it('are refused what has no meaning in them', async () => {
    const { producer, send, until, failure } = await start(2);
    expect(() => producer.beginTransaction()).toThrow('uninitialized');
    expect(await failure(send('a'))).toMatchObject({ kind: 'transactionState' });
    await until(producer.initTransactions());
    expect(await failure(producer.initTransactions())).toMatchObject({ kind: 'transactionState' });
    expect(await failure(producer.commitTransaction())).toMatchObject({ kind: 'transactionState' });
    producer.beginTransaction();
    await send('a');
    const commit = producer.commitTransaction();
    expect(await failure(producer.abortTransaction())).toMatchObject({ kind: 'transactionState' });
    expect(await failure(producer.sendRecord({ topic: 't', value: null }))).toMatchObject({ kind: 'transactionState' });
    await until(commit);
  });

  it('can all be reached, and only a fatal one is left by nobody', () => {
    const kinds = Object.keys(TRANSITIONS);
    const reached = new Set(Object.values(TRANSITIONS).flat());
    expect(kinds.filter((kind) => kind !== 'uninitialized' && !reached.has(kind as never))).toEqual([]);
    for (const [kind, next] of Object.entries(TRANSITIONS)) expect(next.includes('fatal')).toBe(kind !== 'fatal');
    expect(Object.values(ALLOWED_IN).flat()).not.toContain('fatal');
  });

  it('are left in order by close: what is open is aborted', async () => {
    const { world, producer, send, until } = await start(2);
    await until(producer.initTransactions());
    producer.beginTransaction();
    await send('a');
    await until(producer.close());
    expect(world.transactions.ended).toEqual([{ committed: false, parts: ['t-0'] }]);
  });

  it('need a transactional.id that fits the other configs', async () => {
    const world = await new ClientWorld(nodeCodecs, drain, { transactions: 2 }).start();
    const make = (config: ConfigInput) => () =>
      new TransactionalProducer({ runtime: world.runtime, config: { ...world.bootstrap, ...config } });
    expect(make({})).toThrow('transactional.id');
    expect(make({ 'transactional.id': 'x', acks: '1' })).toThrow('acks=1');
    expect(make({ 'transactional.id': 'x', 'enable.idempotence': false })).toThrow('enable.idempotence');
  });
});
