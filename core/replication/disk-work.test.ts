import { expect, test } from 'vitest';
import { DiskWork } from './disk-work.ts';

const timers = { after: () => ({ cancel: () => {} }) } as never;

test('a few at a time, in the order in which they came', async () => {
  const work = new DiskWork(timers);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  for (let index = 0; index < 100; index++) {
    work.add(
      `log-${index}`,
      () =>
        new Promise<void>((resolve) => {
          begun.push(index);
          ends.push(resolve);
        }),
      () => {},
    );
  }
  const settled = work.settled();
  for (let ended = 0; ended < 100; ended++) {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    expect(begun.length).toBeLessThanOrEqual(ended + 32);
    expect(begun.length).toBeGreaterThan(ended);
    ends[ended]!();
  }
  await settled;
  expect(begun).toEqual(Array.from({ length: 100 }, (_, index) => index));
});

test('one name is worked on in order, and a failure does not keep its turn', async () => {
  const work = new DiskWork(timers);
  const told: string[] = [];
  for (let index = 0; index < 40; index++) {
    work.add(
      'log',
      () => Promise.reject(new Error(`${index}`)),
      (error) => told.push((error as Error).message),
    );
  }
  work.add(
    'log',
    async () => void told.push('made'),
    () => {},
  );
  await work.settled();
  expect(told).toEqual([...Array.from({ length: 40 }, (_, index) => `${index}`), 'made']);
  expect(work.isSettled).toBe(true);
});
