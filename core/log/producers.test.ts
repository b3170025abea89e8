import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nodeCodecs } from '../node/codecs.ts';
import { encodeEndTransactionMarker } from '../records/index.ts';
import type { Log } from './log.ts';
import { LogError } from './outcomes.ts';
import { appended, asClient, batchOf, logWorld } from './testing/world.ts';

const start = 1_700_000_000_000;

interface Sent {
  readonly sequence: number;
  readonly epoch?: number;
  readonly count?: number;
  readonly transactional?: boolean;
  readonly producerId?: number;
}

function from({ sequence, epoch = 0, count = 1, transactional = false, producerId = 7 }: Sent): Uint8Array {
  return batchOf(nodeCodecs, `s${sequence}`, count, {
    producerId,
    producerEpoch: epoch,
    baseSequence: sequence,
    transactional,
  });
}

function marker(outcome: 'commit' | 'abort', producerId = 7, coordinatorEpoch = 1, producerEpoch = 0): Uint8Array {
  return encodeEndTransactionMarker(
    { outcome, coordinatorEpoch, producerId, producerEpoch, timestamp: start },
    nodeCodecs,
  );
}

const asCoordinator = { origin: 'coordinator' as const, leaderEpoch: 0 };

function send(log: Log, sent: Sent) {
  return log.append(from(sent), asClient);
}

/** A transactional batch with the guard that KIP-890 asks for. */
function sendInTransaction(log: Log, sent: Sent) {
  const guard = log.beginVerification(sent.producerId ?? 7, sent.sequence, sent.epoch ?? 0, false);
  const bytes = from({ ...sent, transactional: true });
  return log.append(bytes, { ...asClient, ...(guard === null ? {} : { verificationGuard: guard }) });
}

describe('an idempotent producer', () => {
  test('its last five batches are recognised, wherever the log was closed or crashed meanwhile', async () => {
    const world = logWorld(nodeCodecs, { segmentBytes: 400 });
    let log = await world.open();
    for (let i = 0; i < 8; i++) appended(send(log, { sequence: i * 2, count: 2 }));
    for (const restart of ['none', 'crash', 'clean']) {
      if (restart === 'clean') await log.close();
      if (restart !== 'none') log = await world.open({ cleanShutdown: restart === 'clean' });
      // A snapshot holds the last batch only; the others are looked up in the log.
      for (const i of [3, 4, 5, 6, 7]) {
        const again = send(log, { sequence: i * 2, count: 2 });
        expect(again).toMatchObject({
          kind: 'duplicate',
          baseOffset: i * 2,
          lastOffset: i * 2 + 1,
          timestampMs: start + 1,
        });
      }
      expect(send(log, { sequence: 0, count: 2 })).toMatchObject({ errorCode: LogError.outOfOrderSequence });
      expect(send(log, { sequence: 17 })).toMatchObject({ errorCode: LogError.outOfOrderSequence });
    }
    expect(appended(send(log, { sequence: 16 })).baseOffset).toBe(16);
  });

  test('a gap, an old epoch and a new epoch that does not begin at 0 are refused', async () => {
    const log = await logWorld(nodeCodecs).open();
    appended(send(log, { sequence: 5 }));
    expect(send(log, { sequence: 7 })).toMatchObject({ errorCode: LogError.outOfOrderSequence });
    appended(send(log, { sequence: 6 }));
    expect(send(log, { sequence: 1, epoch: 1 })).toMatchObject({ errorCode: LogError.outOfOrderSequence });
    appended(send(log, { sequence: 0, epoch: 1 }));
    expect(send(log, { sequence: 7 })).toMatchObject({ errorCode: LogError.invalidProducerEpoch });
  });

  test('sequences wrap after 2^31 - 1', async () => {
    const log = await logWorld(nodeCodecs).open();
    appended(send(log, { sequence: 2147483646, count: 3 }));
    expect(send(log, { sequence: 2147483646, count: 3 }).kind).toBe('duplicate');
    appended(send(log, { sequence: 1 }));
  });

  test('is forgotten after its expiration, but not amid a transaction', async () => {
    const world = logWorld(nodeCodecs);
    const log = await world.open();
    appended(send(log, { sequence: 0 }));
    appended(sendInTransaction(log, { sequence: 0, producerId: 8 }));
    world.time.nowMs += log.config.producerIdExpirationMs + 1;
    log.removeExpiredProducers();
    expect(log.activeProducers().map((producer) => producer.producerId)).toEqual([8]);
    appended(send(log, { sequence: 42 }));
  });

  test('the variant that ignores duplicates appends them again', async () => {
    const log = await logWorld(nodeCodecs).open({ faults: { ignoreDuplicates: true } });
    appended(send(log, { sequence: 0 }));
    expect(send(log, { sequence: 0 }).kind).toBe('appended');
  });

  test('a batch again in the same turn is a duplicate, too', async () => {
    const log = await logWorld(nodeCodecs).open();
    const bytes = from({ sequence: 0 });
    const results = log.appendAll([1, 2, 3].map(() => ({ bytes, options: asClient })));
    expect(results.map((result) => result.kind)).toEqual(['appended', 'duplicate', 'duplicate']);
    expect(log.logEndOffset).toBe(1);
  });
});

describe('a transaction', () => {
  test('needs the guard of its verification, once', async () => {
    const log = await logWorld(nodeCodecs).open();
    const first = from({ sequence: 0, transactional: true });
    expect(log.append(first, asClient)).toMatchObject({ errorCode: LogError.invalidTxnState });
    const other = log.beginVerification(8, 0, 0, false)!;
    expect(log.append(first, { ...asClient, verificationGuard: other })).toMatchObject({ kind: 'refused' });
    const guard = log.beginVerification(7, 0, 0, false)!;
    expect(log.beginVerification(7, 0, 0, false)).toBe(guard);
    appended(log.append(first, { ...asClient, verificationGuard: guard }));
    expect(log.beginVerification(7, 1, 0, false)).toBeNull();
    appended(send(log, { sequence: 1, transactional: true }));
    appended(log.append(marker('commit'), asCoordinator));
    expect(send(log, { sequence: 2, transactional: true })).toMatchObject({ errorCode: LogError.invalidTxnState });
    expect(log.append(first.slice(), { ...asClient, verificationGuard: guard }).kind).toBe('duplicate');
  });

  test('with version 2 an unknown producer begins at 0, and a later batch does not overtake the first', async () => {
    const log = await logWorld(nodeCodecs).open();
    const guard = log.beginVerification(7, 3, 0, true)!;
    const options = { ...asClient, verificationGuard: guard };
    const third = from({ sequence: 3, transactional: true });
    expect(log.append(third, options)).toMatchObject({ errorCode: LogError.outOfOrderSequence });
    expect(log.beginVerification(7, 0, 0, true)).toBe(guard);
    expect(log.append(third, options)).toMatchObject({ errorCode: LogError.outOfOrderSequence });
    appended(log.append(from({ sequence: 0, transactional: true }), options));
  });

  test('no batch outside it while it is open; markers of old coordinators and producers are fenced', async () => {
    const log = await logWorld(nodeCodecs).open();
    appended(sendInTransaction(log, { sequence: 0, epoch: 2 }));
    expect(send(log, { sequence: 1, epoch: 2 })).toMatchObject({ errorCode: LogError.invalidTxnState });
    expect(log.append(marker('commit', 7, 5, 1), asCoordinator)).toMatchObject({
      errorCode: LogError.invalidProducerEpoch,
    });
    const second = { ...asCoordinator, transactionVersion: 2 };
    expect(log.append(marker('commit', 7, 5, 2), second)).toMatchObject({ errorCode: LogError.invalidProducerEpoch });
    appended(log.append(marker('commit', 7, 5, 3), second));
    expect(log.append(marker('abort', 7, 4, 3), asCoordinator)).toMatchObject({
      errorCode: LogError.transactionCoordinatorFenced,
    });
  });

  test('holds back the last stable offset until its marker is replicated', async () => {
    const log = await logWorld(nodeCodecs).open();
    appended(log.append(batchOf(nodeCodecs, 'plain', 2), asClient));
    appended(sendInTransaction(log, { sequence: 0 }));
    appended(sendInTransaction(log, { sequence: 0, producerId: 8 }));
    log.setHighWatermark(4);
    expect(log.lastStableOffset).toBe(2);
    appended(log.append(marker('abort'), asCoordinator));
    expect(log.lastStableOffset).toBe(2);
    log.setHighWatermark(5);
    expect(log.lastStableOffset).toBe(3);
    appended(log.append(marker('commit', 8), asCoordinator));
    log.setHighWatermark(6);
    expect(log.lastStableOffset).toBe(6);
  });
});

describe('transactions', () => {
  const event = fc.record({
    producerId: fc.integer({ min: 1, max: 4 }),
    kind: fc.constantFrom('data', 'data', 'data', 'commit', 'abort'),
    count: fc.integer({ min: 1, max: 3 }),
  });

  test('what a read_committed reader is told agrees with a walk over all events, also after a crash', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 60 }), fc.nat(100), async (events, flushedAt) => {
        const world = logWorld(nodeCodecs, { segmentBytes: 700 });
        let log = await world.open();
        const sequences = new Map<number, number>();
        const open = new Map<number, number>();
        const aborted: { producerId: number; firstOffset: number; lastOffset: number }[] = [];
        for (const [index, { producerId, kind, count }] of events.entries()) {
          if (index === flushedAt) await log.flush();
          if (kind === 'data') {
            const sequence = sequences.get(producerId) ?? 0;
            const { baseOffset } = appended(sendInTransaction(log, { sequence, count, producerId }));
            sequences.set(producerId, sequence + count);
            if (!open.has(producerId)) open.set(producerId, baseOffset);
            continue;
          }
          const { lastOffset } = appended(log.append(marker(kind as 'commit', producerId), asCoordinator));
          const firstOffset = open.get(producerId);
          open.delete(producerId);
          if (kind === 'abort' && firstOffset !== undefined) aborted.push({ producerId, firstOffset, lastOffset });
        }
        const recoveryPoint = log.recoveryPoint;
        for (const restart of ['none', 'crash', 'clean']) {
          if (restart === 'clean') await log.close();
          if (restart !== 'none') log = await world.open({ cleanShutdown: restart === 'clean', recoveryPoint });
          const end = log.logEndOffset;
          log.setHighWatermark(end);
          expect(log.lastStableOffset).toBe(Math.min(end, ...open.values()));
          const active = log.activeProducers().filter((producer) => producer.currentTransactionStartOffset >= 0);
          expect(new Map(active.map((p) => [p.producerId, p.currentTransactionStartOffset]))).toEqual(open);
          for (let offset = 0; offset < end; offset += 2) {
            for (const maxBytes of [1, 500]) {
              const read = log.read({ offset, maxBytes, minOneMessage: true, upTo: end, abortedTransactions: true });
              if (read.kind === 'refused') throw new Error(read.message);
              const expected = aborted.filter((t) => t.lastOffset >= offset && t.firstOffset < read.nextOffset);
              expect(read.abortedTransactions).toEqual(
                expected.map(({ producerId, firstOffset }) => ({ producerId, firstOffset })),
              );
            }
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test('truncation takes the abort back', async () => {
    const world = logWorld(nodeCodecs);
    const log = await world.open();
    appended(sendInTransaction(log, { sequence: 0, count: 2 }));
    appended(log.append(marker('abort'), asCoordinator));
    await log.truncateTo(2);
    log.setHighWatermark(2);
    expect(log.lastStableOffset).toBe(0);
    const read = log.read({ offset: 0, maxBytes: 999, minOneMessage: true, upTo: 2, abortedTransactions: true });
    expect(read).toMatchObject({ kind: 'read', abortedTransactions: [] });
    appended(sendInTransaction(log, { sequence: 2 }));
  });
});

test('a snapshot whose bytes went bad is passed over', async () => {
  const world = logWorld(nodeCodecs, { segmentBytes: 400 });
  const log = await world.open();
  for (let i = 0; i < 8; i++) appended(send(log, { sequence: i }));
  await log.close();
  for (const name of world.disk.list('/logs/t-0').filter((name) => name.endsWith('.snapshot'))) {
    const file = world.disk.open(`/logs/t-0/${name}`);
    file.write(file.size - 9, [new Uint8Array([0x55])]);
  }
  const again = await world.open({ cleanShutdown: true });
  expect(send(again, { sequence: 7 })).toMatchObject({ kind: 'duplicate', baseOffset: 7 });
  appended(send(again, { sequence: 8 }));
});
