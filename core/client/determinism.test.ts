import { expect, it } from 'vitest';
import { nodeCodecs } from '../node/codecs.ts';
import { ErrorCode } from '../protocol/index.ts';
import { Consumer } from './consumer/consumer.ts';
import { Producer } from './producer/producer.ts';
import { ClientWorld, type ProduceFault } from './testing/world.ts';

const drain = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Everything that can be seen from outside of a run with retries, broken connections and a rebalance. */
async function run(): Promise<string[]> {
  const world = await new ClientWorld(nodeCodecs, drain, { brokers: 2, partitions: 3 }).start();
  const trace: string[] = [];
  const left: ProduceFault[] = [
    { kind: 'hangUpAfter' },
    { kind: 'refuseBefore', errorCode: ErrorCode.notEnoughReplicas },
    { kind: 'silenceBefore' },
    { kind: 'delay', ms: 7 },
  ];
  world.produceFault = () => left.shift() ?? { kind: 'none' };
  const producer = new Producer({
    runtime: world.runtime,
    config: { ...world.bootstrap, 'linger.ms': 1, 'request.timeout.ms': 300, 'batch.size': 200 },
    onBatch: ({ partition, tokens, result }) =>
      trace.push(`${world.time.monotonicNs()} ${partition} ${tokens} ${JSON.stringify(result)}`),
  });
  const topic = await world.time.until(producer.topic('t'));
  const consumers = ['a', 'b'].map((name) => {
    const config = { ...world.bootstrap, 'group.id': 'g', 'auto.offset.reset': 'earliest', 'fetch.max.wait.ms': 30 };
    const consumer = new Consumer({ runtime: world.runtime, config });
    consumer.subscribe(['t'], {
      assigned: (partitions) => void trace.push(`${world.time.monotonicNs()} ${name} ${JSON.stringify(partitions)}`),
    });
    return { name, consumer };
  });
  for (let round = 0; round < 40; round++) {
    for (let index = 0; index < 5; index++) {
      producer.append(topic, -1, 0, null, new Uint8Array(30), [], round * 5 + index);
    }
    if (round === 10) world.lead(1, 2);
    if (round === 20) world.network.cut();
    for (const { name, consumer } of consumers) {
      for (const batch of await world.time.until(consumer.poll(10))) {
        trace.push(`${world.time.monotonicNs()} ${name} ${batch.partition} ${batch.fromOffset}-${batch.toOffset}`);
      }
    }
  }
  await world.time.until(producer.close());
  for (const { consumer } of consumers) await world.time.until(consumer.close());
  return [...trace, ...world.logLines, ...world.brokers.flatMap((broker) => broker.requests)];
}

it('two runs from the same seed are the same, event by event', async () => {
  const first = await run();
  expect(first.filter((line) => line.includes('"acked"')).length).toBeGreaterThan(10);
  expect(first.filter((line) => line.includes(' a ')).length).toBeGreaterThan(5);
  expect(await run()).toEqual(first);
});
