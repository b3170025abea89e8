import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Consumer } from '../client/index.ts';
import { createNodeRuntime } from './runtime.ts';
import { type RunningBroker, serve } from './serve.ts';

/** A directory that Apache Kafka wrote, opened by our broker and read by our consumer over TCP. */
const fixture = fileURLToPath(new URL('../log/fixtures/kafka-log-dir', import.meta.url));
const decoder = new TextDecoder();

let directory = '';
let broker: RunningBroker;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'faultline-kafka-directory-'));
  cpSync(join(fixture, 'logs'), directory, { recursive: true });
  broker = await serve({ logDirs: [directory] });
});

afterAll(async () => {
  await broker.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Line {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string;
  readonly value: string;
}

function expected(name: string): { end: number; lines: Line[] } {
  const [head, ...rows] = readFileSync(join(fixture, `${name}.read_uncommitted.tsv`), 'utf8')
    .replace(/\n$/, '')
    .split('\n');
  const lines = rows.map((row) => {
    const [offset, timestamp, key, ...value] = row.split('\t');
    return { offset: Number(offset), timestamp: Number(timestamp), key: key!, value: value.join('\t') };
  });
  return { end: Number(/^# end (\d+)/.exec(head!)![1]), lines };
}

async function readAll(topic: string, partition: number, end: number): Promise<Line[]> {
  const runtime = createNodeRuntime();
  const consumer = new Consumer({
    runtime,
    config: { 'bootstrap.servers': broker.bootstrapServer, 'auto.offset.reset': 'earliest' },
  });
  const lines: Line[] = [];
  try {
    consumer.assign([{ topic, partition }]);
    for (let position = 0; position < end; ) {
      for (const batch of await consumer.poll(5000)) {
        for (const { offset, timestamp, key, value } of batch.records()) {
          lines.push({
            offset,
            timestamp,
            key: key === null ? 'null' : decoder.decode(key),
            value: value === null ? 'null' : decoder.decode(value),
          });
        }
        position = batch.toOffset;
      }
    }
    expect(await consumer.endOffsets([{ topic, partition }])).toEqual([end]);
  } finally {
    await consumer.close();
    runtime.close();
  }
  return lines;
}

describe('a consumer reads from it exactly what Kafka’s own consumer read', () => {
  for (const name of ['plain-0', 'plain-1', 'compacted-0', 'txn-0']) {
    test(name, async () => {
      const { end, lines } = expected(name);
      const [topic, partition] = name.split('-');
      expect(await readAll(topic!, Number(partition), end)).toEqual(lines);
    });
  }
});

test('the identity of the directory is kept: node, cluster, topics', () => {
  expect(broker.clusterId).toBe('4L6g3nShT-eMCtK--X86sw');
  expect([...broker.broker.metadataNode.metadata.image.topicsByName.keys()]).toEqual(
    expect.arrayContaining(['plain', 'compacted', 'txn', '__consumer_offsets', '__transaction_state']),
  );
});
