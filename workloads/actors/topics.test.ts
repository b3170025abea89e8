import { describe, expect, test } from 'vitest';
import { parseWorkload } from '../parse.ts';
import { withSuffix } from '../topic-suffix.ts';
import type { AdminDriver } from './driver.ts';
import type { Environment } from './environment.ts';
import { deleteTopics, provideTopics, type TopicsMode } from './topics.ts';

const FILE =
  'topics: [{ name: t, partitions: 2, replicationFactor: 3 }, { name: many, count: 2, replicationFactor: 1 }]\ncluster: { brokers: 3 }\nproducers: [{ topic: t, rate: 5/s }]\nconsumers: [{ topic: t }, { topic: many, group: none }]\n';

function workload() {
  const parsed = parseWorkload(FILE, { file: 'w.yaml' });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  return parsed.workload;
}

interface Scripted {
  /** Error codes for the topic t, one a request. */
  readonly codes?: number[];
  readonly existing?: Record<string, { partitions: number; records: number }>;
  readonly brokers?: number | null;
}

/** A cluster that answers by a script; the clock moves a second with every look. */
function cluster({ codes = [], existing = {}, brokers = 3 }: Scripted) {
  const asked: string[][] = [];
  const deleted: string[] = [];
  const problems: string[] = [];
  const admin: AdminDriver = {
    createTopics: async (topics) => {
      asked.push(topics.map(({ name }) => name));
      const code = codes.shift() ?? 0;
      return topics.map(({ name }) => ({
        topic: name,
        errorCode: name === 't' ? code : 0,
        message: name === 't' && code !== 0 ? 'the broker says so' : '',
      }));
    },
    deleteTopics: async (names) => {
      deleted.push(...names);
    },
    logBounds: async (partitions) => partitions.map(({ topic }) => ({ start: 7, end: 7 + existing[topic]!.records })),
    partitionCounts: async (names) => names.map((name) => existing[name]?.partitions ?? null),
    brokerCount: async () => brokers,
    committed: async () => null,
    close: async () => {},
  };
  let seconds = 0;
  const environment = {
    workload: workload(),
    driver: { admin: () => admin },
    runtime: { clock: { monotonicNs: () => seconds++ * 1e9 }, timers: { sleep: async () => {} } },
    problem: (text: string) => problems.push(text),
  } as unknown as Environment;
  return { asked, deleted, provide: (mode: TopicsMode) => provideTopics(environment, mode), environment };
}

describe('the topics of a run', () => {
  test('what passes is asked again, what does not fails at once, with the words of the broker and what would be right', async () => {
    const passing = cluster({ codes: [-1, 41, 0] });
    expect(await passing.provide('shared')).toEqual(['t', 'many-0', 'many-1']);
    expect(passing.asked).toEqual([['t', 'many-0', 'many-1'], ['t'], ['t']]);

    const factor = cluster({ codes: [38, 38], brokers: 1 });
    await expect(factor.provide('shared')).rejects.toThrow(
      'topic t could not be created (error 38): the broker says so; the cluster has 1 broker: --set topics[0].replicationFactor=1',
    );
    expect(factor.asked).toHaveLength(1);
    await expect(cluster({ codes: [29] }).provide('shared')).rejects.toThrow('--existing-topics');
    await expect(cluster({ codes: [40] }).provide('shared')).rejects.toThrow('topics[0].config');
    // On a cluster of our own brokers may still be registering.
    expect(await cluster({ codes: [38, 0] }).provide('own')).toContain('t');
    await expect(cluster({ codes: new Array(60).fill(7) }).provide('own')).rejects.toThrow('error 7');
  });

  test('a topic of somebody else is refused, unless a lost answer may have made it ours', async () => {
    await expect(cluster({ codes: [36] }).provide('shared')).rejects.toThrow('exists on the cluster already');
    expect(await cluster({ codes: [-1, 36] }).provide('shared')).toContain('t');
    expect(await cluster({ codes: [36] }).provide('own')).toContain('t');
  });

  test('existing topics are used when they are empty and as the file says, the others made; only those are deleted', async () => {
    const empty = cluster({ existing: { t: { partitions: 2, records: 0 } } });
    const made = await empty.provide('existing');
    expect(made).toEqual(['many-0', 'many-1']);
    await deleteTopics(empty.environment, made);
    expect(empty.deleted).toEqual(['many-0', 'many-1']);
    const all = {
      t: { partitions: 2, records: 0 },
      'many-0': { partitions: 1, records: 0 },
      'many-1': { partitions: 1, records: 0 },
    };
    const none = cluster({ existing: all });
    expect(await none.provide('existing')).toEqual([]);
    expect(none.asked).toEqual([]);
    await deleteTopics(none.environment, []);
    expect(none.deleted).toEqual([]);
    await expect(cluster({ existing: { t: { partitions: 6, records: 0 } } }).provide('existing')).rejects.toThrow(
      'topic t has 6 partitions, the workload says 2: --set topics[0].partitions=6',
    );
    await expect(cluster({ existing: { t: { partitions: 2, records: 9 } } }).provide('existing')).rejects.toThrow(
      'partition 0 of topic t holds 9 records',
    );
  });
});

test('a suffix gives a run topics and groups of its own, and the same load', () => {
  const { topics, producers, consumers, ...rest } = withSuffix(workload(), 'x1');
  expect(topics.map(({ name }) => name)).toEqual(['t-x1', 'many-x1']);
  expect(producers.map(({ topic }) => topic)).toEqual(['t-x1']);
  expect(consumers.map(({ topic, group }) => [topic, group])).toEqual([
    ['t-x1', 't-readers-x1'],
    ['many-x1', null],
  ]);
  expect(rest).toEqual((({ topics: _t, producers: _p, consumers: _c, ...others }) => others)(workload()));
});
