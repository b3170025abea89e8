import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createMemoryDisk } from '../memory-disk.ts';
import { nodeCodecs } from '../node/codecs.ts';
import {
  batchLastOffset,
  batchProducerId,
  batchSize,
  controlRecordType,
  decodeBatch,
  isControlBatch,
} from '../records/index.ts';
import type { Disk } from '../runtime.ts';
import { LogDirectory } from './directory.ts';
import { readFile } from './durable-file.ts';
import type { Log } from './log.ts';
import { decodeProducerSnapshot } from './producer-snapshot.ts';
import { directoryOptions, readAll, StillTime, type StoredRecord } from './testing/world.ts';

/** A data directory that Apache Kafka 4.3.1 wrote, and what its own consumer read from it. */
const fixture = join(import.meta.dirname, 'fixtures/kafka-log-dir');

function copyTo(disk: Disk, from: string, to: string): void {
  disk.makeDirectory(to);
  for (const name of readdirSync(from)) {
    const source = join(from, name);
    if (statSync(source).isDirectory()) copyTo(disk, source, `${to}/${name}`);
    else disk.open(`${to}/${name}`, { create: true }).write(0, [new Uint8Array(readFileSync(source))]);
  }
}

function kafkaDisk(): Disk {
  const disk = createMemoryDisk();
  copyTo(disk, join(fixture, 'logs'), '/logs');
  return disk;
}

function openKafka(disk: Disk): Promise<LogDirectory> {
  const options = directoryOptions(nodeCodecs, disk, new StillTime());
  const configFor = (topic: string) => ({
    ...options.configFor(topic),
    indexIntervalBytes: topic === 'plain' ? 1024 : 4096,
    cleanupPolicy: topic === 'compacted' || topic.startsWith('__') ? ('compact' as const) : ('delete' as const),
  });
  return LogDirectory.open({ ...options, configFor });
}

function expected(name: string, isolation: string): { end: number; records: StoredRecord[] } {
  const [head, ...lines] = readFileSync(join(fixture, `${name}.${isolation}.tsv`), 'utf8')
    .replace(/\n$/, '')
    .split('\n');
  const records = lines.map((line) => {
    const [offset, timestamp, key, value] = line.split('\t');
    return { offset: Number(offset), timestamp: Number(timestamp), key: key!, value: value === 'null' ? null : value! };
  });
  return { end: Number(head!.split(' ')[2]), records };
}

/** As a consumer with isolation.level=read_committed does: drops what stands between begin and abort. */
function readCommitted(log: Log, maxBytes: number): StoredRecord[] {
  const decoder = new TextDecoder();
  const records: StoredRecord[] = [];
  let offset = log.logStartOffset;
  while (offset < log.lastStableOffset) {
    const result = log.read({
      offset,
      maxBytes,
      minOneMessage: true,
      upTo: log.lastStableOffset,
      abortedTransactions: true,
    });
    if (result.kind === 'refused') throw new Error(result.message);
    const waiting = [...result.abortedTransactions].sort((a, b) => a.firstOffset - b.firstOffset);
    const aborting = new Set<number>();
    for (let at = 0; at < result.bytes.length; at += batchSize(result.bytes, at)) {
      const batch = decodeBatch(result.bytes, at, nodeCodecs);
      if (batch.kind === 'corrupt') throw new Error(batch.reason);
      const last = batchLastOffset(result.bytes, at);
      while (waiting.length > 0 && waiting[0]!.firstOffset <= last) aborting.add(waiting.shift()!.producerId);
      const producerId = batchProducerId(result.bytes, at);
      if (isControlBatch(result.bytes, at)) {
        if (controlRecordType(batch.records[0]!.key) === 'abort') aborting.delete(producerId);
        continue;
      }
      if (aborting.has(producerId)) continue;
      for (const { offset, timestamp, key, value } of batch.records) {
        records.push({
          offset,
          timestamp,
          key: decoder.decode(key!),
          value: value === null ? null : decoder.decode(value),
        });
      }
    }
    offset = result.nextOffset;
  }
  return records;
}

const partitions = ['plain-0', 'plain-1', 'compacted-0', 'txn-0'];
const named = (directory: LogDirectory, name: string): Log =>
  directory.get(name.slice(0, -2), Number(name.at(-1))) as Log;

describe.each([
  ['after its orderly end', false],
  ['after a crash, with nothing but the batches believed', true],
])('a log directory of Apache Kafka 4.3.1, %s', (_, crashed) => {
  const prepared = (): Disk => {
    const disk = kafkaDisk();
    if (!crashed) return disk;
    disk.unlink('/logs/.kafka_cleanshutdown');
    disk.unlink('/logs/recovery-point-offset-checkpoint');
    for (const name of disk.list('/logs').filter((entry) => disk.stat(`/logs/${entry}`)?.kind === 'directory')) {
      for (const file of disk.list(`/logs/${name}`)) {
        if (/\.(index|timeindex|txnindex|snapshot)$/.test(file)) disk.unlink(`/logs/${name}/${file}`);
      }
    }
    return disk;
  };

  test.each(partitions)('%s holds what the consumer read', async (name) => {
    const directory = await openKafka(prepared());
    const log = named(directory, name);
    expect(log.recovery.clean).toBe(!crashed);
    expect(log.health).toEqual({ kind: 'healthy' });
    const uncommitted = expected(name, 'read_uncommitted');
    expect(log.logEndOffset).toBe(uncommitted.end);
    for (const maxBytes of [1, 700, 1 << 20]) {
      expect(readAll(log, nodeCodecs, 0, maxBytes)).toEqual(uncommitted.records);
    }
    log.setHighWatermark(log.logEndOffset);
    expect(log.lastStableOffset).toBe(uncommitted.end);
    for (const maxBytes of [1, 300, 1 << 20]) {
      expect(readCommitted(log, maxBytes)).toEqual(expected(name, 'read_committed').records);
    }
  });

  test.each(partitions)('%s finds offsets by timestamp', async (name) => {
    const log = named(await openKafka(prepared()), name);
    const { records } = expected(name, 'read_uncommitted');
    for (const probe of records.filter((_, index) => index % 17 === 0)) {
      for (const at of [probe.timestamp, probe.timestamp + 1]) {
        // Markers carry timestamps too: only the records before the first hit are compared.
        const first = records.find((record) => record.timestamp >= at);
        const found = log.offsetForTimestamp(at);
        if (first === undefined) expect(found === null || found.offset > records.at(-1)!.offset).toBe(true);
        else expect(found!.offset).toBeLessThanOrEqual(first.offset);
        if (found !== null && first !== undefined && found.offset !== first.offset) {
          expect(records.some((record) => record.offset === found.offset)).toBe(false);
        }
      }
    }
  });

  test('the internal topics open, and all of it closes in order', async () => {
    const disk = prepared();
    const directory = await openKafka(disk);
    expect(directory.logs().map(({ log }) => log.logEndOffset)).toEqual([48, 31, 1500, 300, 300, 48]);
    expect(directory.logs().every(({ topicId }) => topicId?.length === 16)).toBe(true);
    await directory.close(12);
    expect((await openKafka(disk)).previousShutdown).toEqual({ clean: true, brokerEpoch: 12 });
  });
});

test('indexes and snapshots rebuilt from the batches are those that Kafka wrote', async () => {
  const disk = kafkaDisk();
  const original = kafkaDisk();
  disk.unlink('/logs/.kafka_cleanshutdown');
  disk.unlink('/logs/recovery-point-offset-checkpoint');
  const directory = await openKafka(disk);
  await directory.close(1);
  let compared = 0;
  for (const { topic, partition } of directory.logs()) {
    const path = `/logs/${topic}-${partition}`;
    for (const file of original.list(path)) {
      const ours = readFile(disk, `${path}/${file}`);
      const theirs = readFile(original, `${path}/${file}`);
      if (file.endsWith('.snapshot')) {
        const entries = (bytes: Uint8Array | null) =>
          decodeProducerSnapshot(bytes!, nodeCodecs)!.sort((a, b) => a.producerId - b.producerId);
        expect(entries(ours), `${path}/${file}`).toEqual(entries(theirs));
      } else {
        expect(ours, `${path}/${file}`).toEqual(theirs);
      }
      compared++;
    }
  }
  expect(compared).toBeGreaterThan(40);
});
