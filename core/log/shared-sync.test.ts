import { expect, test } from 'vitest';
import { SharedSync } from './shared-sync.ts';
import { sideBySide } from './side-by-side.ts';

test('who comes while a sync is under way shares the next one', async () => {
  const running: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const shared = new SharedSync(() => new Promise((resolve, reject) => running.push({ resolve, reject })));
  const first = shared.sync();
  const late = [shared.sync(), shared.sync()];
  expect(running).toHaveLength(1);
  running[0]!.reject(new Error('the first failed'));
  await expect(first).rejects.toThrow('the first failed');
  await Promise.resolve();
  expect(running).toHaveLength(2);
  // The second has begun: what is done from now on needs a third.
  const later = shared.sync();
  running[1]!.resolve();
  await Promise.all(late);
  await Promise.resolve();
  expect(running).toHaveLength(3);
  running[2]!.resolve();
  await later;
});

test('side by side: no more than so many, and none after a failure', async () => {
  const begun: number[] = [];
  const failing = sideBySide(2, [0, 1, 2, 3, 4, 5], async (item) => {
    begun.push(item);
    await Promise.resolve();
    if (item === 2) throw new Error('two');
  });
  await expect(failing).rejects.toThrow('two');
  expect(begun.length).toBeLessThan(6);
  const done: number[] = [];
  await sideBySide(4, [], async () => {});
  await sideBySide(1, [1, 2, 3], async (item) => void done.push(item));
  expect(done).toEqual([1, 2, 3]);
});
