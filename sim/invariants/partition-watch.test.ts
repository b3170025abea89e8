import { expect, test } from 'vitest';
import type { Log } from '../../core/log/index.ts';
import type { Partition } from '../../core/replication/index.ts';
import { PartitionWatch } from './partition-watch.ts';

interface Look {
  readonly end?: number;
  readonly highWatermark: number;
  /** It leads in this epoch; absent: it follows. */
  readonly epoch?: number;
}

/** A partition of which broker 1 leads in epoch 4 and has shown 100 records; and what the rules found, as `rule sentence`. */
function watched(): {
  readonly found: readonly string[];
  /** A log that was opened at the start of a broker: its next life has another. */
  readonly life: (broker: number) => (look: Look) => void;
} {
  const found: string[] = [];
  const findings = {
    checked: () => {},
    violated: (rule: string, _partition: number, sentence: string) => void found.push(`${rule} ${sentence}`),
  };
  const watch = new PartitionWatch(0, 'orders-0', 'id', findings, () => false, true);
  const life = (broker: number) => {
    const log = { logStartOffset: 0, epochStarts: [{ epoch: 4, startOffset: 0 }] } as unknown as Log;
    return ({ end = 120, highWatermark, epoch }: Look): void => {
      const leader = epoch === undefined ? null : { epoch, replicas: [1, 2] };
      Object.assign(log, { logEndOffset: end, highWatermark });
      watch.look(broker, { log, leader, roleChanges: 1 } as unknown as Partition);
    };
  };
  life(1)({ highWatermark: 100, epoch: 4 });
  return { found, life };
}

test('a follower shows no more than a leader has shown', () => {
  const { found, life } = watched();
  const follower = life(2);
  follower({ highWatermark: 0 });
  follower({ highWatermark: 100 });
  expect(found).toEqual([]);
  follower({ highWatermark: 101 });
  expect(found).toEqual([
    'P7 follower 2 has 101 for the high watermark of orders-0, and no leader has shown more than 100',
  ]);
});

test('a new life may know more than was shown: its last one led until it ended. From there on it is held against the leaders', () => {
  const { found, life } = watched();
  // It led, and was stopped before anybody looked again: what it wrote down last is more than was seen of it.
  const next = life(1);
  next({ highWatermark: 105 });
  next({ highWatermark: 104, end: 121 });
  expect(found).toEqual([]);
  next({ highWatermark: 106 });
  expect(found).toEqual([expect.stringMatching(/^P7 follower 1 has 106 .* no leader has shown more than 100$/)]);
});

test('a leader may commit in the event that ends its lead, which is then looked at once, as a follower', () => {
  const { found, life } = watched();
  const deposed = life(2);
  deposed({ highWatermark: 100, epoch: 5 });
  deposed({ highWatermark: 103 });
  const other = life(3);
  other({ highWatermark: 100 });
  other({ highWatermark: 103 });
  expect(found).toEqual([]);
  deposed({ highWatermark: 104 });
  expect(found).toEqual([expect.stringMatching(/^P7 follower 2 has 104 .* no leader has shown more than 103$/)]);
});

test('a high watermark never goes back within an epoch of one life', () => {
  const { found, life } = watched();
  const leader = life(2);
  leader({ highWatermark: 100, epoch: 5 });
  leader({ highWatermark: 110, epoch: 5 });
  life(2)({ highWatermark: 105, epoch: 6 });
  expect(found.filter((text) => text.startsWith('P7'))).toEqual([]);
  leader({ highWatermark: 110, epoch: 5 });
  leader({ highWatermark: 109, epoch: 5 });
  expect(found).toContain('P7 the high watermark of orders-0 on broker 2 went from 110 back to 109 within epoch 5');
});
