import {
  Admin,
  type ConfigInput,
  Consumer,
  LATEST_TIMESTAMP,
  Producer,
  type SendResult,
} from '../../../core/client/index.ts';
import { createNodeRuntime, type NodeRuntime } from '../../../core/node/index.ts';
import { Checks, expectEqual as equal } from '../checks.ts';

/** What the checks of our own clients share: one cluster, and names of this run's own. */
export interface Suite {
  readonly runtime: NodeRuntime;
  readonly common: ConfigInput;
  /** Begins every name that this run gives. */
  readonly run: string;
  readonly admin: Admin;
  check(name: string, body: () => Promise<void>, timeoutMs?: number): Promise<void>;
  /** A topic whose leaders answer; deleted at the end. */
  topic(suffix: string, partitions: number, config?: Record<string, string>): Promise<string>;
  withProducer<T>(config: ConfigInput, body: (producer: Producer) => Promise<T>): Promise<T>;
  withConsumer<T>(config: ConfigInput, body: (consumer: Consumer) => Promise<T>): Promise<T>;
  /** Deletes the topics, closes everything and prints the sum. */
  finish(): Promise<void>;
}

/** A check may take this long; then it failed and the next one begins. */
const CHECK_TIMEOUT_MS = 40_000;

export function createSuite(bootstrap: string, options: { verbose: boolean; only: string | null }): Suite {
  const runtime = createNodeRuntime({ logLevel: options.verbose ? 'debug' : 'warn' });
  const common: ConfigInput = { 'bootstrap.servers': bootstrap, 'client.id': 'own-client' };
  const run = `own-client-${runtime.clock.wallMs().toString(36)}`;
  const admin = new Admin({ runtime, config: { ...common, 'default.api.timeout.ms': 15000 } });
  const made: string[] = [];
  const checks = new Checks(options.only);

  async function topic(suffix: string, partitions: number, config: Record<string, string> = {}): Promise<string> {
    const name = `${run}-${suffix}`;
    made.push(name);
    const [outcome] = await admin.createTopics([{ name, partitions, replicationFactor: 1, config }]);
    equal(outcome?.errorCode, 0, `creating ${name}`);
    // A broker answers for a topic once the controller's log has told it.
    for (let attempt = 0; ; attempt++) {
      const [described] = await admin.describeTopics([name]);
      const [configs] = await admin.describeConfigs([{ type: 'topic', name }]).catch(() => [{ errorCode: 0 }]);
      if (described?.errorCode === 0 && configs?.errorCode === 0) break;
      isTrue(attempt < 100, `${name} does not appear`);
      await runtime.timers.sleep(20);
    }
    // And a leader has the log before it can lose what acks=0 sends it.
    const queries = allPartitions(name, partitions).map((one) => ({ ...one, timestamp: LATEST_TIMESTAMP }));
    for (const { errorCode } of await admin.listOffsets(queries)) equal(errorCode, 0, `the leaders of ${name}`);
    return name;
  }

  async function withProducer<T>(config: ConfigInput, body: (producer: Producer) => Promise<T>): Promise<T> {
    const producer = new Producer({ runtime, config: { ...common, ...config } });
    try {
      return await body(producer);
    } finally {
      await producer.close(5000);
    }
  }

  async function withConsumer<T>(config: ConfigInput, body: (consumer: Consumer) => Promise<T>): Promise<T> {
    const consumer = new Consumer({ runtime, config: { ...common, ...config } });
    try {
      return await body(consumer);
    } finally {
      await consumer.close(5000);
    }
  }

  return {
    ...{ runtime, common, run, admin, topic, withProducer, withConsumer },
    check: (name, body, timeoutMs = CHECK_TIMEOUT_MS) => checks.run(name, body, timeoutMs),
    async finish() {
      if (made.length > 0) await admin.deleteTopics(made, { timeoutMs: 10_000 }).catch(() => []);
      admin.close();
      checks.finish();
      runtime.close();
    },
  };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
export const bytes = (text: string): Uint8Array => encoder.encode(text);

export function isTrue(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

export function acked(result: SendResult): Extract<SendResult, { kind: 'acked' }> {
  if (result.kind !== 'acked') throw new Error(`not acknowledged: ${result.message} (${result.errorCode})`);
  return result;
}

export interface ReadRecord {
  partition: number;
  offset: number;
  key: string | null;
  value: string | null;
  headers: string[];
}

/** Polls until `count` records have come. */
export async function read(consumer: Consumer, count: number, timeoutMs = 15000): Promise<ReadRecord[]> {
  const records: ReadRecord[] = [];
  const endMs = performance.now() + timeoutMs;
  while (records.length < count) {
    if (performance.now() > endMs) throw new Error(`${records.length} of ${count} records within ${timeoutMs} ms`);
    for (const batch of await consumer.poll(250)) {
      for (const record of batch.records()) {
        records.push({
          partition: batch.partition,
          offset: record.offset,
          key: record.key === null ? null : decoder.decode(record.key),
          value: record.value === null ? null : decoder.decode(record.value),
          headers: record.headers.map(({ name, value }) => `${name}=${value === null ? null : decoder.decode(value)}`),
        });
      }
      isTrue(batch.failure === null, `batch: ${batch.failure}`);
    }
  }
  return records;
}

export function allPartitions(name: string, count: number): { topic: string; partition: number }[] {
  return Array.from({ length: count }, (_, partition) => ({ topic: name, partition }));
}
