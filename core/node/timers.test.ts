import { expect, test } from 'vitest';
import { nodeClock } from './clock.ts';
import { createNodeLogger } from './logger.ts';
import { SystemRandom } from './random.ts';
import { NodeTimers } from './timers.ts';

test('a timer fires once, no earlier than asked and never synchronously', async () => {
  const timers = new NodeTimers(nodeClock);
  for (const delayMs of [0, 0.3, 1, 2.5, 7]) {
    const start = nodeClock.monotonicNs();
    let fired = 0;
    await new Promise<void>((resolve) => {
      timers.after(delayMs, () => {
        fired++;
        resolve();
      });
      expect(fired).toBe(0);
    });
    expect(nodeClock.monotonicNs() - start).toBeGreaterThanOrEqual(delayMs * 1e6);
  }
  const start = nodeClock.monotonicNs();
  await timers.sleep(3);
  expect(nodeClock.monotonicNs() - start).toBeGreaterThanOrEqual(3e6);
});

test('a cancelled timer does not fire, nor does one of closed timers; cancelling late is harmless', async () => {
  const timers = new NodeTimers(nodeClock);
  const fired: string[] = [];
  timers.after(0, () => fired.push('cancelled immediate')).cancel();
  timers.after(1, () => fired.push('cancelled timeout')).cancel();
  const kept = timers.after(1, () => fired.push('kept'));
  await timers.sleep(4);
  kept.cancel();
  timers.after(1, () => fired.push('pending at close'));
  timers.after(0, () => fired.push('immediate at close'));
  timers.close();
  timers.after(0, () => fired.push('after close'));
  await new NodeTimers(nodeClock).sleep(5);
  expect(fired).toEqual(['kept']);
});

test('endOfTurn runs after the microtasks, in order; what it adds waits for the next turn', async () => {
  const timers = new NodeTimers(nodeClock);
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    timers.endOfTurn(() => {
      order.push('first');
      timers.endOfTurn(() => {
        order.push('next turn');
        resolve();
      });
    });
    timers.endOfTurn(() => order.push('second'));
    void Promise.resolve().then(() => order.push('microtask'));
    process.nextTick(() => order.push('tick'));
    order.push('now');
  });
  expect(order.slice(0, 1)).toEqual(['now']);
  expect(order.slice(3)).toEqual(['first', 'second', 'next turn']);
});

test('the clocks: integers, and the monotonic one never goes back', () => {
  expect(Number.isInteger(nodeClock.wallMs())).toBe(true);
  let last = nodeClock.monotonicNs();
  for (let index = 0; index < 1000; index++) {
    const now = nodeClock.monotonicNs();
    expect(Number.isSafeInteger(now)).toBe(true);
    expect(now).toBeGreaterThanOrEqual(last);
    last = now;
  }
});

test('system randomness differs between streams and passes through its pool', () => {
  const random = new SystemRandom();
  const fork = random.fork('any');
  const drawn = new Set<number>();
  for (let index = 0; index < 3000; index++) drawn.add(random.uint32());
  expect(drawn.size).toBeGreaterThan(2990);
  expect(drawn.has(0)).toBe(false);
  expect(fork.uuidBytes()).not.toEqual(random.uuidBytes());
});

test('log lines: level, message, fields; below the level nothing', () => {
  const lines: string[] = [];
  const log = createNodeLogger('info', { wallMs: () => 0, monotonicNs: () => 0 }, (line) => lines.push(line));
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  log.debug('unseen');
  log.info('joined', { topic: 'a-b', isr: [1, 2], why: 'two words', missing: undefined });
  log.error('failed', { error: new Error('boom'), cyclic, big: 1n });
  expect(lines).toEqual([
    '1970-01-01T00:00:00.000Z INFO joined topic=a-b isr=[1,2] why="two words" missing=undefined\n',
    '1970-01-01T00:00:00.000Z ERROR failed error="boom" cyclic=[object Object] big=1\n',
  ]);
});
