import { queryObjects } from 'node:v8';
import { expect, test } from 'vitest';
import { settle } from '../log/testing/world.ts';
import { nodeCodecs as codecs } from '../node/codecs.ts';
import { encodeRequestFrame, fetch, joinGroup, listGroups, produce } from '../protocol/index.ts';
import { createRandom } from '../random.ts';
import { DelayedOperation } from '../replication/index.ts';
import { BrokerConnection } from './connection.ts';
import { Exchange } from './exchange.ts';
import { type BrokerWorld, batch, brokerWorld } from './testing/world.ts';

const CONNECTIONS = 120;
const LONGEST_MS = 0x7fffffff;
const CONFIG = { 'group.initial.rebalance.delay.ms': '0', 'max.incremental.fetch.session.cache.slots': '50' };

async function world(): Promise<BrokerWorld> {
  const made = await brokerWorld({ codecs, config: CONFIG });
  made.cluster.topic('t');
  // Nothing is ever written here, so that nothing looks at those who wait.
  made.cluster.topic('quiet');
  made.cluster.topic('__consumer_offsets', { partitions: 3 });
  await made.settle();
  return made;
}

/** Objects of a class that a collection leaves, all worlds of this process together. */
function alive(of: abstract new (...args: never[]) => object): number {
  return queryObjects(of as unknown as new () => object, { format: 'count' });
}

/** What one connection sends before it goes: requests that wait for weeks, halves of frames, noise. */
function attack(index: number): Uint8Array[] {
  const random = createRandom(`hostile ${index}`);
  const waiting = { maxWaitMs: LONGEST_MS, minBytes: 1 << 30, maxBytes: 1 << 20 };
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20 }];
  switch (index % 6) {
    case 0:
      return encodeRequestFrame(fetch, 11, 1, 'fuzz', { ...waiting, topics: [{ topic: 'quiet', partitions }] });
    case 1:
      // A session for each connection.
      return encodeRequestFrame(fetch, 11, 1, 'fuzz', {
        sessionEpoch: 0,
        maxBytes: 1,
        topics: [{ topic: 't', partitions }],
      });
    case 2:
      return encodeRequestFrame(joinGroup, 2, 1, `client ${index}`, {
        groupId: `group ${index}`,
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: LONGEST_MS,
        memberId: '',
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: new Uint8Array(10) }],
      });
    case 3: {
      const records = batch(codecs, ['x']);
      const topicData = [{ name: 't', partitionData: [{ index: 0, records }] }];
      const whole = encodeRequestFrame(produce, 9, 1, 'fuzz', { acks: -1, timeoutMs: LONGEST_MS, topicData });
      const flat = new Uint8Array(Buffer.concat(whole));
      return [flat, flat.subarray(0, 1 + random.below(flat.length - 1))];
    }
    case 4:
      return [Uint8Array.of(0, 0, 0, 200, ...Array.from({ length: 100 }, () => random.below(256)))];
    default:
      return [Uint8Array.from({ length: 50 }, () => random.below(256))];
  }
}

async function attackFrom({ connect, settle }: BrokerWorld): Promise<void> {
  for (let index = 0; index < CONNECTIONS; index++) {
    const client = connect();
    client.pipe.write(attack(index));
    await settle();
    client.pipe.destroy();
  }
  await settle();
}

test('of connections that are gone nothing is kept: none of them, no request, no wait', async () => {
  const served = await world();
  const kept = [BrokerConnection, Exchange, DelayedOperation] as const;
  const before = kept.map(alive);
  await attackFrom(served);
  expect(served.assembly.server.connectionCount).toBe(0);
  expect(served.assembly.server.requestBytes).toBe(0);
  expect(served.assembly.replicas.partition('quiet', 0)!.fetches.size).toBe(0);
  const after = kept.map(alive);
  for (const [index, { name }] of kept.entries()) {
    expect(after[index]! - before[index]!, name).toBeLessThanOrEqual(CONNECTIONS / 20);
  }
});

test('groups that nobody came back to are gone after their sessions and the next look at what has expired', async () => {
  const served = await world();
  await attackFrom(served);
  const groups = async (): Promise<number> => {
    const { groups } = await served.connect().request(listGroups, 2, {});
    return groups.length;
  };
  expect(await groups()).toBe(CONNECTIONS / 6);
  for (let minute = 0; minute < 21; minute++) {
    await served.time.pass(60_000);
    await settle();
  }
  expect(await groups()).toBe(0);
});
