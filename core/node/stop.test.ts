import { expect, test } from 'vitest';
import { startCluster } from './index.ts';

test('nodes that are stopped one after another do not wait for a quorum that is gone', async () => {
  const { brokers } = await startCluster({ brokers: 3 });
  const tookMs: number[] = [];
  for (const broker of brokers) {
    const startMs = performance.now();
    await broker.close();
    tookMs.push(performance.now() - startMs);
  }
  expect(Math.max(...tookMs)).toBeLessThan(2000);
}, 30_000);
