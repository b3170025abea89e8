import { expect, test } from 'vitest';
import { EVENT } from '../history.ts';
import { parseWorkload } from '../parse.ts';
import { audit } from './auditor.ts';
import type { ConsumerDriver, LogBounds, PolledBatch, TopicPartition } from './driver.ts';
import type { Environment } from './environment.ts';
import { rosterOf } from './roster.ts';

const FILE = 'topics: [{ name: t, partitions: 3 }]\nproducers: [{ topic: t, rate: 5/s }]\n';
const STALL_MS = 3000;

/** Audits a cluster that tells these bounds of its partitions; the clock moves with every wait. */
async function audited(bounds: readonly (LogBounds | null)[]) {
  const parsed = parseWorkload(FILE, { file: 'w.yaml' });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  const { workload } = parsed;
  const events: { kind: number; partition: number }[] = [];
  let nowMs = 0;
  const wait = (ms: number): void => {
    nowMs += ms;
  };
  const reader = (partitions: readonly TopicPartition[]): ConsumerDriver => {
    const left = partitions.map(({ partition }) => partition);
    return {
      start: async () => {},
      close: async () => {},
      poll: async (): Promise<readonly PolledBatch[]> => {
        const partition = left.shift();
        wait(100);
        return partition === undefined ? [] : [batchOf(partition, bounds[partition]!)];
      },
    } as unknown as ConsumerDriver;
  };
  const environment = {
    workload,
    roster: rosterOf(workload),
    history: {
      write: (kind: number, _timeNs: number, _actor: number, partition: number) =>
        void events.push({ kind, partition }),
      flush: () => {},
    },
    runtime: { timers: { sleep: async (ms: number) => wait(ms) } },
    driver: {
      admin: () => ({
        logBounds: async (asked: readonly TopicPartition[]) => asked.map(({ partition }) => bounds[partition]!),
        close: async () => {},
      }),
      consumer: (_id: string, { partitions }: { partitions: readonly TopicPartition[] }) => reader(partitions),
    },
    run: 1,
    now: () => nowMs * 1e6,
    problem: () => {},
  } as unknown as Environment;
  const end = await audit(environment, STALL_MS);
  const of = (kind: number) => events.filter((event) => event.kind === kind).map(({ partition }) => partition);
  return { end, ends: of(EVENT.logEnd), reads: of(EVENT.read) };
}

/** All records of a partition, as one batch. */
function batchOf(partition: number, { start, end }: LogBounds): PolledBatch {
  let offset = start - 1;
  const batch = {
    topic: 't',
    partition,
    fromOffset: start,
    toOffset: end,
    gaps: [],
    leaderEpoch: 1,
    next: () => ++offset < end,
    header: () => null,
    bytes: new Uint8Array(0),
    valueAt: 0,
    valueLength: -1,
    get offset() {
      return offset;
    },
  };
  return batch as unknown as PolledBatch;
}

test('a partition that nobody tells the end of is left out of the audit, which goes on with the others', async () => {
  const { end, ends, reads } = await audited([{ start: 0, end: 2 }, null, { start: 5, end: 6 }]);
  expect(end).toMatchObject({ complete: false, reason: 'nobody told where t-1 ends', records: 3 });
  expect(ends).toEqual([0, 2]);
  expect(reads).toEqual([0, 0, 2]);
});

test('an audit of which everything is told is complete; one of which nothing is says how much is missing', async () => {
  const empty = { start: 0, end: 0 };
  expect((await audited([empty, { start: 0, end: 1 }, empty])).end).toMatchObject({ complete: true, records: 1 });
  const { end, ends } = await audited([null, null, null]);
  expect(end).toMatchObject({ complete: false, reason: 'nobody told where t-0 ends, nor of 2 more', records: 0 });
  expect(ends).toEqual([]);
});
