import { expect, test } from 'vitest';
import type { Broker } from '../../core/broker/index.ts';
import type { PartitionImage } from '../../core/controller/image.ts';
import { ControlEvents } from './control-events.ts';

type Listener = Parameters<Broker['metadataNode']['metadata']['addListener']>[0];
type Change = Pick<PartitionImage, 'leader' | 'leaderEpoch' | 'isr' | 'recoveryState'> &
  Partial<Pick<PartitionImage, 'topicId' | 'partition' | 'partitionEpoch'>> & {
    /** Of the metadata log, 1 where it is not given. */
    readonly epoch?: number;
  };

/** What brokers tell of a topic of two partitions, change by change. */
function told(...changes: readonly Change[]): ControlEvents {
  const partitions = [0, 1].map((partition) => ({ topic: 'orders', partition }));
  const events = new ControlEvents(partitions, () => 0);
  const listeners: Listener[] = [];
  const metadata = { addListener: (listener: Listener) => listeners.push(listener) };
  events.listen({ metadataNode: { metadata } } as unknown as Broker);
  changes.forEach(({ epoch = 1, ...change }, partitionEpoch) => {
    const partition = { topic: 'orders', topicId: 'first', partition: 0, elr: [], partitionEpoch, ...change };
    const image = { epoch, topicsByName: new Map([['orders', { id: partition.topicId, partitions: [partition] }]]) };
    const delta = { topicsChanged: new Set(['orders']), brokersChanged: new Set() };
    for (const listener of listeners) listener.metadataChanged(delta as never, image as never);
  });
  return events;
}

const first: Change = { leader: 3, leaderEpoch: 1, isr: [3], recoveryState: 0 };
const leaders = (events: ControlEvents, of = 0): number[] =>
  events.events.filter(({ partition }) => partition === of).map(({ leader }) => leader);

test('a leader from outside of the in-sync replicas is one though the moment without a leader was not seen', () => {
  const missed = told(first, { leader: 3, leaderEpoch: 3, isr: [3], recoveryState: 1 });
  expect(missed.events.map(({ unclean }) => unclean)).toEqual([false, true]);
  expect(missed.uncleanElections).toBe(1);
  const seen = told(
    first,
    { leader: -1, leaderEpoch: 2, isr: [], recoveryState: 0 },
    { leader: 3, leaderEpoch: 3, isr: [3], recoveryState: 1 },
    { leader: 3, leaderEpoch: 3, isr: [3, 2], recoveryState: 0 },
  );
  expect(seen.events.map(({ unclean }) => unclean)).toEqual([false, false, true, false]);
});

test('a leader from the in-sync replicas is none, whatever its epoch', () => {
  const clean = told(first, { leader: 3, leaderEpoch: 3, isr: [3], recoveryState: 0 });
  expect(clean.events.map(({ unclean }) => unclean)).toEqual([false, false]);
});

test('what another broker has told already is no news, whenever it reads it', () => {
  const second = { ...first, leader: 2, leaderEpoch: 2, isr: [2, 3], partitionEpoch: 5, epoch: 2 };
  const events = told(first, second, { ...first, partitionEpoch: 0 }, { ...second, epoch: 3 });
  expect(leaders(events)).toEqual([3, 2]);
});

test('metadata that went back is told, under the later epoch that it went back in', () => {
  const kept = { ...first, isr: [3, 2] };
  const lost = { ...kept, leader: 2, leaderEpoch: 2, isr: [2], partitionEpoch: 5 };
  const events = told(kept, lost, { ...first, leader: 1, partitionEpoch: 3, epoch: 2 });
  expect(leaders(events)).toEqual([3, 2, 1]);
  expect(events.events.map(({ forgotten }) => forgotten)).toEqual([undefined, undefined, true]);
  // It is another's past: nobody was elected from outside of what held then.
  expect(events.uncleanElections).toBe(0);
  expect(leaders(told(kept, lost, { ...first, leader: 1, partitionEpoch: 3 }))).toEqual([3, 2]);
});

test('a topic that was made anew is another one, whose partition epochs begin again', () => {
  const anew = { ...first, topicId: 'second', leader: 1, isr: [1], partitionEpoch: 0 };
  const old = { ...first, leader: 2, partitionEpoch: 4 };
  const events = told({ ...first, partitionEpoch: 3 }, anew, old, { ...anew, leader: 2, partitionEpoch: 1 });
  expect(leaders(events)).toEqual([3, 1, 2]);
  expect(events.events.map(({ forgotten }) => forgotten)).toEqual([undefined, true, undefined]);
  expect(events.newest(0)).toMatchObject({ topicId: 'second', leader: 2 });
  // Those who have it under its old name again are followed where they won.
  expect(leaders(told({ ...first, partitionEpoch: 3 }, anew, { ...old, epoch: 2 }))).toEqual([3, 1, 2]);
});

test('a partition that its topic lacks since it was made anew is gone', () => {
  const other = { ...first, partition: 1 };
  const made = told(first, other);
  expect([made.isGone(0), made.isGone(1)]).toEqual([false, false]);
  const anew = { ...first, topicId: 'second', partitionEpoch: 0 };
  const events = told(first, other, anew, other, anew);
  expect([events.isGone(0), events.isGone(1)]).toEqual([false, true]);
  expect(leaders(events, 1)).toEqual([3, -1]);
  expect(events.newest(1)).toBeNull();
  expect(told(first).isGone(1)).toBe(false);
});
