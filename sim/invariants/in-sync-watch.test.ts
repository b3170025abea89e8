import { expect, test } from 'vitest';
import type { PartitionImage } from '../../core/controller/image.ts';
import { LeaderState } from '../../core/replication/leader-state.ts';
import { InSyncWatch, type Member } from './in-sync-watch.ts';
import type { PartitionWatch } from './partition-watch.ts';

const IMAGE = {
  topic: 'orders',
  partition: 0,
  replicas: [1, 2, 3],
  isr: [1, 2],
  elr: [],
  leader: 1,
  leaderEpoch: 4,
  partitionEpoch: 7,
  recoveryState: 0,
} as unknown as PartitionImage;

/** A partition whose leader, broker 1, has shown 100 records of epoch 4. */
function watched(minInsyncReplicas = 2): {
  readonly look: (image?: Partial<PartitionImage>) => string[];
  readonly leader: LeaderState;
  readonly log: (broker: number, end: number, epoch?: number) => void;
} {
  const sentences: string[] = [];
  const members = new Map<number, Member>();
  const shown = { revision: 0, exposed: 100, committed: [{ epoch: 4, startOffset: 0 }], newestEpoch: 4 };
  const leader = new LeaderState(IMAGE, 1, 0, 0);
  const log = (broker: number, end: number, epoch = 4): void => {
    const own = { logStartOffset: 0, logEndOffset: end, highWatermark: end, epochStarts: [{ epoch, startOffset: 0 }] };
    const settings = { minInsyncReplicas };
    members.set(broker, { log: own, leader: broker === 1 ? leader : null, settings } as unknown as Member);
    shown.revision++;
  };
  log(1, 100);
  log(2, 100);
  const watch = new InSyncWatch({
    index: 0,
    name: 'orders-0',
    findings: { checked: () => {}, violated: (_rule, _partition, sentence) => sentences.push(sentence) },
    partition: shown as unknown as PartitionWatch,
    member: (id) => members.get(id) ?? null,
    excused: (id) => id === 3,
  });
  return {
    look: (image) => {
      watch.look(image === undefined ? IMAGE : { ...IMAGE, ...image });
      return sentences;
    },
    leader,
    log,
  };
}

test('in-sync replicas that have all pass, and so does one that is not running', () => {
  const { look, log } = watched();
  expect(look()).toEqual([]);
  log(2, 120);
  expect(look()).toEqual([]);
  expect(watched().look({ elr: [9] })).toEqual([]);
});

test('one that ends below what was shown is told once, unless a fault may have taken it', () => {
  const { look, log, leader } = watched();
  log(2, 99);
  look();
  log(2, 98);
  expect(look()).toEqual([expect.stringContaining('broker 2 is one of the in-sync replicas of orders-0 in epoch 4')]);
  const excused = watched();
  excused.log(3, 5);
  excused.leader.isr = [1, 2, 3];
  expect(excused.look({ isr: [1, 2, 3] })).toEqual([]);
  expect(leader.isr).toEqual([1, 2]);
});

test('one with records of another epoch is told, and so is an eligible one', () => {
  const { look, log } = watched();
  log(2, 100, 3);
  expect(look({ isr: [1], elr: [2] })).toEqual([expect.stringContaining('has other records from offset 0 on')]);
});

test('a leader waits for every replica that may be elected', () => {
  const { look, leader } = watched();
  leader.isr = [1];
  expect(look()).toEqual([expect.stringContaining('broker 1, does not wait for it')]);
  const proposing = watched();
  proposing.leader.isr = [1];
  proposing.leader.change = { kind: 'expand', replicaId: 2, proposed: [1, 2] };
  expect(proposing.look()).toEqual([]);
  // What the leader knows is newer than the metadata that were seen.
  const ahead = watched();
  ahead.leader.isr = [1];
  ahead.leader.partitionEpoch = 8;
  expect(ahead.look()).toEqual([]);
});

test('below min.insync.replicas the high watermark stands', () => {
  const { look, leader, log } = watched(2);
  leader.isr = [1];
  look({ isr: [1] });
  log(1, 101);
  expect(look({ isr: [1] })).toEqual([expect.stringContaining('from 100 to 101 with 1 in-sync replicas')]);
  const enough = watched(1);
  enough.leader.isr = [1];
  enough.look({ isr: [1] });
  enough.log(1, 101);
  expect(enough.look({ isr: [1] })).toEqual([]);
});
