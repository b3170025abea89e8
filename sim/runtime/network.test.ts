import { expect, test } from 'vitest';
import { plainCodecs, World } from '../index.ts';

test('a connection with TLS is refused with a reason, whoever listens', async () => {
  const world = new World({
    seed: 'tls',
    codecs: plainCodecs,
    afterMicrotasks: (callback) => queueMicrotask(() => process.nextTick(callback)),
  });
  const node = world.addNode({ name: 'server', host: '10.0.0.1' });
  let accepted = 0;
  await node.runtime.network.listen('10.0.0.1', 9092, () => accepted++);
  const refused = node.runtime.network.connect('10.0.0.1', 9092, 1000, { verifyHostName: true });
  await expect(refused).rejects.toMatchObject({
    name: 'TlsError',
    fault: 'unsupported',
    message: 'a simulated network has no TLS: use target kafka',
  });
  expect(accepted).toBe(0);
});
