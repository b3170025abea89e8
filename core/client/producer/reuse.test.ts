import { expect, it } from 'vitest';
import { nodeCodecs } from '../../node/codecs.ts';
import { ErrorCode } from '../../protocol/index.ts';
import type { Network } from '../../runtime.ts';
import { ClientWorld, type ProduceFault } from '../testing/world.ts';
import { Producer } from './producer.ts';
import type { SendResult } from './result.ts';

const drain = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const LARGE = 500;

/** A network that copies what is written, as a socket does; `places` gets where in memory large chunks stood. */
function copying(network: Network, places: Set<string>): Network {
  const buffers: ArrayBufferLike[] = [];
  return {
    listen: (host, port, accept) => network.listen(host, port, accept),
    async connect(host, port, timeoutMs, tls) {
      const connection = await network.connect(host, port, timeoutMs, tls);
      const write = connection.write.bind(connection);
      connection.write = (chunks) => {
        for (const { length, buffer, byteOffset } of chunks) {
          if (length <= LARGE) continue;
          if (!buffers.includes(buffer)) buffers.push(buffer);
          places.add(`${buffers.indexOf(buffer)} ${byteOffset}`);
        }
        write(chunks.map((chunk) => chunk.slice()));
      };
      return Object.defineProperty(connection, 'copiesWrites', { value: true });
    },
  };
}

it('memory of a batch serves the next ones once the broker has answered, and never while it may be sent again', async () => {
  const world = await new ClientWorld(nodeCodecs, drain).start();
  const faults: ProduceFault[] = [
    { kind: 'refuseBefore', errorCode: ErrorCode.notLeaderOrFollower },
    { kind: 'hangUpBefore' },
    { kind: 'delay', ms: 50 },
    { kind: 'hangUpAfter' },
  ];
  let requests = 0;
  world.produceFault = () => (++requests % 6 === 0 ? faults[(requests / 6) % faults.length]! : { kind: 'none' });
  const places = new Set<string>();
  const producer = new Producer({
    runtime: { ...world.runtime, network: copying(world.runtime.network, places) },
    config: { ...world.bootstrap, 'linger.ms': 0 },
  });
  const sent: string[] = [];
  const results: Promise<SendResult>[] = [];
  for (let round = 0; round < 60; round++) {
    const values = [0, 1, 2].map((index) => `${round}.${index}`.padEnd(LARGE + round * 7 + index, '-'));
    sent.push(...values);
    for (const value of values) {
      results.push(producer.sendRecord({ topic: 't', partition: 0, value: new TextEncoder().encode(value) }));
    }
    // Some are under way, some are being sent again, some have ended.
    await world.time.run(20);
  }
  for (const result of await world.time.until(Promise.all(results))) expect(result.kind).toBe('acked');
  expect(world.logs[0]!.values()).toEqual(sent);
  expect(places.size).toBeLessThan(world.logs[0]!.batches.length);
  await world.time.until(producer.close());
});
