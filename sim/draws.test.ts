import { expect, test } from 'vitest';
import { createRandom } from '../core/random.ts';
import { CodecError } from '../core/runtime.ts';
import { drawDelayNs, exponential, plainCodecs, profiles, renderLogLine, World } from './index.ts';

test('exponential draws: the right quantiles, and the same figures as −ln of the draw', () => {
  const random = createRandom('draws');
  const same = createRandom('draws');
  const draws: number[] = [];
  for (let index = 0; index < 20_000; index++) {
    const draw = exponential(random);
    const exact = -Math.log(((same.uint32() | 1) >>> 0) / 4294967296);
    expect(Math.abs(draw - exact)).toBeLessThan(1e-4);
    expect(draw).toBeGreaterThanOrEqual(0);
    draws.push(draw);
  }
  const mean = draws.reduce((sum, draw) => sum + draw) / draws.length;
  expect(mean).toBeGreaterThan(0.97);
  expect(mean).toBeLessThan(1.03);
  expect(draws.filter((draw) => draw > 3).length / draws.length).toBeCloseTo(Math.exp(-3), 2);
});

test('delays are whole nanoseconds, never below their minimum, with a tail', () => {
  const random = createRandom('delays');
  const profile = { minNs: 1000, meanExtraNs: 500, tailChance: 0.01, tailMeanNs: 1e6 };
  const delays = Array.from({ length: 5000 }, () => drawDelayNs(profile, random));
  for (const delay of delays) {
    expect(Number.isInteger(delay)).toBe(true);
    expect(delay).toBeGreaterThanOrEqual(1000);
  }
  expect(delays.filter((delay) => delay > 50_000).length).toBeGreaterThan(20);
  for (const { cpu, disk, network } of Object.values(profiles)) {
    expect(Math.min(cpu.eventNs, disk.sync.minNs, disk.bytesPerSecond, network.windowBytes)).toBeGreaterThan(0);
  }
});

test('the plain codecs: what they have is the real thing, what they lack they refuse', () => {
  const bytes = new Uint8Array(1000).map((_, index) => index % 7);
  for (const type of ['none', 'lz4', 'snappy'] as const) {
    expect(plainCodecs.decompress(type, plainCodecs.compress(type, bytes), 1000)).toEqual(bytes);
    expect(() => plainCodecs.decompress(type, plainCodecs.compress(type, bytes), 999)).toThrow(CodecError);
  }
  for (const type of ['gzip', 'zstd'] as const) {
    expect(() => plainCodecs.compress(type, bytes)).toThrow(CodecError);
    expect(() => plainCodecs.decompress(type, bytes, 1000)).toThrow(CodecError);
  }
});

test('log lines carry virtual time and stop with their process', async () => {
  const lines: string[] = [];
  const world = new World({
    seed: 'log',
    codecs: plainCodecs,
    afterMicrotasks: (callback) => queueMicrotask(() => process.nextTick(callback)),
    log: { level: 'info', line: (line) => lines.push(renderLogLine(line)) },
  });
  const node = world.addNode({ name: 'broker-1', host: 'a' });
  const { log } = node.runtime;
  await world.run({ timeNs: 12_345_678_900 });
  log.debug('unseen');
  log.warn('shrinking ISR', { partition: 'orders-3', isr: [1, 2], why: 'two words', error: new Error('boom') });
  node.kill();
  log.error('unheard');
  expect(lines).toEqual([
    '12.345679 broker-1 WARN shrinking ISR partition=orders-3 isr=[1,2] why="two words" error="boom"',
  ]);
});
