import { expect, test } from 'vitest';
import type { Broker } from '../../core/broker/index.ts';
import type { PartitionImage } from '../../core/controller/image.ts';
import { ControlEvents } from './control-events.ts';

type Listener = Parameters<Broker['metadataNode']['metadata']['addListener']>[0];
type Change = Pick<PartitionImage, 'leader' | 'leaderEpoch' | 'isr' | 'recoveryState'>;

/** What a broker tells of a partition, change by change. */
function told(...changes: readonly Change[]): ControlEvents {
  const events = new ControlEvents({ actors: [], partitions: [{ topic: 'orders', partition: 0 }] }, () => 0);
  const listeners: Listener[] = [];
  const metadata = { addListener: (listener: Listener) => listeners.push(listener) };
  events.listen({ metadataNode: { metadata } } as unknown as Broker);
  changes.forEach((change, partitionEpoch) => {
    const partition = { topic: 'orders', partition: 0, elr: [], partitionEpoch, ...change };
    const image = { topicsByName: new Map([['orders', { partitions: [partition] }]]) };
    const delta = { topicsChanged: new Set(['orders']) };
    for (const listener of listeners) listener.metadataChanged(delta as never, image as never);
  });
  return events;
}

const first: Change = { leader: 3, leaderEpoch: 1, isr: [3], recoveryState: 0 };

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
